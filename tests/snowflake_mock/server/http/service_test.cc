// The order of the end, which only shows below the socket.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/snowflake_mock/server/http/service.h"

namespace cdi::snowflake_mock {
namespace {

// Lives inside Account::cancel_query and looks, when that goes away, whether a statement could still call it.
struct LastLook {
  Account& account;
  std::vector<std::string>& running;
  ~LastLook() {
    for (const QueryRecord& record : account.history.Running()) running.push_back(record.text);
  }
};

TEST(ServiceTest, NoStatementRunsAnyMoreWhenCancelQueryGoesAway) {
  const auto account = Account::Open("myorg-myacct", "");
  ASSERT_TRUE(account.ok()) << account.status();
  const auto session = (*account)->AdministratorSession();
  ASSERT_TRUE(session.ok()) << session.status();
  std::vector<std::string> running;
  {
    Service service(**account, 1);
    const auto look = std::make_shared<LastLook>(**account, running);
    (*account)->cancel_query = [look, inner = (*account)->cancel_query](const std::string& id) { return inner(id); };
    QueryRequest request;
    request.sql = "SELECT SYSTEM$WAIT(600)";
    const auto runs = service.jobs.Start(*session, request);
    const auto waits = service.jobs.Start(*session, request);
    while ((*account)->history.Find(runs->query_id)->status != "RUNNING") std::this_thread::yield();
  }
  EXPECT_EQ(running, std::vector<std::string>());
  for (const auto& record : (*account)->history.Queries()) EXPECT_EQ(record->code, "000604") << record->text;
}

TEST(ServiceTest, AStatementThatComesAfterTheEndIsCancelledAtOnce) {
  const auto account = Account::Open("myorg-myacct", "");
  ASSERT_TRUE(account.ok()) << account.status();
  const auto session = (*account)->AdministratorSession();
  ASSERT_TRUE(session.ok()) << session.status();
  Service service(**account, 1);
  service.jobs.Shutdown();
  QueryRequest request;
  request.sql = "SELECT 1";
  const auto job = service.jobs.Start(*session, request);
  EXPECT_TRUE(QueryJobs::Wait(*job, std::chrono::milliseconds(0), nullptr));
  EXPECT_EQ(SqlErrorCode(job->error), "000604");
}

}  // namespace
}  // namespace cdi::snowflake_mock
