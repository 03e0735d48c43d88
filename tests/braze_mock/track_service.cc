#include "tests/braze_mock/track_service.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr uint64_t kPageDefault = 1000;

HttpReply JsonReply(int status, std::string body) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

HttpReply MessageReply(int status, std::string_view message) {
  return JsonReply(status, Join({"{\"message\":", JsonQuote(message), "}"}));
}

HttpReply HtmlReply(int status, std::string_view text) {
  HttpReply reply = JsonReply(status, Join({"<html><body><h1>", text, "</h1></body></html>"}));
  reply.content_type = "text/html";
  return reply;
}

std::optional<TrackEndpoint> EndpointOf(std::string_view path) {
  if (path == "/users/track") return TrackEndpoint::kTrack;
  if (path == "/users/track/bulk") return TrackEndpoint::kBulk;
  if (path == "/users/track/sync") return TrackEndpoint::kSync;
  return std::nullopt;
}

std::string_view KeyIn(std::string_view authorization) {
  return authorization.substr(0, kBearer.size()) == kBearer ? authorization.substr(kBearer.size()) : "";
}

bool IsJson(std::string_view content_type) {
  constexpr std::string_view kJson = "application/json";
  return content_type.substr(0, kJson.size()) == kJson &&
         (content_type.size() == kJson.size() || content_type[kJson.size()] == ';' ||
          content_type[kJson.size()] == ' ');
}

bool Holds(const std::vector<std::string>& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

int64_t Milliseconds(const Timestamp& time) {
  return time.seconds * 1000 + time.nanos / 1'000'000;
}

}  // namespace

struct TrackService::Course {
  Timestamp now;
  TrackEndpoint endpoint = TrackEndpoint::kTrack;
  std::optional<Fault> fault;
  std::vector<UserKey> users;  // counted as in flight
};

TrackService::TrackService(ServerOptions& options, const Clock& clock)
    : api_keys_(options.api_keys),
      denied_api_keys_(options.denied_api_keys),
      latency_(options.latency),
      rate_limit_(options.rate_limit),
      ledger_mode_(options.ledger),
      switches_(options.switches),
      clock_(clock),
      model_(options.switches),
      ledger_(options.ledger),
      limiter_(options.rate_limit) {}

std::optional<HttpReply> TrackService::OnHeaders() {
  const std::lock_guard lock(mutex_);
  const int64_t now_ms = Milliseconds(clock_.WallNow());
  stats_.Enter(now_ms);
  const auto fault = faults_.HitBeforeBody();
  if (!fault) return std::nullopt;
  stats_.CountFault(Name(fault->kind));
  LedgerRequest entry;
  entry.arrival_ms = now_ms;
  entry.fault = Name(fault->kind);
  ledger_.Add(entry, {});
  HttpReply reply;
  reply.ending = fault->reset ? HttpReply::Ending::kReset : HttpReply::Ending::kClose;
  return reply;
}

void TrackService::OnDone(const HttpReply& reply) {
  const std::lock_guard lock(mutex_);
  const bool closed = reply.ending == HttpReply::Ending::kClose || reply.ending == HttpReply::Ending::kReset;
  stats_.CountReply(closed ? 0 : reply.status);
  stats_.Leave();
}

std::optional<HttpReply> TrackService::Refuse(const HttpRequest& request) const {
  const int permission_status = switches_.IsDefault(SwitchId::kPermissionStatus) ? 403 : 401;
  if (request.method != "POST" || !EndpointOf(request.path)) {
    const bool slashed = request.path.size() > 1 && request.path.back() == '/' &&
                         EndpointOf(request.path.substr(0, request.path.size() - 1));
    if (slashed) return MessageReply(permission_status, switches_.Text(SwitchId::kTextAccessDenied));
    return MessageReply(404, switches_.Text(SwitchId::kTextNotFound));
  }
  const std::string_view key = KeyIn(request.authorization);
  if (key.empty()) return MessageReply(401, switches_.Text(SwitchId::kTextMissingKey));
  if (Holds(denied_api_keys_, key)) {
    return MessageReply(permission_status, switches_.Text(SwitchId::kTextAccessDenied));
  }
  // Braze repeats the key it refuses; clients must not log such a body as it is.
  if (!Holds(api_keys_, key)) return MessageReply(401, Join({"Invalid API key: ", key}));
  if (!switches_.IsDefault(SwitchId::kAccount)) return MessageReply(403, switches_.Text(SwitchId::kTextForbidden));
  if (!IsJson(request.content_type)) return MessageReply(415, switches_.Text(SwitchId::kTextMediaType));
  return std::nullopt;
}

