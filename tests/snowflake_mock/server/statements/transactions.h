// Transactions as Snowflake has them, over an engine that has others.
//
// The engine aborts a transaction at the first run-time error and reads one snapshot throughout; Snowflake goes on
// after an error and reads what is committed when each statement begins. So a client's transaction is none of the
// engine's: at its first write to a table the session gets a private copy of it, which its statements read and write,
// each atomic by itself. COMMIT puts the copies in place of the tables in one engine transaction, ROLLBACK drops them.
// The table stays locked in between, so the copy is never older than the table.
#pragma once

#include "tests/snowflake_mock/server/statements/statement.h"

namespace cdi::snowflake_mock {

// BEGIN [WORK|TRANSACTION] [NAME n], START TRANSACTION [NAME n], COMMIT [WORK], ROLLBACK [WORK].
absl::StatusOr<ResultSet> RunTransaction(Execution& run);

absl::Status BeginIfAutocommitIsOff(Execution& run);
absl::Status CommitTransaction(Execution& run);
absl::Status RollbackTransaction(Execution& run);
// Waits for the table at most LOCK_TIMEOUT.
absl::Status LockTable(Execution& run, const ObjectName& name);
// The first write of the open transaction to a table copies it.
absl::Status CopyForTransaction(Execution& run, const ObjectName& name, const Relation& relation);
// When a statement has ended: releases what no transaction holds; ends the transaction of a session that is gone.
void AfterStatement(Execution& run);

}  // namespace cdi::snowflake_mock
