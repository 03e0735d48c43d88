#include "tests/snowflake_mock/server/engine/gzip.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "base/check.h"

namespace cdi::snowflake_mock {
namespace {

uint8_t* Bytes(const char* text) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text));  // NOLINT: input is only read, bytes are bytes
}

// Level 0 needs no tables of its own.
constexpr size_t kLevel1BytesMin = 16 * 1024;
constexpr size_t kOnceBytesMax = std::numeric_limits<uint32_t>::max();

}  // namespace

std::string Gzip(std::string_view body) {
  CDI_CHECK(body.size() < kOnceBytesMax / 2, "a chunk is far smaller");
  const auto stream = std::make_unique_for_overwrite<isal_zstream>();
  std::unique_ptr<uint8_t[]> level_buffer;
  isal_deflate_init(stream.get());
  if (body.size() >= kLevel1BytesMin) {
    level_buffer = std::make_unique_for_overwrite<uint8_t[]>(ISAL_DEF_LVL1_DEFAULT);
    stream->level = 1;
    stream->level_buf = level_buffer.get();
    stream->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  }
  stream->gzip_flag = IGZIP_GZIP;
  stream->end_of_stream = 1;
  stream->flush = NO_FLUSH;
  stream->next_in = Bytes(body.data());
  stream->avail_in = static_cast<uint32_t>(body.size());
  std::string out(body.size() / 2 + 4096, '\0');
  while (stream->internal_state.state != ZSTATE_END) {
    if (stream->total_out == out.size()) out.resize(2 * out.size());
    stream->next_out = Bytes(out.data()) + stream->total_out;
    stream->avail_out = static_cast<uint32_t>(out.size() - stream->total_out);
    CDI_CHECK(isal_deflate(stream.get()) == COMP_OK, "the compressor takes every text");
  }
  return {out.data(), stream->total_out};  // copied, so that no room is kept
}

std::optional<std::string> Gunzip(std::string_view body) {
  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;
  state->next_in = Bytes(body.data());
  state->avail_in = static_cast<uint32_t>(std::min(body.size(), kOnceBytesMax));
  std::string out(std::max<size_t>(4 * body.size(), 256), '\0');
  while (state->block_state != ISAL_BLOCK_FINISH) {
    if (state->total_out == out.size()) out.resize(2 * out.size());
    const size_t before = state->total_out + (body.size() - state->avail_in);
    state->next_out = Bytes(out.data()) + state->total_out;
    state->avail_out = static_cast<uint32_t>(out.size() - state->total_out);
    if (isal_inflate(state.get()) != ISAL_DECOMP_OK) return std::nullopt;
    const bool stuck = before == state->total_out + (body.size() - state->avail_in);
    if (stuck && state->block_state != ISAL_BLOCK_FINISH) return std::nullopt;  // cut off
  }
  out.resize(state->total_out);
  return out;
}

}  // namespace cdi::snowflake_mock
