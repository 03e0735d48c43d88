// Any bytes in any column: a verdict, and for admitted rows a body that any JSON reader takes, with exactly one object
// and the row's identifier as its only one.
#include <simdjson.h>

#include "base/check.h"
#include "ingest/row.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using cdi::ingest::DataType;
using cdi::warehouse::ColumnRole;

// The first byte picks data type and options, the second the identifier's column; the rest is cut at the first byte
// 0x1f into identifier and payload.
void Run(std::string_view input) {
  if (input.size() < 2) return;
  const auto options = static_cast<uint8_t>(input[0]);
  const auto column = static_cast<ColumnRole>(static_cast<uint8_t>(input[1]) % 6);
  input.remove_prefix(2);
  const size_t cut = input.find('\x1f');
  const std::string_view identifier = input.substr(0, cut);
  const std::string_view payload = cut == std::string_view::npos ? std::string_view() : input.substr(cut + 1);

  cdi::ingest::SyncSpec spec;
  spec.type = static_cast<DataType>(1 + options % 3);
  spec.strip_identifiers = (options & 4) != 0;
  spec.update_existing_only = (options & 8) != 0;
  cdi::warehouse::PageBuilder builder;
  builder.StartRow({static_cast<int64_t>(options) * 1'000'000'000 - 62'135'596'800, options});
  builder.SetCell(column, identifier);
  if (column == ColumnRole::kAliasName) builder.SetCell(ColumnRole::kAliasLabel, identifier);
  if (column == ColumnRole::kAliasLabel) builder.SetCell(ColumnRole::kAliasName, identifier);
  builder.SetCell(ColumnRole::kPayload, payload);
  builder.FinishRow();

  const auto page = DecodePage(builder.Build(), spec);
  if (page->rows[0].fault != cdi::ingest::RowFault::kNone) return;
  const std::string body = BuildBody({{page, 0}}, spec);
  CDI_CHECK(body.size() == BodyOverheadBytes(spec) + page->rows[0].object_bytes, "bytes are counted exactly");
  simdjson::dom::parser parser;
  simdjson::dom::object reply;
  simdjson::dom::array objects;
  simdjson::dom::object object;
  CDI_CHECK(parser.parse(body).get_object().get(reply) == simdjson::SUCCESS && reply.size() == 1, "one array");
  CDI_CHECK(reply[cdi::ingest::DataTypeArray(spec.type)].get_array().get(objects) == simdjson::SUCCESS &&
                objects.size() == 1 && objects.at(0).get_object().get(object) == simdjson::SUCCESS,
            "one object");
  int strong = 0;
  for (const auto field : object) {
    strong += int{field.key == "external_id" || field.key == "braze_id" || field.key == "user_alias"};
  }
  const bool weak = column == ColumnRole::kEmail || column == ColumnRole::kPhone;
  CDI_CHECK(strong == (weak ? 0 : 1), "the row's identifier is the only strong one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Run({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace cdi::test {

std::vector<std::string> FuzzSeeds() {
  // By column: EXTERNAL_ID, ALIAS_NAME, ALIAS_LABEL, BRAZE_ID, EMAIL, PHONE.
  const std::vector<std::string> identifiers = {"user-1",   "\xc3\xbc\"\\\n", " n ",
                                                "5f3e9c0a", "a@example.org",  "+4915112345678"};
  const std::vector<std::string> payloads = {
      R"({"a":1,"b":[true,null,"x\u00fc\ud83d\ude00"],"c":{"$add":["y"]}})",
      R"({"external_id":"x","user_alias":{"alias_name":"}"},"email":"b@example.org","z":"\",{"})",
      R"({"name":"n","time":"2026-11-24T02:25:51:123Z","properties":{"p":1.5e3}})",
      R"({"product_id":"p","currency":"EUR","price":-1.5,"quantity":3,"_update_existing_only":true})",
      R"({"deep":[[[[[[[[{"k":[]}]]]]]]]],"same":1,"sam\u0065":2})",
      R"({"n":[1e308,-0,0.1,18446744073709551615,1e400,NaN]})",
      " \t{ } \n",
  };
  std::vector<std::string> seeds;
  for (char options = 0; options < 16; ++options) {
    for (size_t column = 0; column < identifiers.size(); ++column) {
      for (const std::string& payload : payloads) {
        seeds.push_back(std::string(1, options) + static_cast<char>(column) + identifiers[column] + '\x1f' + payload);
      }
    }
  }
  return seeds;
}

}  // namespace cdi::test
