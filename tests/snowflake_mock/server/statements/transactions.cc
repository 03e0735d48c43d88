#include "tests/snowflake_mock/server/statements/transactions.h"

#include <mutex>
#include <shared_mutex>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/statements/table_writer.h"

namespace cdi::snowflake_mock {
namespace {

constexpr int64_t kLockTimeoutSeconds = 43200;

void Begin(Execution& run, const std::string& name) {
  Session::Transaction transaction;
  transaction.id = run.now_ns;
  transaction.name = name;
  run.session.transaction = std::move(transaction);
}

// Drops the copies. The engine's temporary tables: nobody else sees them.
void Forget(Execution& run) {
  const StopSignal never;
  for (const auto& [display, copy] : run.session.transaction->copies)
    run.session.connection->Run(absl::StrCat("DROP TABLE IF EXISTS ", copy.physical), never, nullptr).IgnoreError();
  run.session.transaction.reset();
  run.session.copied.clear();
}

absl::Status PutInPlace(Execution& run, const Session::Copy& copy) {
  ObjectName original = copy.name;
  original.physical = copy.original_physical;
  const std::string place = PhysicalName(original);
  if (copy.only_appended) {
    return RunEngine(run, absl::StrCat("INSERT INTO ", place, " SELECT * FROM ", copy.physical,
                                       " WHERE rowid >= ", copy.rows_at_begin))
        .status();
  }
  CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("DELETE FROM ", place)).status());
  return RunEngine(run, absl::StrCat("INSERT INTO ", place, " SELECT * FROM ", copy.physical)).status();
}

}  // namespace

absl::Status BeginIfAutocommitIsOff(Execution& run) {
  if (run.session.transaction.has_value()) return absl::OkStatus();
  const auto found = run.session.parameters.find("AUTOCOMMIT");
  if (found != run.session.parameters.end() && absl::AsciiStrToLower(found->second) == "false") Begin(run, "");
  return absl::OkStatus();
}

absl::Status LockTable(Execution& run, const ObjectName& name) {
  int64_t seconds = kLockTimeoutSeconds;
  if (const auto found = run.session.parameters.find("LOCK_TIMEOUT"); found != run.session.parameters.end()) {
    int64_t given = 0;
    if (absl::SimpleAtoi(found->second, &given) && given >= 0) seconds = given;
  }
  const int64_t transaction = run.session.transaction.has_value() ? run.session.transaction->id : run.now_ns;
  return run.account.locks.Acquire(name.Display(), {run.session.id, transaction, run.session.current_query_id},
                                   std::chrono::seconds(seconds), run.stop);
}

absl::Status CopyForTransaction(Execution& run, const ObjectName& name, const Relation& relation) {
  const std::string display = name.Display();
  if (run.session.transaction->copies.contains(display)) return absl::OkStatus();
  Session::Copy copy;
  copy.name = name;
  copy.original_physical = name.physical;
  copy.physical = PrivateName("~TX.", name);
  CDI_RETURN_IF_ERROR(RunAtomically(run, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("CREATE OR REPLACE TEMP TABLE ", copy.physical, " ",
                                                    EngineTableColumns(relation.columns)))
                            .status());
    CDI_ASSIGN_OR_RETURN(copy.rows_at_begin, RunEngine(run, absl::StrCat("INSERT INTO ", copy.physical,
                                                                         " SELECT * FROM ", PhysicalName(name))));
    return absl::OkStatus();
  }));
  run.session.transaction->copies[display] = std::move(copy);
  run.session.copied.insert(display);
  return absl::OkStatus();
}

absl::Status CommitTransaction(Execution& run) {
  if (!run.session.transaction.has_value()) return absl::OkStatus();
  std::vector<const Session::Copy*> changed;
  for (const auto& [display, copy] : run.session.transaction->copies) {
    if (!copy.changed) continue;
    const std::shared_lock lock(run.account.catalog.mutex);
    // A table whose schema was dropped meanwhile has nowhere to go.
    if (run.session.temporaries.contains(display) || run.account.catalog.FindRelation(copy.name) != nullptr)
      changed.push_back(&copy);
  }
  absl::Status done = absl::OkStatus();
  if (!changed.empty()) {
    done = RunAtomically(run, [&]() -> absl::Status {
      for (const Session::Copy* copy : changed) CDI_RETURN_IF_ERROR(PutInPlace(run, *copy));
      return absl::OkStatus();
    });
  }
  std::vector<ObjectName> names;
  for (const Session::Copy* copy : changed) names.push_back(copy->name);
  Forget(run);
  if (done.ok()) {
    for (const ObjectName& name : names) NoteChange(run, name);
  }
  return done;
}

absl::Status RollbackTransaction(Execution& run) {
  if (run.session.transaction.has_value()) Forget(run);
  return absl::OkStatus();
}

void AfterStatement(Execution& run) {
  if (run.session.closed) RollbackTransaction(run).IgnoreError();
  if (!run.session.transaction.has_value()) run.account.locks.ReleaseAll(run.session.id);
}

absl::StatusOr<ResultSet> RunTransaction(Execution& run) {
  TokenReader reader(run.tokens);
  const std::string verb = reader.Next().text;
  if (verb == "START" && !reader.Peek().IsWord("TRANSACTION")) return reader.Unexpected();
  if (!reader.TakeWords("WORK")) reader.TakeWords("TRANSACTION");
  std::string name;
  const bool begins = verb == "BEGIN" || verb == "START";
  if (begins && reader.TakeWords("NAME")) {
    CDI_ASSIGN_OR_RETURN(name, reader.Name());
  }
  if (!reader.AtEnd()) {
    // BEGIN SELECT … END is Snowflake Scripting.
    if (verb == "BEGIN") return Unsupported("Snowflake Scripting blocks");
    return reader.Unexpected();
  }
  if (begins) {
    // A second BEGIN is ignored, as Snowflake documents.
    if (!run.session.transaction.has_value()) Begin(run, name);
  } else if (verb == "COMMIT") {
    CDI_RETURN_IF_ERROR(CommitTransaction(run));
  } else {
    CDI_RETURN_IF_ERROR(RollbackTransaction(run));
  }
  return StatusResult("Statement executed successfully.", kTransaction);
}

}  // namespace cdi::snowflake_mock
