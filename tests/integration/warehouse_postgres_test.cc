// What only PostgreSQL has: passwords, databases of a login, years out of range. Claims that hold everywhere are in
// warehouse_suite_*_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/integration/sites.h"

namespace cdi::test {
namespace {

using testing::HasSubstr;
using warehouse::ConnectionSettings;

PostgresSite& Site() {
  return PostgresSiteInstance();
}

TEST(WarehousePostgresTest, NothingIsLeftOpenThatHoldsBackTheWarehousesOwnHousekeeping) {
  auto session = Site().MustConnect({.query_tag = "cdi idle it's"});
  ASSERT_TRUE(session->Now().ok());
  EXPECT_EQ(*Site().server().Query("SELECT state FROM pg_stat_activity WHERE application_name = 'cdi idle it''s'"),
            "idle");
}

TEST(WarehousePostgresTest, PasswordsWithEveryOddCharacterLogIn) {
  Site().Run("CREATE ROLE odd LOGIN PASSWORD 'a;b}c{d=e \"f'' g;PWD={x}'");
  ConnectionSettings settings = Site().Settings();
  settings.user = "odd";
  auto credentials = std::make_shared<ListedCredentials>();
  credentials->AddPassword("odd", "a;b}c{d=e \"f' g;PWD={x}");
  const absl::Status status = Site().ConnectStatus(settings, credentials);
  EXPECT_TRUE(status.ok()) << status;
}

struct RefusedLogin {
  std::string_view name;
  void (*change)(ConnectionSettings&);
  std::string_view reason;
  std::string_view words;
};
class RefusedLoginTest : public testing::TestWithParam<RefusedLogin> {};

TEST_P(RefusedLoginTest, SaysWhatIsWrong) {
  ConnectionSettings settings = Site().Settings();
  GetParam().change(settings);
  const absl::Status status = Site().ConnectStatus(settings);
  EXPECT_EQ(ErrorReason(status), GetParam().reason) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(GetParam().words)));
}

INSTANTIATE_TEST_SUITE_P(All, RefusedLoginTest,
                         testing::Values(RefusedLogin{"Database", [](ConnectionSettings& s) { s.database = "nowhere"; },
                                                      "DATABASE_MISSING", "nowhere"},
                                         RefusedLogin{"RoleNotGranted", [](ConnectionSettings& s) { s.role = "admin"; },
                                                      "ROLE_MISSING", "run GRANT \"admin\" TO \"reader\""},
                                         RefusedLogin{"Tls", [](ConnectionSettings& s) { s.tls = true; },
                                                      "CONNECT_FAILED", "SSL"}),
                         [](const auto& test) { return std::string(test.param.name); });

// Statements of two connections run side by side then, and a cancel gets through (mock-notes: only 3 hurts).
TEST(WarehousePostgresTest, ADriverRegisteredWithThreading2IsTaken) {
  ConnectionSettings settings = Site().Settings();
  settings.driver = "Pairwise";
  const absl::Status status = Site().ConnectStatus(settings);
  EXPECT_TRUE(status.ok()) << status;
}

TEST(WarehousePostgresTest, ARoleOfTheConnectionIsTaken) {
  Site().Run("CREATE ROLE \"Odd \"\"Role\" ; GRANT \"Odd \"\"Role\" TO reader");
  auto session = Site().MustConnect({.query_tag = "role", .role = "Odd \"Role"});
  const auto facts = session->CheckContext(std::nullopt);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->role, "Odd \"Role");
}

TEST(WarehousePostgresTest, TheEndsOfTheCalendarAreReadAndCounted) {
  Site().MakeTable("calendar");
  Site().Run(
      "INSERT INTO ingest.calendar (updated_at, external_id) VALUES ('0001-01-01', 'first'), ('infinity', 'out'), "
      "('-infinity', 'never'), ('0001-01-01 BC', 'never')");
  auto session = Site().MustConnect();
  const warehouse::WindowQuery query = Site().Everything("calendar");
  auto reader = session->OpenWindow(query);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto page = (*reader)->Next();
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ((*page)->size(), 1U);
  EXPECT_EQ((*page)->cursor(0), Timestamp::FromCivil(1, 1, 1, 0, 0, 0, 0));
  const auto waiting = session->CountWaiting(query);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(waiting->rows_after_upper, 1U);
}

}  // namespace
}  // namespace cdi::test
