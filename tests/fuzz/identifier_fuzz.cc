// Any name: refused, or quoted so that reading the quoted form gives the same name; never SQL.
#include "base/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "warehouse/table_name.h"

namespace {

using cdi::warehouse::CaseFolding;
using cdi::warehouse::Identifier;

// True when `quoted` is one SQL identifier in double quotes and nothing else.
bool IsOneQuotedName(std::string_view quoted) {
  if (quoted.size() < 3 || quoted.front() != '"' || quoted.back() != '"') return false;
  quoted = quoted.substr(1, quoted.size() - 2);
  for (size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '\0') return false;
    if (quoted[i] != '"') continue;
    if (i + 1 == quoted.size() || quoted[i + 1] != '"') return false;
    ++i;
  }
  return true;
}

void Run(std::string_view text) {
  for (const CaseFolding folding : {CaseFolding::kUpper, CaseFolding::kLower}) {
    const auto name = Identifier::Parse(text, folding, "table");
    if (!name.ok()) {
      CDI_CHECK(absl::IsInvalidArgument(name.status()), "a refused name is the caller's fault");
      continue;
    }
    CDI_CHECK(IsOneQuotedName(name->Quoted()), "a quoted name is one name");
    const auto again = Identifier::Parse(name->Quoted(), folding, "table");
    CDI_CHECK(again.ok() && again->text() == name->text(), "quote and parse give the same name");
    CDI_CHECK(name->text().size() <= 255, "a name is short");
  }
  const size_t first = text.find('.');
  const size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos) return;
  const auto table = cdi::warehouse::ParseTableName(text.substr(0, first), text.substr(first + 1, second - first - 1),
                                                    text.substr(second + 1), CaseFolding::kUpper);
  if (!table.ok()) return;
  CDI_CHECK(table->Quoted() == table->database.Quoted() + "." + table->schema.Quoted() + "." + table->table.Quoted(),
            "three quoted names with dots between");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  return {"users",
          "\"Mixed Case\"",
          "\"with \"\"quotes\"\"\"",
          "DB.PUBLIC.USERS",
          "\"d.b\".\"s\"\"c\".t$1",
          "x; DROP TABLE y",
          "x\" -- ",
          "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac\"",
          std::string("a\0b", 3),
          std::string(256, 'a'),
          "\"\"",
          "\"a",
          "/* */x",
          "\xff\xfe",
          "U&\"\\0061\""};
}

}  // namespace cdi::test
