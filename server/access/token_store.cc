#include "server/access/token_store.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/constant_time.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "server/documents.h"
#include "server/resource_name.h"

namespace cdi::server {
namespace {

using ingest::Resource;
using ingest::ResourceChange;
using ingest::ResourceKind;

constexpr std::string_view kPrefix = "cdi_";
constexpr size_t kSecretLength = 47;  // the prefix and 43 characters for 32 bytes
constexpr size_t kDisplayNameMax = 200;
constexpr size_t kReasonBytesMax = 300;
constexpr int kScopesMax = 100;
constexpr int kTokensPerLook = 1000;
constexpr std::chrono::hours kLifeDefault{24 * 90};
constexpr std::chrono::hours kLifeMax{24 * 3650};
constexpr std::chrono::hours kUseNotedEvery{24};

Role RoleOf(v1::Role role) {
  switch (role) {
    case v1::VIEWER:
      return Role::kViewer;
    case v1::OPERATOR:
      return Role::kOperator;
    case v1::ADMIN:
      return Role::kAdmin;
    default:
      return Role::kNone;
  }
}

absl::Status CheckWanted(const v1::Token& wanted, const Timestamp& now) {
  if (wanted.role() == v1::ROLE_UNSPECIFIED) {
    return InvalidField("token.role", "role is missing: VIEWER, OPERATOR or ADMIN");
  }
  if (RoleOf(wanted.role()) == Role::kNone) {
    return InvalidField("token.role",
                        absl::StrCat("role must be VIEWER, OPERATOR or ADMIN; got ", static_cast<int>(wanted.role())));
  }
  if (wanted.display_name().size() > kDisplayNameMax) {
    return InvalidField("token.display_name",
                        absl::StrCat("display_name must be at most 200 bytes; got ", wanted.display_name().size()));
  }
  if (wanted.scopes_size() > kScopesMax) {
    return InvalidField("token.scopes", absl::StrCat("scopes must be at most 100; got ", wanted.scopes_size()));
  }
  for (const std::string& scope : wanted.scopes()) CDI_RETURN_IF_ERROR(CheckScope(scope, "token.scopes"));
  if (!wanted.has_expire_time()) return absl::OkStatus();
  const Timestamp end = FromProto(wanted.expire_time());
  if (end > now && end <= now.Plus(kLifeMax)) return absl::OkStatus();
  return InvalidField("token.expire_time", "expire_time must lie ahead, by at most 3650 days");
}

// 256 bits of the system's generator.
Secret MakeSecret(Rng& rng) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) {
    const uint64_t word = rng.Next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  std::string text = absl::StrCat(std::string(kPrefix), absl::WebSafeBase64Escape(bytes));
  Secret secret(text);
  WipeString(bytes);
  WipeString(text);
  return secret;
}

}  // namespace

absl::StatusOr<v1::Token> TokenStore::ViewOf(const Resource& resource) const {
  state::v1::TokenRecord record;
  if (!record.ParseFromString(resource.document)) {
    return MakeError(
        absl::StatusCode::kDataLoss, "STATE_DAMAGED",
        absl::StrCat("the stored document of ", resource.name, " cannot be read: restore the state directory"));
  }
  v1::Token token = std::move(*record.mutable_token());
  token.set_name(resource.name);
  *token.mutable_create_time() = ToProto(resource.create_time);
  const bool expired = FromProto(token.expire_time()) <= clock_.WallNow();
  token.set_state(token.has_revoke_time() ? v1::Token::REVOKED : expired ? v1::Token::EXPIRED : v1::Token::ACTIVE);
  return token;
}