HttpReply TrackService::OnBody(const HttpRequest& request, std::string_view body) {
  Course course;
  HttpReply reply = Judge(course, request, body);
  if (!course.users.empty()) {
    // Before the reply leaves: a client that has its answer may send the same user again.
    const std::lock_guard lock(mutex_);
    stats_.LeaveUsers(course.users);
  }
  return reply;
}

HttpReply TrackService::Judge(Course& course, const HttpRequest& request, std::string_view body) {
  LedgerRequest entry;
  entry.body_hash = Hash128(body);
  entry.bytes = body.size();
  course.now = clock_.WallNow();
  entry.arrival_ms = Milliseconds(course.now);
  const auto refusal = Refuse(request);
  course.endpoint = EndpointOf(request.path).value_or(TrackEndpoint::kTrack);

  std::unique_lock lock(mutex_);
  stats_.CountBody(body.size());
  if (refusal) {
    entry.status = refusal->status;
    ledger_.Add(entry, {});
    return *refusal;
  }
  const RateLimiter::Decision decision = limiter_.Take(entry.arrival_ms);
  const HeaderList headers = limiter_.Headers(decision);
  if (!decision.allowed) {
    entry.status = 429;
    ledger_.Add(entry, {});
    return Throttled(headers);
  }
  if (!faults_.empty()) {
    if (faults_.NeedsUsers()) course.users = BrazeModel::UsersIn(body);
    course.fault = faults_.Hit(course.users);
    course.users.clear();
  }
  if (course.fault) {
    entry.fault = Name(course.fault->kind);
    stats_.CountFault(entry.fault);
    if (course.fault->kind == FaultKind::kLatency) {
      course.users = BrazeModel::UsersIn(body);
      stats_.EnterUsers(course.users);
      Wait(lock, std::chrono::milliseconds(course.fault->ms));
    }
  }
  HttpReply reply;
  reply.headers = headers;
  if (!course.fault || Applies(*course.fault)) {
    TrackReply track = model_.Track(body, course.now, course.endpoint);
    entry.objects = static_cast<uint32_t>(track.objects.size());
    reply.status = track.status;
    reply.body = std::move(track.body);
    stats_.CountObjects(track.objects);
    if (course.users.empty()) {
      course.users = UsersOf(track.objects);
      stats_.EnterUsers(course.users);
    }
    if (course.fault) reply = Spoil(*course.fault, std::move(reply), request);
    entry.status = reply.status;
    ledger_.Add(entry, track.objects);
  } else {
    reply = Spoil(*course.fault, std::move(reply), request);
    const bool closes = reply.ending != HttpReply::Ending::kWhole;
    entry.status = closes ? 0 : reply.status;
    ledger_.Add(entry, {});
  }
  Wait(lock, latency_);
  if (course.fault && course.fault->kind == FaultKind::kSlowReply) {
    Wait(lock, std::chrono::milliseconds(course.fault->ms));
  }
  return reply;
}

HttpReply TrackService::Throttled(HeaderList headers) const {
  HttpReply reply = MessageReply(429, switches_.Text(SwitchId::kTextRateLimited));
  const int style = switches_.Choice(SwitchId::kRateLimitBody);  // 0 json, 1 html, 2 empty
  if (style == 1) reply = HtmlReply(429, switches_.Text(SwitchId::kTextRateLimited));
  if (style == 2) reply.body.clear();
  reply.headers = std::move(headers);
  return reply;
}

