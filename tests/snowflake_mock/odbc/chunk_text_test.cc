// Unpacking what a chunk's body holds.
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "tests/snowflake_mock/odbc/chunk_stream.h"

namespace cdi::sfodbc {
namespace {

// By zlib, as most servers do.
std::string Gzip(const std::string& text, int level) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // NOLINT: it is only read
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());  // NOLINT: bytes are bytes
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(GunzipAllTest, GivesBackTextsOfAnySizeIntoOneBuffer) {
  std::string text = "rubbish from before";
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{255}, size_t{256}, size_t{257}, size_t{3'000'000}, size_t{9}}) {
    for (const int level : {0, 1, 9}) {
      std::string want;
      for (size_t i = 0; want.size() < size; ++i) want += static_cast<char>('a' + i * i % 23);
      ASSERT_TRUE(GunzipAll(Gzip(want, level), text).ok());
      ASSERT_TRUE(text == want) << size << " bytes, level " << level;
    }
  }
}

TEST(GunzipAllTest, NoticesEveryCutAndEveryFlippedBit) {
  const std::string original = R"(["1","some text"],["2",null])";
  const std::string whole = Gzip(original, 6);
  std::string text;
  for (size_t cut = 0; cut < whole.size(); ++cut) EXPECT_FALSE(GunzipAll(whole.substr(0, cut), text).ok()) << cut;
  for (size_t at = 10; at < whole.size(); ++at) {  // behind the header, whose date and system do not matter
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_TRUE(!GunzipAll(damaged, text).ok() || text == original) << at;  // the last bits of the data are padding
  }
}

// The size in the trailer is a promise of the sender's: it must not make us reserve gigabytes.
TEST(GunzipAllTest, DoesNotTrustTheAnnouncedSize) {
  std::string lying = Gzip("short", 6);
  lying.replace(lying.size() - 4, 4, "\xff\xff\xff\x7f");
  std::string text;
  EXPECT_FALSE(GunzipAll(lying, text).ok());
  EXPECT_LT(text.capacity(), 100'000U);
}

}  // namespace
}  // namespace cdi::sfodbc
