// Resources and answers for people. Each function writes to `console.out`: lists as tables cut to the terminal, single
// resources as one fact a line, never cut.
#pragma once

#include "base/timestamp.h"
#include "cdi/v1/access.pb.h"
#include "cdi/v1/audit.pb.h"
#include "cdi/v1/connection.pb.h"
#include "cdi/v1/key_pair.pb.h"
#include "cdi/v1/rotation.pb.h"
#include "cdi/v1/run.pb.h"
#include "cdi/v1/sync.pb.h"
#include "cdi/v1/workspace.pb.h"
#include "cli/console.h"

namespace cdi::cli {

void ShowConnection(Console& console, const v1::Connection& connection);
void ShowConnections(Console& console, const v1::ListConnectionsResponse& list);
// With the statements that end its keys in Snowflake, where it had some.
void ShowDeletedConnection(Console& console, std::string_view name, const v1::DeleteConnectionResponse& response);
void ShowConnectionTest(Console& console, const v1::TestConnectionResponse& test);
void ShowTables(Console& console, const v1::ListTablesResponse& list);
void ShowColumns(Console& console, const v1::DescribeTableResponse& table);

void ShowKeyPair(Console& console, const v1::KeyPair& key_pair);
void ShowKeyPairs(Console& console, const v1::ListKeyPairsResponse& list);

// What is true, what to do next, and as the last line the statement to run, where there is one.
void ShowRotation(Console& console, const v1::Rotation& rotation);
void ShowRotations(Console& console, const v1::ListRotationsResponse& list);
void ShowReceipt(Console& console, const v1::Rotation& rotation);
void ShowKeyStatus(Console& console, const v1::KeyStatus& status);

void ShowWorkspace(Console& console, const v1::Workspace& workspace);
void ShowWorkspaces(Console& console, const v1::ListWorkspacesResponse& list);
void ShowWorkspaceTest(Console& console, const v1::TestWorkspaceResponse& test);

void ShowToken(Console& console, const v1::Token& token);
void ShowTokens(Console& console, const v1::ListTokensResponse& list);

void ShowSync(Console& console, const v1::Sync& sync);
void ShowSyncs(Console& console, const v1::ListSyncsResponse& list);
void ShowSyncTest(Console& console, const v1::TestSyncResponse& test);
void ShowPreview(Console& console, const v1::Preview& preview);

// `now` is this machine's time, for how long an unfinished run has been at work.
void ShowRun(Console& console, const v1::Run& run, const Timestamp& now);
void ShowRuns(Console& console, const v1::ListRunsResponse& list);
void ShowDeadRows(Console& console, const v1::ListDeadRowsResponse& list);

void ShowAuditEntries(Console& console, const v1::ListAuditEntriesResponse& list);
void ShowAuditVerdict(Console& console, const v1::VerifyAuditResponse& verdict);

}  // namespace cdi::cli
