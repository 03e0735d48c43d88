// Rows per second from a fetched page to finished bodies, against the least that any implementation must do: parse each
// payload with simdjson and copy it into the body. Both run in turns in the same process; CPU time, best of five.
//
// usage: decode_bench [ROWS]   (200,000 by default; a 31-byte external id and a 197-byte payload per row)
#include <simdjson.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "ingest/row.h"

namespace {

using cdi::ingest::DecodedPage;
using cdi::ingest::RowRef;
using cdi::ingest::SyncSpec;
using cdi::warehouse::ColumnRole;
using Pages = std::vector<std::shared_ptr<const cdi::warehouse::Page>>;

constexpr size_t kPageRows = 1'000;
constexpr size_t kBodyRows = 75;
constexpr size_t kPayloadBytes = 197;
constexpr int kRounds = 5;

double CpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string PayloadOf(size_t row) {
  std::string text = R"({"first_name":"Name)" + std::to_string(row % 1'000) +
                     R"(","country":"DE","plan":"gold","score":)" + std::to_string(row % 10'000) +
                     R"(.25,"active":true,"tags":["a","b","c"],"address":{"city":"Berlin","zip":"10115"},"note":")";
  text.append(kPayloadBytes - text.size() - 2, 'x');
  return text + "\"}";
}

Pages MakePages(size_t rows) {
  Pages pages;
  for (size_t row = 0; row < rows;) {
    cdi::warehouse::PageBuilder builder;
    builder.Reserve(kPageRows, kPageRows * (kPayloadBytes + 31));
    for (size_t i = 0; i < kPageRows && row < rows; ++i, ++row) {
      char id[32];
      std::snprintf(id, sizeof id, "customer-%022zu", row);
      builder.StartRow({1'795'000'000 + static_cast<int64_t>(row), 0});
      builder.SetCell(ColumnRole::kExternalId, id);
      builder.SetCell(ColumnRole::kPayload, PayloadOf(row));
      builder.FinishRow();
    }
    pages.push_back(builder.Build());
  }
  return pages;
}

// What must be done in any case: validate, and copy identifier and payload into the body.
size_t Floor(const Pages& pages) {
  simdjson::dom::parser parser;
  std::string padded;
  std::string body;
  size_t bytes = 0;
  size_t in_body = 0;
  for (const auto& page : pages) {
    for (size_t row = 0; row < page->size(); ++row) {
      const std::string_view payload = *page->cell(row, ColumnRole::kPayload);
      padded = payload;
      padded.reserve(padded.size() + simdjson::SIMDJSON_PADDING);
      if (parser.parse(padded.data(), padded.size(), false).error() != simdjson::SUCCESS) std::abort();
      body += in_body == 0 ? "{\"attributes\":[" : ",";
      body += "{\"external_id\":\"";
      body += *page->cell(row, ColumnRole::kExternalId);
      body += "\",";
      body.append(payload, 1);
      if (++in_body == kBodyRows) {
        bytes += body.size() + 2;
        body.clear();
        in_body = 0;
      }
    }
  }
  return bytes;
}

size_t Product(const Pages& pages, const SyncSpec& spec, double* decode_seconds) {
  size_t bytes = 0;
  std::vector<RowRef> batch;
  batch.reserve(kBodyRows);
  for (const auto& page : pages) {
    const double start = CpuSeconds();
    const std::shared_ptr<const DecodedPage> decoded = cdi::ingest::DecodePage(page, spec);
    *decode_seconds += CpuSeconds() - start;
    for (uint32_t row = 0; row < decoded->rows.size(); ++row) {
      if (decoded->rows[row].fault != cdi::ingest::RowFault::kNone) std::abort();
      batch.push_back({decoded, row});
      if (batch.size() == kBodyRows) {
        bytes += BuildBody(batch, spec).size();
        batch.clear();
      }
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const size_t rows = argc > 1 ? static_cast<size_t>(std::atoll(argv[1])) : 200'000;
  if (rows == 0) {
    std::fprintf(stderr, "usage: decode_bench [ROWS]\n");
    return 2;
  }
  const Pages pages = MakePages(rows);
  const SyncSpec spec;
  double floor = 1e9;
  double product = 1e9;
  double decode = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    double start = CpuSeconds();
    const size_t floor_bytes = Floor(pages);
    floor = std::min(floor, CpuSeconds() - start);
    double decode_part = 0;
    start = CpuSeconds();
    const size_t product_bytes = Product(pages, spec, &decode_part);
    product = std::min(product, CpuSeconds() - start);
    decode = std::min(decode, decode_part);
    if (floor_bytes == 0 || product_bytes == 0) return 1;
  }
  const double count = static_cast<double>(rows);
  std::printf("validate and splice (floor)   %8.0f krows/s  %.3f us/row\n", count / floor / 1e3, floor / count * 1e6);
  std::printf("DecodePage + BuildBody        %8.0f krows/s  %.3f us/row (decode %.3f)\n", count / product / 1e3,
              product / count * 1e6, decode / count * 1e6);
  std::printf("ratio to the floor            %8.2f\n", floor / product);
  return 0;
}
