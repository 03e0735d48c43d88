#include "tests/snowflake_mock/odbc/reply.h"

#include <gtest/gtest.h>

namespace cdi::sfodbc {
namespace {

TEST(ReplyTest, AResultIsTakenApartWhateverTheOrderOfItsFields) {
  const auto reply =
      ParseReply(R"({"data": {"rowset": [ ["1",null] ,["]","x"] ], "chunks":[{"url":"http://h/1","rowCount":7}],
    "chunkHeaders":{"x-a":"b"}, "parameters":[{"name":"TIMEZONE","value":"UTC"},{"name":"N","value":5}], "sessionInfo":{"roleName":"R"},
    "rowtype":[{"name":"ID","type":"fixed","precision":38,"scale":2,"length":null,"nullable":false}], "returned":9, "queryId":"q"},
    "code": null, "message": null, "success": true})");
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_TRUE(reply->success);
  EXPECT_EQ(reply->code, "");
  EXPECT_EQ(reply->body.substr(reply->rows_offset, reply->rows_size), R"( ["1",null] ,["]","x"] )");
  ASSERT_EQ(reply->columns.size(), 1U);
  EXPECT_EQ(reply->columns[0].scale, 2);
  EXPECT_FALSE(reply->columns[0].nullable);
  EXPECT_FALSE(reply->columns[0].length.has_value());
  ASSERT_EQ(reply->chunks.size(), 1U);
  EXPECT_EQ(reply->chunks[0].row_count, 7U);
  EXPECT_EQ(reply->chunk_headers, std::vector<std::string>{"x-a: b"});
  EXPECT_EQ(reply->parameters.at("TIMEZONE"), "UTC");
  EXPECT_EQ(reply->Field("sessionInfo.roleName"), "R");
  EXPECT_EQ(reply->Number("returned", -1), 9);
}

TEST(ReplyTest, AnEmptyRowsetHasNoRows) {
  const auto reply = ParseReply(R"({"data":{"rowset":[]},"success":true})");
  EXPECT_EQ(reply->rows_size, 0U);
}

TEST(ReplyTest, AFailureKeepsItsCodeAsANumber) {
  const auto reply = ParseReply(R"({"data":null,"code":"000604","message":"m","success":false})");
  ASSERT_TRUE(reply.ok());
  EXPECT_FALSE(reply->success);
  EXPECT_EQ(reply->native_code(), 604);
}

TEST(ReplyTest, AStorageKeyBecomesHeaders) {
  EXPECT_EQ(ParseReply(R"({"data":{"qrmk":"k"},"success":true})")->chunk_headers.size(), 2U);
}

TEST(ReplyTest, ACutReplyIsAnError) {
  const std::string whole = R"({"data":{"rowset":[["1"]],"queryId":"q"},"success":true})";
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseReply(whole.substr(0, size)).ok()) << size;
  }
}

}  // namespace
}  // namespace cdi::sfodbc
