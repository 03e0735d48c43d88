// Bearer tokens: stored as hashes, checked from memory.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/rng.h"
#include "base/secret.h"
#include "cdi/state/v1/token_record.pb.h"
#include "cdi/v1/access.pb.h"
#include "ingest/state_store.h"
#include "server/access/principal.h"

namespace cdi::server {

// Thread-safe. The only writer of tokens in its process, so its memory never lags behind the store.
class TokenStore {
 public:
  TokenStore(ingest::StateStore& store, const Clock& clock, Rng& rng) : store_(store), clock_(clock), rng_(rng) {}

  // Reads all tokens; call it once, before anything else.
  absl::Status Load();

  struct Made {
    v1::Token token;
    Secret secret;
  };
  // INVALID_FIELD, RESOURCE_EXISTS. `id` empty: made here.
  absl::StatusOr<Made> Create(const std::string& id, const v1::Token& wanted, const std::string& creator);
  // RESOURCE_NOT_FOUND.
  absl::StatusOr<v1::Token> Get(const std::string& name);
  absl::StatusOr<ingest::PageOf<v1::Token>> List(const std::string& after, int limit);
  absl::StatusOr<v1::Token> Revoke(const std::string& name, const std::string& reason, const std::string& caller);

  // The principal that `secret` belongs to. Takes the same time whether, and with how much, it agrees with a stored
  // one. UNAUTHENTICATED: TOKEN_INVALID; TOKEN_EXPIRED and TOKEN_REVOKED with the detail `token`, its name.
  absl::StatusOr<Principal> Check(std::string_view secret);
  // The same of a token that was checked before, by its name.
  absl::Status Recheck(const std::string& name);

 private:
  struct Entry {
    std::string name;
    std::string hash;
    Principal principal;
    Timestamp expire_time;
    bool revoked = false;
    std::optional<Timestamp> last_use_time;
  };

  absl::StatusOr<v1::Token> ViewOf(const ingest::Resource& resource) const;
  absl::Status Remember(const ingest::Resource& resource);
  absl::Status CheckLife(const Entry& entry) const;
  // Once a day: the store is not written for every call.
  void NoteUse(const std::string& name, const Timestamp& now);

  ingest::StateStore& store_;
  const Clock& clock_;
  Rng& rng_;
  Mutex mutex_;
  std::vector<Entry> entries_ CDI_GUARDED_BY(mutex_);
};

}  // namespace cdi::server
