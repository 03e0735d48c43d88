#include "tests/snowflake_mock/server/http/fault_book.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace cdi::snowflake_mock {
namespace {

constexpr size_t kFaultsMax = 1000;
constexpr size_t kSeenMax = 10'000;

bool ContainsIgnoringCase(const std::string& text, const std::string& part) {
  return absl::StrContains(absl::AsciiStrToUpper(text), absl::AsciiStrToUpper(part));
}

// Errors and delays of a statement strike where it runs, everything else where its request is answered.
bool StrikesRunning(const Fault& fault) {
  return fault.route == "query" && (fault.kind == Fault::Kind::kError || fault.kind == Fault::Kind::kDelay);
}

bool StrikesRoute(const Fault& fault, const std::string& route) {
  return fault.route == "any" || fault.route == route ||
         (fault.route == "statement" && (route == "query" || route == "result"));
}

bool Matches(const Fault& fault, const FaultTarget& target) {
  return fault.count != 0 && fault.after == target.after && StrikesRoute(fault, target.route) &&
         StrikesRunning(fault) == target.running &&
         (fault.user.empty() || absl::EqualsIgnoreCase(fault.user, target.user)) &&
         (fault.tag.empty() || fault.tag == target.tag) &&
         (fault.sql.empty() || ContainsIgnoringCase(target.sql, fault.sql)) &&
         (fault.request_id.empty() || fault.request_id == target.request_id) &&
         (fault.session_id == 0 || fault.session_id == target.session_id);
}

}  // namespace

int64_t FaultBook::Add(Fault fault) {
  const std::lock_guard lock(mutex_);
  if (!fault.name.empty()) std::erase_if(faults_, [&](const Fault& one) { return one.name == fault.name; });
  std::erase_if(faults_, [](const Fault& one) { return one.count == 0; });
  if (faults_.size() >= kFaultsMax) faults_.erase(faults_.begin());
  fault.id = next_id_++;
  faults_.push_back(std::move(fault));
  return faults_.back().id;
}

std::vector<Fault> FaultBook::List() {
  const std::lock_guard lock(mutex_);
  return faults_;
}

bool FaultBook::Remove(int64_t id) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(faults_, [&](const Fault& one) { return one.id == id; }) > 0;
}

void FaultBook::RemoveNamed(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(faults_, [&](const Fault& one) { return one.name == name; });
}

void FaultBook::Clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

int64_t FaultBook::CountOf(const std::string& name) {
  const std::lock_guard lock(mutex_);
  for (const Fault& fault : faults_) {
    if (fault.name == name) return fault.count;
  }
  return 0;
}

std::vector<Fault> FaultBook::Take(const FaultTarget& target) {
  const std::lock_guard lock(mutex_);
  std::vector<Fault> taken;
  for (Fault& fault : faults_) {
    if (!Matches(fault, target)) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    if (fault.count > 0) --fault.count;
    ++fault.hits;
    taken.push_back(fault);
    // A fault that takes the reply away ends the matter: the next one waits for the next request.
    const bool replaces = fault.kind == Fault::Kind::kStatus || fault.kind == Fault::Kind::kReset ||
                          fault.kind == Fault::Kind::kHang || fault.kind == Fault::Kind::kError;
    if (replaces) break;
  }
  return taken;
}

absl::Status FaultBook::AddFromStatement(const std::string& sql, int64_t session_id, const std::string& request_id) {
  const std::vector<std::string> texts = FaultComments(sql);
  if (texts.empty()) return absl::OkStatus();
  {
    const std::lock_guard lock(mutex_);
    if (seen_requests_.size() > kSeenMax) seen_requests_.clear();
    if (!seen_requests_.insert(absl::StrCat(session_id, "/", request_id)).second) return absl::OkStatus();
  }
  for (const std::string& text : texts) {
    CDI_ASSIGN_OR_RETURN(Fault fault, ParseFaultText(text));
    fault.session_id = session_id;
    fault.request_id = request_id;
    Add(std::move(fault));
  }
  return absl::OkStatus();
}

absl::Status FaultBook::SetForSession(int64_t session_id, const std::string& text) {
  const std::string name = absl::StrCat("session ", session_id);
  RemoveNamed(name);
  if (text.empty()) return absl::OkStatus();
  CDI_ASSIGN_OR_RETURN(Fault fault, ParseFaultText(text));
  fault.session_id = session_id;
  fault.name = name;
  Add(std::move(fault));
  return absl::OkStatus();
}

}  // namespace cdi::snowflake_mock
