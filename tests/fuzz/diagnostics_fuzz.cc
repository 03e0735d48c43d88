// Any diagnostic of a driver: an error with a reason and a short text, and never the SQL or the values in it.
#include "base/check.h"
#include "base/error.h"
#include "tests/fuzz/fuzz_target.h"
#include "warehouse/diagnostics.h"

namespace {

using cdi::warehouse::DiagnosticContext;
using cdi::warehouse::DiagnosticRecord;
using cdi::warehouse::WarehouseKind;

constexpr size_t kMessageBytesMax = 2'000;

// One line is one record: five characters of SQLSTATE, a number, a blank, the message.
std::vector<DiagnosticRecord> RecordsOf(std::string_view text) {
  std::vector<DiagnosticRecord> records;
  while (!text.empty() && records.size() < 8) {
    const size_t end = std::min(text.find('\x1e'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    DiagnosticRecord record;
    record.sqlstate = std::string(line.substr(0, 5));
    const std::string rest(line.substr(std::min<size_t>(5, line.size())));
    record.native = std::atoi(rest.c_str());
    const size_t blank = rest.find(' ');
    if (blank != std::string::npos) record.message = rest.substr(blank + 1);
    records.push_back(std::move(record));
  }
  return records;
}

void Run(std::string_view text) {
  const std::vector<DiagnosticRecord> records = RecordsOf(text);
  for (const WarehouseKind kind : {WarehouseKind::kSnowflake, WarehouseKind::kPostgresql}) {
    for (const bool login : {false, true}) {
      DiagnosticContext context;
      context.kind = kind;
      context.user = "SVC";
      context.host = "h:443";
      context.object = "D.S.T";
      context.login = login;
      const absl::Status status = StatusFromDiagnostics(records, context);
      CDI_CHECK(!status.ok(), "a failed call is an error");
      CDI_CHECK(!cdi::ErrorReason(status).empty(), "an error has a reason");
      CDI_CHECK(!status.message().empty() && status.message().size() <= kMessageBytesMax, "a text of some length");
      for (const char c : status.message()) CDI_CHECK(c != '\0' && c != '\n' && c != '\r', "a text of one line");
    }
  }
  for (const DiagnosticRecord& record : records) {
    CDI_CHECK(cdi::warehouse::CleanDriverMessage(record.message).size() <= 303, "a quoted text is cut");
    CDI_CHECK(cdi::warehouse::LoginFailureId(record.message).size() <= 36, "an id is an id");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  return {"08001390144 [Snowflake][Snowflake] JWT token is invalid. [0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0]",
          "42S022003 [Snowflake] SQL compilation error:\nObject 'D.S.T' does not exist or not authorized.",
          "57P03606 No active warehouse selected in the current session.",
          "57014604 SQL execution canceled",
          "HY0000 [unixODBC][Driver Manager]Can't open lib 'x' : file not found\x1e"
          "01000 1 warning",
          "IM0020 [unixODBC][Driver Manager]Data source name not found",
          "28P010 FATAL:  password authentication failed for user \"svc\"",
          "08004390432 Incoming request with IP/Token 1.2.3.4 is not allowed to access Snowflake.",
          "42000904 SQL compilation error: error line 1 at position 7\ninvalid identifier 'X'",
          "425013001 SQL access control error:\nInsufficient privileges to operate on table 'T'",
          "",
          "HYT00",
          "22018100038 Numeric value 'secret' is not recognized"};
}

}  // namespace cdi::test
