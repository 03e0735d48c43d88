#include "warehouse/driver_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.h"

namespace cdi::warehouse {
namespace {

using testing::HasSubstr;

InstalledDrivers Installed(std::map<std::string, std::string> settings) {
  return {{"D"}, [settings](const std::string& section, const std::string& key) {
            const auto found = settings.find(section + "/" + key);
            return found != settings.end() ? found->second : std::string();
          }};
}

constexpr WarehouseKind kSf = WarehouseKind::kSnowflake;
constexpr WarehouseKind kPg = WarehouseKind::kPostgresql;

struct Case {
  std::string_view name;
  WarehouseKind kind;
  std::map<std::string, std::string> settings;
  std::string ini;        // of the driver's own file
  std::string_view says;  // empty: taken
  std::string driver = "D";
};
class CheckTracingTest : public testing::TestWithParam<Case> {};

TEST_P(CheckTracingTest, IsTakenOrRefusedWithFileAndFix) {
  std::string directory = (std::filesystem::temp_directory_path() / "cdi_driver_log_XXXXXX").string();
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  std::ofstream(directory + "/simba.snowflake.ini") << GetParam().ini;
  std::ofstream(directory + "/sf.odbc.ini") << GetParam().ini;
  ConnectionSettings settings;
  settings.kind = GetParam().kind;
  // Each of the two places by itself.
  InstalledDrivers installed = Installed(GetParam().settings);
  const absl::Status beside = CheckTracing(settings, GetParam().driver, directory + "/lib.so", installed);
  installed.log_files = {directory + "/none.ini", directory + "/sf.odbc.ini"};
  const absl::Status named = CheckTracing(settings, GetParam().driver, "lib.so", installed);
  for (const absl::Status& status : {beside, named}) {
    EXPECT_EQ(ErrorReason(status), GetParam().says.empty() ? "" : "DRIVER_TRACING") << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(GetParam().says)));
  }
  std::filesystem::remove_all(directory);
}

INSTANTIATE_TEST_SUITE_P(
    All, CheckTracingTest,
    testing::Values(Case{"Nothing", kSf, {}, "", ""}, Case{"TraceNo", kSf, {{"ODBC/Trace", "No"}}, "", ""},
                    Case{"TraceOff", kSf, {{"ODBC/Trace", "off"}}, "", ""},
                    Case{"TraceYes", kSf, {{"ODBC/Trace", "Yes"}}, "", "set Trace=No"},
                    Case{"TraceOne", kPg, {{"ODBC/Trace", "1"}}, "", "unixODBC's trace is on"},
                    Case{"TraceOn", kSf, {{"ODBC/Trace", "ON"}}, "", "odbcinst -j"},
                    Case{"TraceWithALibraryByPath", kSf, {{"ODBC/Trace", "y"}}, "", "set Trace=No", "/x/lib.so"},
                    Case{"OffAndLow", kSf, {}, "[Driver]\nLogLevel=0\nLogLevel = 3\nLogLevel=LOG_WARNING\n", ""},
                    Case{"LogLevel", kSf, {}, "[Driver]\r\nLogLevel = 6\r\n", "(LogLevel=6)"},
                    Case{"LogLevelByName", kSf, {}, "loglevel=debug", "set loglevel=0"},
                    Case{"LogLevelOfAnotherWarehouse", kPg, {}, "LogLevel=6", ""},
                    Case{"HttpHeaders", kSf, {}, "CURLVerboseMode=true", "remove the line"},
                    Case{"Tracing", kSf, {{"D/Tracing", "5"}}, "", "set Tracing=0"},
                    Case{"PostgresDebug", kPg, {{"D/Debug", "1"}}, "", "set Debug=0"},
                    // Debian registers psqlodbc so: it writes addresses of objects and nothing else (observed).
                    Case{"PostgresAsDebianHasIt", kPg, {{"D/Debug", "0"}, {"D/CommLog", "1"}}, "", ""}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SnowflakeSettingsFilesTest, AreThoseThatTheEnvironmentNames) {
  setenv("SF_ODBC_INI", "/somewhere/sf.ini", 1);
  EXPECT_THAT(SnowflakeSettingsFiles(), testing::Contains("/somewhere/sf.ini"));
  setenv("SF_ODBC_INI", "", 1);
  EXPECT_THAT(SnowflakeSettingsFiles(), testing::Not(testing::Contains("")));
  unsetenv("SF_ODBC_INI");
}

}  // namespace
}  // namespace cdi::warehouse
