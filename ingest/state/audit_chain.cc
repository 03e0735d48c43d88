#include "ingest/state/audit_chain.h"

#include <algorithm>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/status_macros.h"
#include "ingest/state/row_codec.h"

namespace cdi::state {

using ingest::AuditEntry;
using ingest::AuditHead;
using ingest::AuditOutcome;
using ingest::AuditVerdict;

namespace {

// A file that was changed everywhere says so in as many lines.
constexpr size_t kFaultsMax = 200;

// 32 bytes. Lines of things done hash as they did before outcomes were kept.
std::string Chain(std::string_view before, const AuditEntry& entry) {
  ByteWriter text;
  text.Raw(before);
  text.Varint(entry.sequence);
  text.Time(entry.time);
  for (const std::string* part : {&entry.line.caller, &entry.line.verb, &entry.line.name, &entry.line.detail}) {
    text.Text(*part);
  }
  if (entry.line.outcome != AuditOutcome::kDone) text.Varint(static_cast<uint64_t>(entry.line.outcome));
  return Sha256(text.bytes());
}

struct StoredHead {
  uint64_t sequence = 0;
  std::string chain;
};

// What `meta` says the newest line is.
absl::StatusOr<StoredHead> ReadHead(Database& database) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT audit_sequence, audit_chain FROM meta"));
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  return found ? StoredHead{row.Uint(0), row.Text(1)} : StoredHead{};
}

class Verifier {
 public:
  explicit Verifier(const std::optional<AuditHead>& known) : known_(known) {}

  void Take(const AuditEntry& entry, std::string_view stored_chain) {
    if (entry.sequence != last_ + 1) Fail(last_ + 1, Missing(last_ + 1, entry.sequence - 1));
    chain_ = Chain(chain_, entry);
    if (chain_ != stored_chain) {
      Fail(entry.sequence, absl::StrCat("audit line ", entry.sequence,
                                        " does not continue the chain of hashes: it, or one before it, was changed"));
      chain_ = std::string(stored_chain);  // one changed line is told once
    }
    if (known_ && known_->sequence == entry.sequence &&
        known_->chain != absl::BytesToHexString(std::string(stored_chain))) {
      Fail(entry.sequence, absl::StrCat("audit line ", entry.sequence,
                                        " has another hash than the one given: the lines "
                                        "up to it are not those that stood here then"));
    }
    last_ = entry.sequence;
    ++verdict_.entries;
  }

  AuditVerdict Finish(const StoredHead& head) {
    if (head.sequence > last_) {
      Fail(last_ + 1, absl::StrCat(Missing(last_ + 1, head.sequence), ": the end was cut off"));
    } else if (head.sequence < last_ || (last_ > 0 && head.chain != chain_)) {
      Fail(last_, absl::StrCat("the newest audit line is ", last_, ", but the state remembers ", head.sequence,
                               " as the newest one: lines were added or changed past the service"));
    }
    if (known_ && known_->sequence > last_) {
      Fail(last_ + 1, absl::StrCat(Missing(last_ + 1, known_->sequence), ": they stood here when that head was taken"));
    }
    verdict_.head = {last_, absl::BytesToHexString(chain_)};
    return std::move(verdict_);
  }

 private:
  static std::string Missing(uint64_t from, uint64_t to) {
    if (from == to) return absl::StrCat("audit line ", from, " is missing");
    return absl::StrCat("audit lines ", from, " to ", to, " are missing");
  }

  void Fail(uint64_t sequence, std::string text) {
    if (verdict_.faults.size() < kFaultsMax) verdict_.faults.push_back({sequence, std::move(text)});
  }

  const std::optional<AuditHead>& known_;
  AuditVerdict verdict_;
  uint64_t last_ = 0;
  std::string chain_;
};

}  // namespace

absl::Status AppendAudit(Database& database, const Timestamp& time, const ingest::AuditLine& line) {
  CDI_ASSIGN_OR_RETURN(const StoredHead head, ReadHead(database));
  // A line that somebody added past us must not stop the service: it is stepped over, and found by the next
  // verification.
  CDI_ASSIGN_OR_RETURN(const uint64_t last, LastAuditSequence(database));
  const AuditEntry entry{std::max(head.sequence, last) + 1, time, line};
  const std::string chain = Chain(head.chain, entry);
  CDI_RETURN_IF_ERROR(database.Execute(
      "INSERT INTO audit (sequence, time, caller, verb, name, detail, outcome, chain) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      static_cast<int64_t>(entry.sequence), time, std::string_view(line.caller), std::string_view(line.verb),
      std::string_view(line.name), std::string_view(line.detail), static_cast<int64_t>(line.outcome), Blob{chain}));
  return database.Execute("UPDATE meta SET audit_sequence = ?, audit_chain = ?", static_cast<int64_t>(entry.sequence),
                          Blob{chain});
}

absl::Status AppendAudit(Database& database, const Timestamp& time, std::string_view caller, std::string_view verb,
                         std::string_view name, std::string_view detail) {
  return AppendAudit(
      database, time,
      {std::string(caller), std::string(verb), std::string(name), std::string(detail), AuditOutcome::kDone});
}

absl::StatusOr<uint64_t> LastAuditSequence(Database& database) {
  CDI_ASSIGN_OR_RETURN(Statement row, database.Prepare("SELECT coalesce(max(sequence), 0) FROM audit"));
  CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
  return found ? row.Uint(0) : 0;
}

absl::StatusOr<AuditVerdict> VerifyAuditChain(Database& database, const std::optional<AuditHead>& known,
                                              const std::function<void(const AuditEntry& entry)>& visit) {
  CDI_ASSIGN_OR_RETURN(const StoredHead head, ReadHead(database));
  CDI_ASSIGN_OR_RETURN(
      Statement row,
      database.Prepare(
          "SELECT sequence, time, caller, verb, name, detail, outcome, chain FROM audit ORDER BY sequence"));
  Verifier verifier(known);
  while (true) {
    CDI_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return verifier.Finish(head);
    const AuditEntry entry{row.Uint(0),
                           row.Time(1),
                           {row.Text(2), row.Text(3), row.Text(4), row.Text(5), static_cast<AuditOutcome>(row.Int(6))}};
    verifier.Take(entry, row.Bytes(7));
    if (visit) visit(entry);
  }
}

}  // namespace cdi::state