absl::Status TokenStore::Remember(const Resource& resource) {
  CDI_ASSIGN_OR_RETURN(const v1::Token token, ViewOf(resource));
  state::v1::TokenRecord record;
  record.ParseFromString(resource.document);
  Entry entry;
  entry.name = resource.name;
  entry.hash = record.secret_hash();
  entry.principal = {resource.name, RoleOf(token.role()), {token.scopes().begin(), token.scopes().end()}};
  entry.expire_time = FromProto(token.expire_time());
  entry.revoked = token.has_revoke_time();
  if (token.has_last_use_time()) entry.last_use_time = FromProto(token.last_use_time());
  const MutexLock lock(mutex_);
  const auto known =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.name == entry.name; });
  if (known == entries_.end()) {
    entries_.push_back(std::move(entry));
  } else {
    // Two changes may come here in another order than they were stored; a revoked token stays one.
    entry.revoked = entry.revoked || known->revoked;
    *known = std::move(entry);
  }
  return absl::OkStatus();
}

absl::Status TokenStore::Load() {
  std::string after;
  do {
    CDI_ASSIGN_OR_RETURN(const auto page, store_.ListResources(ResourceKind::kToken, after, kTokensPerLook));
    for (const Resource& resource : page.items) CDI_RETURN_IF_ERROR(Remember(resource));
    after = page.next;
  } while (!after.empty());
  return absl::OkStatus();
}

absl::StatusOr<TokenStore::Made> TokenStore::Create(const std::string& id, const v1::Token& wanted,
                                                    const std::string& creator) {
  const Timestamp now = clock_.WallNow();
  CDI_RETURN_IF_ERROR(CheckWanted(wanted, now));
  CDI_ASSIGN_OR_RETURN(const std::string chosen, ChosenOrMadeId(id, "t", rng_, "token_id"));
  Made made;
  made.secret = MakeSecret(rng_);
  state::v1::TokenRecord record;
  record.set_secret_hash(Sha256(made.secret.Expose()));
  v1::Token& token = *record.mutable_token();
  token.set_display_name(wanted.display_name());
  token.set_role(wanted.role());
  *token.mutable_scopes() = wanted.scopes();
  *token.mutable_expire_time() = wanted.has_expire_time() ? wanted.expire_time() : ToProto(now.Plus(kLifeDefault));
  token.set_creator(creator);
  ResourceChange change;
  change.op = ResourceChange::Op::kCreate;
  change.kind = ResourceKind::kToken;
  change.name = absl::StrCat(std::string(kTokenCollection), chosen);
  change.document = record.SerializeAsString();
  change.caller = creator;
  change.verb = "CreateToken";
  const absl::StatusOr<Resource> created = store_.Apply(change);
  if (ErrorReason(created.status()) == "RESOURCE_EXISTS") {
    return MakeError(absl::StatusCode::kAlreadyExists, "RESOURCE_EXISTS",
                     absl::StrCat(change.name, " exists already; choose another id: a token is never changed, and the ",
                                  "id of a revoked one stays taken"));
  }
  CDI_RETURN_IF_ERROR(created.status());
  CDI_RETURN_IF_ERROR(Remember(*created));
  CDI_ASSIGN_OR_RETURN(made.token, ViewOf(*created));
  return made;
}

absl::StatusOr<v1::Token> TokenStore::Get(const std::string& name) {
  CDI_RETURN_IF_ERROR(CheckName(name, "tokens/*", "name"));
  CDI_ASSIGN_OR_RETURN(const Resource resource, store_.GetResource(ResourceKind::kToken, name));
  return ViewOf(resource);
}

absl::StatusOr<ingest::PageOf<v1::Token>> TokenStore::List(const std::string& after, int limit) {
  CDI_ASSIGN_OR_RETURN(const auto stored, store_.ListResources(ResourceKind::kToken, after, limit));
  ingest::PageOf<v1::Token> page;
  page.next = stored.next;
  for (const Resource& resource : stored.items) {
    CDI_ASSIGN_OR_RETURN(v1::Token token, ViewOf(resource));
    page.items.push_back(std::move(token));
  }
  return page;
}