HttpReply TrackService::Spoil(const Fault& fault, HttpReply reply, const HttpRequest& request) const {
  const auto answer = [&fault, &reply](HttpReply usual) {
    if (fault.status != 0) usual.status = fault.status;
    if (fault.body) usual.body = *fault.body;
    if (fault.html) usual.content_type = "text/html";
    if (usual.headers.empty()) usual.headers = std::move(reply.headers);
    return usual;
  };
  const HttpReply::Ending close = fault.reset ? HttpReply::Ending::kReset : HttpReply::Ending::kClose;
  switch (fault.kind) {
    case FaultKind::kStatus:
      return answer(fault.html ? HtmlReply(500, "Server error") : MessageReply(500, "Internal Server Error"));
    case FaultKind::kNonJson2xx:
      return answer(HtmlReply(200, "OK"));
    case FaultKind::kThrottle: {
      HttpReply throttled = answer(Throttled({}));
      RateLimiter::Decision decision{.allowed = false};
      decision.reset_seconds = fault.retry_after;
      decision.reset_epoch = clock_.WallNow().seconds + fault.retry_after;
      RateLimit limit = rate_limit_;
      limit.headers = fault.headers == "epoch" ? RateHeaders::kEpoch : RateHeaders::kSeconds;
      throttled.headers = fault.headers == "none" ? HeaderList{} : RateLimiter(limit).Headers(decision);
      return throttled;
    }
    case FaultKind::kAuth:
      return answer(MessageReply(401, Join({"Invalid API key: ", KeyIn(request.authorization)})));
    case FaultKind::kForbidden:
      return answer(MessageReply(403, switches_.Text(SwitchId::kTextAccessDenied)));
    case FaultKind::kRedirect: {
      HttpReply redirect = answer(HtmlReply(307, "Moved"));
      redirect.headers.emplace_back("Location", fault.location);
      return redirect;
    }
    case FaultKind::kTruncatedReply:
      reply.ending = HttpReply::Ending::kTruncated;
      return reply;
    case FaultKind::kCloseBeforeBodyRead:
    case FaultKind::kCloseBeforeApply:
    case FaultKind::kCloseAfterApply:
      reply.ending = close;
      return reply;
    case FaultKind::kLatency:
    case FaultKind::kSlowReply:
      break;
  }
  return reply;
}

void TrackService::Wait(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds time) {
  if (time.count() > 0) interrupted_.wait_for(lock, time, [this] { return stopping_; });
}

void TrackService::Interrupt() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  interrupted_.notify_all();
}

void TrackService::Reset() {
  model_.Reset();
  ledger_ = Ledger(ledger_mode_);
  faults_.Clear();
  limiter_ = RateLimiter(rate_limit_);
  stats_.Reset();
}

HttpReply TrackService::Control(std::string_view method, std::string_view path,
                                const std::vector<std::pair<std::string, std::string>>& query, std::string_view body) {
  const auto parameter = [&query](std::string_view name) -> std::string_view {
    for (const auto& [key, value] : query) {
      if (key == name) return value;
    }
    return {};
  };
  const uint64_t from = ReadNumber<uint64_t>(parameter("from")).value_or(1);
  const uint64_t limit = ReadNumber<uint64_t>(parameter("limit")).value_or(kPageDefault);
  const bool lines = parameter("format") == "lines";
  const auto listed = [lines](std::string text) {
    HttpReply reply = JsonReply(200, std::move(text));
    if (lines) reply.content_type = "application/x-ndjson";
    return reply;
  };
  const std::lock_guard lock(mutex_);
  if (method == "GET") {
    if (path == "health") return JsonReply(200, "{\"status\":\"ok\"}");
    if (path == "stats") return JsonReply(200, stats_.Json(model_.user_count()));
    if (path == "faults") return JsonReply(200, faults_.Json());
    if (path == "requests") return listed(ledger_.RequestsJson(from, limit, lines));
    if (path == "ledger") {
      if (parameter("summary") == "1") return JsonReply(200, ledger_.SummaryJson(limit));
      return listed(ledger_.ObjectsJson(from, limit, lines));
    }
    constexpr std::string_view kUsers = "users/";
    if (path.substr(0, kUsers.size()) == kUsers) {
      UserKey key{IdentifierKind::kExternalId, std::string(path.substr(kUsers.size()))};
      for (const auto kind :
           {IdentifierKind::kUserAlias, IdentifierKind::kBrazeId, IdentifierKind::kEmail, IdentifierKind::kPhone}) {
        if (parameter("kind") == Name(kind)) key.kind = kind;
      }
      auto profile = model_.UserJson(key);
      return profile ? JsonReply(200, *std::move(profile)) : MessageReply(404, "no such user");
    }
  }
  if (method == "POST" && path == "faults") {
    const absl::Status status = faults_.Replace(body);
    const std::string message(status.message());
    return status.ok() ? JsonReply(200, faults_.Json()) : MessageReply(400, message);
  }
  if (method == "POST" && path == "reset") {
    Reset();
    return JsonReply(200, "{\"status\":\"ok\"}");
  }
  return MessageReply(404, "no such control endpoint; docs/braze-mock.md lists them");
}

}  // namespace cdi::braze_mock
