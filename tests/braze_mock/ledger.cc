#include "tests/braze_mock/ledger.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/text.h"
#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

std::string_view Name(ObjectVerdict::Effect effect) {
  switch (effect) {
    case ObjectVerdict::Effect::kRejected:
      return "rejected";
    case ObjectVerdict::Effect::kApplied:
      return "applied";
    case ObjectVerdict::Effect::kNoUser:
      return "no_user";
  }
  return "";
}

// Writes elements number `from` to `from + limit - 1` of `size`.
template <typename Element>
std::string Page(std::string_view key, uint64_t size, uint64_t from, uint64_t limit, bool lines, Element&& element) {
  const uint64_t first = std::min(size, from == 0 ? 0 : from - 1);
  const uint64_t end = first + std::min(limit, size - first);
  std::string json = lines ? "" : Join({"{", JsonQuote(key), ":["});
  for (uint64_t position = first; position < end; ++position) {
    if (!lines && position > first) json += ',';
    json += element(position);
    if (lines) json += '\n';
  }
  if (!lines) json += Join({"],\"next\":", end < size ? std::to_string(end + 1) : "null", "}"});
  return json;
}

}  // namespace

void Ledger::Add(const LedgerRequest& request, const std::vector<ObjectVerdict>& objects) {
  requests_.push_back(request);
  for (const ObjectVerdict& verdict : objects) {
    ++objects_;
    if (verdict.effect != ObjectVerdict::Effect::kRejected) {
      ++accepted_;
      if (mode_ != LedgerMode::kNone) CountObject(verdict);
    }
    if (mode_ == LedgerMode::kFull) Keep(verdict);
  }
}

void Ledger::CountObject(const ObjectVerdict& verdict) {
  std::string key;
  key += static_cast<char>(verdict.array);
  key += static_cast<char>(verdict.user.kind);
  key.append(reinterpret_cast<const char*>(&verdict.digest), sizeof verdict.digest);
  key += verdict.user.value;
  Count& count = counts_[Hash128(key)];
  if (count.times++ == 0) count.first = static_cast<uint32_t>(entries_.size());
}

void Ledger::Keep(const ObjectVerdict& verdict) {
  uint32_t error = 0;
  if (!verdict.error.empty()) {
    const auto [known, added] = error_numbers_.emplace(verdict.error, static_cast<uint32_t>(errors_.size()));
    if (added) errors_.push_back(verdict.error);
    error = known->second;
  }
  // Only a braze_id has no limit of its own; a longer one is shown cut.
  const std::string_view identifier = std::string_view(verdict.user.value).substr(0, UINT16_MAX);
  entries_.push_back(Entry{verdict.digest, identifiers_.size(), static_cast<uint32_t>(requests_.size() - 1), error,
                           static_cast<uint16_t>(verdict.index), static_cast<uint16_t>(identifier.size()),
                           verdict.array, verdict.user.kind, verdict.effect});
  identifiers_ += identifier;
}

std::string_view Ledger::IdentifierOf(const Entry& entry) const {
  return std::string_view(identifiers_).substr(entry.identifier_at, entry.identifier_bytes);
}

Ledger::Totals Ledger::totals() const {
  Totals totals;
  totals.objects = objects_;
  totals.accepted = accepted_;
  totals.rejected = objects_ - accepted_;
  totals.distinct = counts_.size();
  totals.repeats = mode_ == LedgerMode::kNone ? 0 : accepted_ - counts_.size();
  return totals;
}

std::string Ledger::EntryJson(uint64_t position) const {
  const Entry& entry = entries_[position];
  std::string json =
      Join({"{\"n\":", std::to_string(position + 1), ",\"request\":", std::to_string(entry.request + 1),
            ",\"body_hash\":\"", requests_[entry.request].body_hash.ToHex(), "\",\"array\":\"",
            braze_mock::Name(entry.array), "\",\"index\":", std::to_string(entry.index), ",\"id_kind\":\"",
            braze_mock::Name(entry.kind), "\",\"identifier\":", JsonQuote(IdentifierOf(entry)), ",\"digest\":\"",
            absl::StrFormat("%016x", entry.digest), "\",\"effect\":\"", Name(entry.effect), "\""});
  if (entry.error != 0) json += Join({",\"error\":", JsonQuote(errors_[entry.error])});
  json += '}';
  return json;
}

std::string Ledger::RequestJson(uint64_t position) const {
  const LedgerRequest& request = requests_[position];
  std::string json =
      Join({"{\"n\":", std::to_string(position + 1), ",\"status\":", std::to_string(request.status),
            ",\"body_hash\":\"", request.body_hash.ToHex(), "\",\"objects\":", std::to_string(request.objects),
            ",\"bytes\":", std::to_string(request.bytes), ",\"arrival_ms\":", std::to_string(request.arrival_ms)});
  if (!request.fault.empty()) json += Join({",\"fault\":", JsonQuote(request.fault)});
  json += '}';
  return json;
}

std::string Ledger::ObjectsJson(uint64_t from, uint64_t limit, bool lines) const {
  return Page("objects", entries_.size(), from, limit, lines,
              [this](uint64_t position) { return EntryJson(position); });
}

std::string Ledger::RequestsJson(uint64_t from, uint64_t limit, bool lines) const {
  return Page("requests", requests_.size(), from, limit, lines,
              [this](uint64_t position) { return RequestJson(position); });
}

std::string Ledger::SummaryJson(uint64_t limit) const {
  const Totals sums = totals();
  std::vector<Count> repeated;
  for (const auto& [key, count] : counts_) {
    if (count.times > 1) repeated.push_back(count);
  }
  std::sort(repeated.begin(), repeated.end(), [](const Count& a, const Count& b) { return a.first < b.first; });
  std::string json = absl::StrFormat(
      "{\"objects\":%d,\"accepted\":%d,\"rejected\":%d,\"distinct\":%d,\"repeats\":%d,\"repeated_objects\":%d,"
      "\"duplicates\":[",
      sums.objects, sums.accepted, sums.rejected, sums.distinct, sums.repeats, repeated.size());
  if (mode_ == LedgerMode::kFull) {
    for (size_t i = 0; i < std::min<uint64_t>(limit, repeated.size()); ++i) {
      const Entry& entry = entries_[repeated[i].first];
      if (i > 0) json += ',';
      json += Join({"{\"array\":\"", braze_mock::Name(entry.array), "\",\"id_kind\":\"", braze_mock::Name(entry.kind),
                    "\",\"identifier\":", JsonQuote(IdentifierOf(entry)), ",\"digest\":\"",
                    absl::StrFormat("%016x", entry.digest), "\",\"count\":", std::to_string(repeated[i].times), "}"});
    }
  }
  json += "]}";
  return json;
}

}  // namespace cdi::braze_mock
