// What Braze does with a body posted to /users/track, without HTTP, clock, threads or randomness: which status and
// reply it gets, what becomes of every object in it, and how the user profiles look afterwards. The stand-in server
// answers from it, and the simulator calls it directly. The same bodies at the same times give the same replies, bytes
// included.
//
// Rules: the edge cases T8-T10 and U1-U58 listed in docs/braze-mock.md, from www.braze.com/docs (API-track, OBJ-attr,
// OBJ-event, OBJ-purchase; read 2026-11); where the documents are silent a switch decides.
//
// Not thread-safe: one caller at a time. The static functions may be called from anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"
#include "tests/braze_mock/switches.h"

namespace cdi::braze_mock {

enum class TrackEndpoint : uint8_t { kTrack, kBulk, kSync };
enum class InputArray : uint8_t { kAttributes, kEvents, kPurchases };
enum class IdentifierKind : uint8_t { kNone, kExternalId, kUserAlias, kBrazeId, kEmail, kPhone };

// "attributes", "external_id" and so on, as the API spells them; kNone is "none".
std::string_view Name(InputArray array);
std::string_view Name(IdentifierKind kind);

// How an object names its user. An alias is written "label/name".
struct UserKey {
  IdentifierKind kind = IdentifierKind::kNone;
  std::string value;

  friend bool operator==(const UserKey&, const UserKey&) = default;
};

// What became of one object of a request.
struct ObjectVerdict {
  enum class Effect : uint8_t {
    kRejected,  // named in `errors`
    kApplied,   // the profile changed, or could have: silently dropped values count as applied
    kNoUser,    // accepted, but update-only and the user is unknown: nothing changed
  };

  InputArray array = InputArray::kAttributes;
  uint32_t index = 0;  // within its array
  Effect effect = Effect::kRejected;
  UserKey user;         // kNone where the object names none, or no valid one
  uint64_t digest = 0;  // of the object's JSON without blanks, key order kept: equal texts, equal digests
  std::string error;    // the first item error; empty unless rejected
};

struct TrackReply {
  int status = 0;
  std::string body;  // JSON
  // In the order of the arrays attributes, events, purchases. Empty for a request that was refused as a whole (too
  // large, not JSON, too many objects): then nothing was applied.
  std::vector<ObjectVerdict> objects;
};

class BrazeModel {
 public:
  explicit BrazeModel(Switches switches = {});
  ~BrazeModel();
  BrazeModel(const BrazeModel&) = delete;
  BrazeModel& operator=(const BrazeModel&) = delete;

  // Judges `body` and applies what is good in it. `now` is the arrival: an event of the future is stored with it.
  TrackReply Track(std::string_view body, const Timestamp& now, TrackEndpoint endpoint = TrackEndpoint::kTrack);

  // The profile as JSON, nullopt for an unknown user:
  //   {"braze_id":…, "external_id":…, "user_aliases":[{"alias_label","alias_name"}], "attributes":{…},
  //    "subscription_groups":{id:state}, "events":[{"name","time","properties"}],
  //    "purchases":[{"product_id","currency","price","quantity","time","properties"}]}
  // Standard and custom attributes share "attributes", email and phone included.
  std::optional<std::string> UserJson(std::string_view external_id) const;
  // The same by any identifier; an email or phone that several profiles share finds the one a request would.
  std::optional<std::string> UserJson(const UserKey& key) const;

  size_t user_count() const;
  const Switches& switches() const { return switches_; }

  // Forgets all users.
  void Reset();

  // The users that a body names, each once, in order of appearance; objects with no or several identifiers are left
  // out. Empty for a body that is not a JSON object. Does not apply anything.
  static std::vector<UserKey> UsersIn(std::string_view body);

 private:
  struct Parts;

  Switches switches_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace cdi::braze_mock
