// A login that nobody answers: timeouts and SQLCancelHandle, through unixODBC's driver manager.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "tests/snowflake_mock/odbc/fake_snowflake.h"
#include "tests/snowflake_mock/odbc/odbc_client.h"

namespace cdi::sfodbc {
namespace {

// Takes connections and requests and never says a word.
class SilentServer {
 public:
  SilentServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    listening_ = bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 8) == 0 &&
                 getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() {
    if (client_ >= 0) close(client_);
    close(listener_);
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  bool listening() const { return listening_; }
  int port() const { return port_; }
  // Blocks until the first bytes of a request are here; false after 20 s.
  bool AwaitRequest() {
    pollfd incoming{listener_, POLLIN, 0};
    if (poll(&incoming, 1, 20'000) != 1) return false;
    client_ = accept(listener_, nullptr, nullptr);
    pollfd request{client_, POLLIN, 0};
    return poll(&request, 1, 20'000) == 1;
  }

 private:
  int listener_;
  int client_ = -1;
  int port_ = 0;
  bool listening_ = false;
};

std::string ConnectionString(int port, const std::string& more = "") {
  return "DRIVER=" CDI_SFODBC_LIBRARY ";SERVER=127.0.0.1;PORT=" + std::to_string(port) +
         ";SSL=off;ACCOUNT=myorg-myacct.us-east-1;UID=loader;AUTHENTICATOR=SNOWFLAKE_JWT;" + more;
}

// Without it this would take the 300 s of the default, which is beyond the time limit of this test.
TEST(DriverLoginTest, TheLoginTimeoutEndsALoginThatNobodyAnswers) {
  const FakeSnowflake server;
  SilentServer silent;
  ASSERT_TRUE(silent.listening());
  OdbcClient by_attribute;
  by_attribute.SetKey(TestKeyPem());
  ASSERT_EQ(SQLSetConnectAttr(by_attribute.connection(), SQL_ATTR_LOGIN_TIMEOUT, reinterpret_cast<SQLPOINTER>(1), 0),
            SQL_SUCCESS);
  EXPECT_EQ(by_attribute.Connect(ConnectionString(silent.port())), SQL_ERROR);
  ASSERT_EQ(by_attribute.faults().size(), 1U);
  EXPECT_EQ(by_attribute.faults()[0].state, "HYT00");
  EXPECT_NE(by_attribute.faults()[0].message.find("within the login timeout"), std::string::npos);
  OdbcClient by_keyword;
  by_keyword.SetKey(TestKeyPem());
  EXPECT_EQ(by_keyword.Connect(ConnectionString(silent.port(), "LOGIN_TIMEOUT=1")), SQL_ERROR);
  EXPECT_EQ(by_keyword.faults().at(0).state, "HYT00");
  // The handle is as good as new.
  EXPECT_TRUE(SQL_SUCCEEDED(by_attribute.Connect(ConnectionString(server.port()))));
}

TEST(DriverLoginTest, ALoginIsCancelledFromAnotherThread) {
  const FakeSnowflake server;
  SilentServer silent;
  ASSERT_TRUE(silent.listening());
  OdbcClient client;
  client.SetKey(TestKeyPem());
  SQLRETURN cancelled = SQL_ERROR;
  std::thread canceller([&] {
    if (silent.AwaitRequest()) cancelled = SQLCancelHandle(SQL_HANDLE_DBC, client.connection());
  });
  EXPECT_EQ(client.Connect(ConnectionString(silent.port(), "LOGIN_TIMEOUT=40")), SQL_ERROR);
  canceller.join();
  EXPECT_EQ(cancelled, SQL_SUCCESS);
  EXPECT_EQ(client.faults().at(0).state, "HY008");
  EXPECT_TRUE(SQL_SUCCEEDED(client.Connect(ConnectionString(server.port()))));
}

}  // namespace
}  // namespace cdi::sfodbc