absl::StatusOr<v1::Token> TokenStore::Revoke(const std::string& name, const std::string& reason,
                                             const std::string& caller) {
  CDI_RETURN_IF_ERROR(CheckName(name, "tokens/*", "name"));
  if (reason.empty()) return InvalidField("reason", "reason is empty; it is kept with the token");
  if (reason.size() > kReasonBytesMax) {
    return InvalidField("reason",
                        absl::StrCat("reason must be at most ", kReasonBytesMax, " bytes; got ", reason.size()));
  }
  CDI_ASSIGN_OR_RETURN(const Resource stored, store_.GetResource(ResourceKind::kToken, name));
  CDI_ASSIGN_OR_RETURN(v1::Token token, ViewOf(stored));
  if (token.has_revoke_time()) return token;
  state::v1::TokenRecord record;
  record.ParseFromString(stored.document);
  *record.mutable_token()->mutable_revoke_time() = ToProto(clock_.WallNow());
  record.mutable_token()->set_revoke_reason(reason);
  ResourceChange change;
  change.op = ResourceChange::Op::kUpdate;
  change.kind = ResourceKind::kToken;
  change.name = name;
  change.document = record.SerializeAsString();
  // Any version: whatever else changed meanwhile, it ends now.
  change.caller = caller;
  change.verb = "RevokeToken";
  CDI_ASSIGN_OR_RETURN(const Resource revoked, store_.Apply(change));
  CDI_RETURN_IF_ERROR(Remember(revoked));
  return ViewOf(revoked);
}

absl::Status TokenStore::CheckLife(const Entry& entry) const {
  if (entry.revoked) {
    return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_REVOKED",
                     "the token was revoked: have an admin make another", {{"token", entry.name}});
  }
  if (entry.expire_time <= clock_.WallNow()) {
    return MakeError(
        absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED",
        absl::StrCat("the token expired at ", entry.expire_time.ToString(), ": have an admin make another"),
        {{"token", entry.name}});
  }
  return absl::OkStatus();
}

absl::StatusOr<Principal> TokenStore::Check(std::string_view secret) {
  const Timestamp now = clock_.WallNow();
  Principal principal;
  bool note_use = false;
  {
    const std::string hash = Sha256(secret);
    const MutexLock lock(mutex_);
    Entry* found = nullptr;
    for (Entry& entry : entries_) {  // to the end: how far it goes would tell who it is
      if (EqualInConstantTime(entry.hash, hash)) found = &entry;
    }
    if (found == nullptr || secret.size() != kSecretLength) {
      return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID",
                       "the token of this call is not one of this server: check the token file, or have an admin make "
                       "another");
    }
    CDI_RETURN_IF_ERROR(CheckLife(*found));
    note_use = !found->last_use_time || found->last_use_time->Plus(kUseNotedEvery) <= now;
    if (note_use) found->last_use_time = now;
    principal = found->principal;
  }
  if (note_use) NoteUse(principal.name, now);
  return principal;
}

absl::Status TokenStore::Recheck(const std::string& name) {
  const MutexLock lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.name == name) return CheckLife(entry);
  }
  return MakeError(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID", "the token is gone");
}

void TokenStore::NoteUse(const std::string& name, const Timestamp& now) {
  const auto stored = store_.GetResource(ResourceKind::kToken, name);
  if (!stored.ok()) return;
  state::v1::TokenRecord record;
  if (!record.ParseFromString(stored->document)) return;
  *record.mutable_token()->mutable_last_use_time() = ToProto(now);
  ResourceChange change;
  change.op = ResourceChange::Op::kUpdate;
  change.kind = ResourceKind::kToken;
  change.name = name;
  change.document = record.SerializeAsString();
  change.expected_version =
      stored->version;  // a change meanwhile (it may be its end) goes first; tomorrow is a day too
  change.caller = name;
  change.verb = "UseToken";
  (void)store_.Apply(change);
}

}  // namespace cdi::server
