// Statements over the protocol: repeats, polls, cancels, states, bindings, several statements, chunks, history.
#include "tests/snowflake_mock/server/http/http_test_support.h"

namespace cdi::snowflake_mock {
namespace {

class StatementProtocolTest : public HttpServerTest {
 protected:
  void SetUp() override {
    HttpServerTest::SetUp();
    Admin("GRANT INSERT, UPDATE, DELETE ON TABLE D.PUBLIC.SMALL TO ROLE R; TRUNCATE TABLE D.PUBLIC.SMALL");
    LogIn();
  }
  std::string CountOfSmall() { return Query("SELECT COUNT(*) FROM SMALL")["data"]["rowset"][0][0]; }
  // Until the statement shows `status`; a test that never gets there is ended by its time limit.
  void Await(const std::string& query_id, const std::string& status) {
    while (Status(query_id) != status) std::this_thread::yield();
  }
  std::string Start(const std::string& sql) { return Query(sql, {{"asyncExec", true}})["data"]["queryId"]; }
  static std::string PathOf(const Json& chunk) {
    const std::string url = chunk["url"];
    return url.substr(url.find("/__storage"));
  }
};

TEST_F(StatementProtocolTest, ARepeatOfARunningRequestWaitsForTheSameExecution) {
  Control("/__mock/faults", {{"query_delay_ms", 200}});
  const std::string id = RandomUuid();
  const std::string sql = "INSERT INTO SMALL (ID) VALUES (1)";
  std::vector<Json> replies(3);
  std::vector<std::thread> threads;
  for (Json& reply : replies) {
    threads.emplace_back([&, out = &reply] {
      const auto sent = Client()->Post("/queries/v1/query-request?requestId=" + id + "&retry=true&retryCount=1",
                                       Auth(token_), Json{{"sqlText", sql}}.dump(), "application/json");
      *out = Json::parse(sent->body);
    });
  }
  for (std::thread& thread : threads) thread.join();
  Control("/__mock/faults", {{"query_delay_ms", 0}});
  for (const Json& reply : replies) EXPECT_EQ(reply["data"]["queryId"], replies[0]["data"]["queryId"]);
  EXPECT_EQ(CountOfSmall(), "1");
}

TEST_F(StatementProtocolTest, MonitoringTellsEveryState) {
  for (const char* state : {"QUEUED", "RESUMING_WAREHOUSE", "BLOCKED", "QUEUED_REPARING_WAREHOUSE"}) {
    Control("/__mock/faults", {{"fault", "delay"}, {"seconds", 600}, {"state", state}});
    const std::string id = Start("SELECT 1");
    Await(id, state);
    EXPECT_TRUE(Post("/queries/" + id + "/abort-request", {})["success"].get<bool>());
    Await(id, "ABORTED");
    EXPECT_EQ(Result(id)["code"], "000604");
    EXPECT_EQ(Post("/queries/" + id + "/abort-request", {})["code"], "000605");
  }
  const std::string running = Start("SELECT SYSTEM$WAIT(600)");
  Await(running, "RUNNING");
  Post("/queries/" + running + "/abort-request", {});
  const std::string failed = Start("SELECT NOPE FROM SMALL");
  Await(failed, "FAILED_WITH_ERROR");
  const std::string good = Start("SELECT 1");
  Await(good, "SUCCESS");
  EXPECT_EQ(Status("01000000-0000-0000-0000-000000000000"), "");
  EXPECT_EQ(Result("01000000-0000-0000-0000-000000000000")["code"], "000709");
  EXPECT_EQ(Get("/monitoring/queries//" + good)["data"]["queries"].size(), 1U) << "the Rust core writes two slashes";
}

TEST_F(StatementProtocolTest, StatementsOfOneSessionOverlap) {
  const std::string waiting = Start("SELECT SYSTEM$WAIT(600)");
  Await(waiting, "RUNNING");
  EXPECT_EQ(Query("SELECT CURRENT_ROLE(), 7")["data"]["rowset"][0], Json::parse(R"(["R","7"])"));
  EXPECT_TRUE(Post("/queries/" + waiting + "/abort-request", {})["success"].get<bool>());
  EXPECT_EQ(Result(waiting)["code"], "000604");
}

TEST_F(StatementProtocolTest, AStatementThatWaitsItsTurnIsCancelledAtOnce) {
  const std::string waiting = Start("SELECT SYSTEM$WAIT(600)");
  Await(waiting, "RUNNING");
  const std::string behind = Start("USE ROLE R");  // changes the session, so it waits
  EXPECT_TRUE(Post("/queries/" + behind + "/abort-request", {})["success"].get<bool>());
  EXPECT_EQ(Result(behind)["code"], "000604");
  Post("/queries/" + waiting + "/abort-request", {});
}

TEST_F(StatementProtocolTest, AStatementIsCancelledBySqlToo) {
  const std::string victim = Start("SELECT SYSTEM$WAIT(600)");
  Await(victim, "RUNNING");
  const std::string call = "SYSTEM$CANCEL_QUERY('" + victim + "')";
  token_ = LoginWith(MakeToken({}), "&databaseName=d&schemaName=public")["data"]["token"];
  EXPECT_TRUE(Query("SELECT " + call, {{"describeOnly", true}})["success"].get<bool>());
  EXPECT_EQ(Query("SELECT NOPE, " + call)["code"], "000904");
  EXPECT_EQ(Status(victim), "RUNNING") << "a query that does not run cancels nothing";
  const Json done = Query("SELECT " + call + ", 7");
  EXPECT_EQ(done["data"]["rowset"][0], Json({"query [" + victim + "] terminated.", "7"}));
  EXPECT_EQ(Result(victim)["code"], "000604");
  Await(victim, "ABORTED");
  EXPECT_EQ(Query("CALL " + call)["data"]["rowset"][0][0], "Identified SQL statement is not currently executing.");
  EXPECT_EQ(Query("SELECT SYSTEM$CANCEL_QUERY('no id')")["data"]["rowset"][0][0],
            "Identified SQL statement is not currently executing.");
  EXPECT_EQ(Query("SELECT SYSTEM$CANCEL_QUERY(ID) FROM SMALL")["code"], "000002");
  EXPECT_EQ(Query("INSERT INTO SMALL (ID) SELECT LENGTH(" + call + ")")["code"], "000002");
}

TEST_F(StatementProtocolTest, AllStatementsOfASessionAreCancelledButTheOneThatAsks) {
  const std::string session = Query("SELECT CURRENT_SESSION()")["data"]["rowset"][0][0];
  const std::vector<std::string> victims = {Start("SELECT SYSTEM$WAIT(600)"), Start("SELECT SYSTEM$WAIT(601)")};
  for (const std::string& victim : victims) Await(victim, "RUNNING");
  const std::string first_token = token_;
  token_ = LoginWith(MakeToken({}))["data"]["token"];
  const std::string spared = Start("SELECT SYSTEM$WAIT(600)");
  Await(spared, "RUNNING");
  token_ = first_token;
  const Json bindings{{"1", {{"type", "FIXED"}, {"value", session}}}};
  const Json reply = Query("CALL SYSTEM$CANCEL_ALL_QUERIES(?)", {{"bindings", bindings}});
  ASSERT_TRUE(reply["success"].get<bool>()) << reply;
  EXPECT_EQ(reply["data"]["rowtype"][0]["name"], "SYSTEM$CANCEL_ALL_QUERIES");
  for (const std::string& victim : victims) EXPECT_EQ(Result(victim)["code"], "000604");
  EXPECT_EQ(Status(spared), "RUNNING");
  EXPECT_TRUE(Query("SELECT SYSTEM$CANCEL_QUERY('" + spared + "')")["success"].get<bool>());
}

TEST_F(StatementProtocolTest, OthersStatementsAreCancelledByThoseWhoMay) {
  Admin(absl::StrCat("CREATE ROLE OPERATORS; CREATE USER OTHER DEFAULT_ROLE = UNGRANTED RSA_PUBLIC_KEY = '",
                     Key().PublicBase64(),
                     "'; GRANT ROLE UNGRANTED TO USER OTHER; GRANT ROLE OPERATORS TO USER OTHER"));
  const std::string session = Query("SELECT CURRENT_SESSION()")["data"]["rowset"][0][0];
  const std::string victim = Start("SELECT SYSTEM$WAIT(600)");
  Await(victim, "RUNNING");
  const std::string by_id = "SELECT SYSTEM$CANCEL_QUERY('" + victim + "')";
  const std::string by_session = "CALL SYSTEM$CANCEL_ALL_QUERIES(" + session + ")";
  const std::string owner =
      std::exchange(token_, LoginWith(MakeToken({.user = "OTHER"}), "", "other")["data"]["token"].get<std::string>());
  EXPECT_EQ(Query(by_id)["code"], "003001");
  EXPECT_EQ(Query(by_session)["code"], "003001");
  Admin("GRANT OPERATE ON WAREHOUSE WH TO ROLE OPERATORS");
  EXPECT_EQ(Query(by_id)["code"], "003001") << "not with this role";
  EXPECT_TRUE(Query("USE ROLE OPERATORS")["success"].get<bool>());
  EXPECT_TRUE(Query(by_id)["success"].get<bool>());
  token_ = owner;
  EXPECT_EQ(Result(victim)["code"], "000604");
}

TEST_F(StatementProtocolTest, ADetachedStatementIsAbortedWhenItsSessionAsksForIt) {
  Control("/__mock/settings", {{"detached_abort_seconds", 0}, {"poll_hold_ms", 1}});
  const Json kept = Query("SELECT SYSTEM$WAIT(600)");
  EXPECT_EQ(kept["code"], "333333");
  const std::string kept_id = kept["data"]["queryId"];
  Await(kept_id, "RUNNING");  // nobody asked for an abort
  Post("/queries/" + kept_id + "/abort-request", {});
  Await(Query("ALTER SESSION SET ABORT_DETACHED_QUERY = TRUE")["data"]["queryId"], "SUCCESS");
  Await(Query("SELECT SYSTEM$WAIT(600)")["data"]["queryId"], "ABORTED");
}

TEST_F(StatementProtocolTest, ArrayBindingsRunForEveryRowOrForNone) {
  Json ids = Json::array();
  Json stamps = Json::array();
  for (int i = 0; i < 5000; ++i) {
    ids.push_back(std::to_string(i));
    stamps.push_back(i % 10 == 0 ? Json(nullptr) : Json("1767225600123456789"));
  }
  const auto bindings = [&] {
    return Json{{"1", {{"type", "FIXED"}, {"value", ids}}}, {"2", {{"type", "TIMESTAMP_NTZ"}, {"value", stamps}}}};
  };
  const Json reply = Query("INSERT INTO SMALL (ID, TS) VALUES (?, ?)", {{"bindings", bindings()}});
  ASSERT_TRUE(reply["success"].get<bool>()) << reply["message"];
  EXPECT_EQ(reply["data"]["rowset"][0][0], "5000");
  EXPECT_EQ(reply["data"]["stats"]["numRowsInserted"], 5000);
  EXPECT_EQ(Query("SELECT COUNT(TS), SUM(ID) FROM SMALL")["data"]["rowset"][0], Json::parse(R"(["4500","12497500"])"));
  ids[4999] = "not a number";
  EXPECT_FALSE(Query("INSERT INTO SMALL (ID, TS) VALUES (?, ?)", {{"bindings", bindings()}})["success"].get<bool>());
  EXPECT_EQ(CountOfSmall(), "5000") << "none of the batch";
  const Json three{{"1", {{"type", "FIXED"}, {"value", {"1", "2", "3"}}}}};
  EXPECT_EQ(Query("DELETE FROM SMALL WHERE ID = ?", {{"bindings", three}})["data"]["stats"]["numRowsDeleted"], 3);
  EXPECT_EQ(Query("SELECT ?", {{"bindings", three}})["code"], "002049");
}

Json Bound(const char* type, const std::vector<Json>& values) {
  Json bindings = Json::object();
  for (const Json& value : values) bindings[std::to_string(bindings.size() + 1)] = {{"type", type}, {"value", value}};
  return {{"bindings", bindings}};
}

TEST_F(StatementProtocolTest, NumberedPlacesTakeTheirValueWhereverTheyStand) {
  EXPECT_EQ(Query("SELECT :2, :1, ?, :2", Bound("TEXT", {"a", "b"}))["data"]["rowset"][0],
            Json::parse(R"(["b","a","a","b"])"));
  EXPECT_EQ(Query("SELECT :3", Bound("TEXT", {"a", "b"}))["code"], "002049");
  Query("INSERT INTO SMALL (ID) VALUES (:2), (:1)", Bound("FIXED", {"1", "2"}));
  // Texts that are put together anew for the engine: the order of the places changes, their values do not.
  const Json updated = Query("UPDATE SMALL SET TS = NULL, ID = :2 WHERE ID = :1", Bound("FIXED", {"1", "10"}));
  EXPECT_EQ(updated["data"]["stats"]["numRowsUpdated"], 1) << updated;
  const Json merged = Query(
      "MERGE INTO SMALL T USING (SELECT :1 AS I UNION ALL SELECT :3) S ON T.ID = S.I "
      "WHEN MATCHED AND S.I = :1 THEN UPDATE SET ID = :2 WHEN NOT MATCHED THEN INSERT (ID) VALUES (:3)",
      Bound("FIXED", {"10", "20", "30"}));
  ASSERT_TRUE(merged["success"].get<bool>()) << merged["message"];
  EXPECT_EQ(Query("SELECT ID FROM SMALL ORDER BY ID")["data"]["rowset"], Json::parse(R"([["2"],["20"],["30"]])"));
  const Json kept = Query("SELECT 7 AS N");
  EXPECT_EQ(Query("SELECT ?, N FROM TABLE(RESULT_SCAN(?)) WHERE N = ?",
                  Bound("TEXT", {"a", kept["data"]["queryId"], "7"}))["data"]["rowset"][0],
            Json::parse(R"(["a","7"])"));
  EXPECT_EQ(Query("SELECT :1 AS A ->> SELECT A, :2 FROM $1", Bound("TEXT", {"a", "b"}))["data"]["rowset"][0],
            Json::parse(R"(["a","b"])"));
}

TEST_F(StatementProtocolTest, ArrayBindingsOfOneStatementKeepEachRowTogether) {
  const Json two = Bound("FIXED", {Json{"1", "2"}, Json{"10", "20"}});
  EXPECT_EQ(Query("INSERT INTO SMALL (ID) VALUES (:2)", two)["data"]["rowset"][0][0], "2");
  EXPECT_EQ(Query("INSERT INTO SMALL (ID) VALUES (?)", two)["data"]["rowset"][0][0], "2");  // one value to spare
  EXPECT_EQ(Query("SELECT ID FROM SMALL ORDER BY ID")["data"]["rowset"], Json::parse(R"([["1"],["2"],["10"],["20"]])"));
  EXPECT_EQ(Query("INSERT INTO SMALL (ID) SELECT ? + ? + ?", two)["code"], "002049");
  EXPECT_EQ(Query("INSERT INTO SMALL (ID) VALUES (:3)", two)["code"], "002049");
  EXPECT_EQ(CountOfSmall(), "4");
}

TEST_F(StatementProtocolTest, StatementsOfOneRequestShareItsNumberedValues) {
  Json request = Bound("TEXT", {"a", "b"});
  request["parameters"] = {{"MULTI_STATEMENT_COUNT", 2}};
  const Json reply = Query("SELECT :2; SELECT :1, :2", request);
  ASSERT_TRUE(reply["success"].get<bool>()) << reply["message"];
  const std::string ids = reply["data"]["resultIds"];
  const std::string last = ids.substr(ids.find(',') + 1);
  EXPECT_EQ(Query("SELECT * FROM TABLE(RESULT_SCAN('" + last + "'))")["data"]["rowset"][0],
            Json::parse(R"(["a","b"])"));
}

TEST_F(StatementProtocolTest, DocumentsAreBoundAsJsonButNotByRows) {
  const Json reply =
      Query("SELECT ?, ?:k, PARSE_JSON(?):k[1]", Bound("VARIANT", {"[1, 2.5]", R"({"k":"v"})", R"({"k":[1,"x"]})"}));
  ASSERT_TRUE(reply["success"].get<bool>()) << reply["message"];
  EXPECT_EQ(Json::parse(reply["data"]["rowset"][0][0].get<std::string>()), Json::parse("[1,2.5]"));
  EXPECT_EQ(reply["data"]["rowset"][0][1], "\"v\"");
  EXPECT_EQ(reply["data"]["rowset"][0][2], "\"x\"");
  EXPECT_EQ(Query("SELECT ?", Bound("OBJECT", {R"({"k":1})"}))["data"]["rowtype"][0]["type"], "object");
  EXPECT_EQ(Query("SELECT ?", Bound("ARRAY", {"[1]"}))["data"]["rowtype"][0]["type"], "array");
  EXPECT_EQ(Query("SELECT ?", Bound("VARIANT", {nullptr}))["data"]["rowset"][0][0], nullptr);
  EXPECT_EQ(Query("SELECT ?", Bound("VARIANT", {"{nonsense"}))["code"], "100069");
  EXPECT_EQ(Query("INSERT INTO SMALL (ID) VALUES (?)", Bound("VARIANT", {Json{"1", "2"}}))["code"], "002040");
}

TEST_F(StatementProtocolTest, NumbersAreBoundWithAnExponentToo) {
  EXPECT_EQ(Query("SELECT ? = 1000000000000000000000::NUMBER(38,0), ? = 0.00001::NUMBER(38,5)",
                  Bound("FIXED", {"1e+21", "1e-05"}))["data"]["rowset"][0],
            Json::parse(R"(["1","1"])"));
  EXPECT_EQ(Query("SELECT ?", Bound("FIXED", {"1e999"}))["code"], "100038");
  EXPECT_EQ(Query("SELECT ?", Bound("FIXED", {"e5"}))["code"], "100038");
}

TEST_F(StatementProtocolTest, DescribeOnlyCountsTheBinds) {
  const Json data = Query("INSERT INTO SMALL (ID, TS) VALUES (?, ?)", {{"describeOnly", true}})["data"];
  EXPECT_EQ(data["numberOfBinds"], 2);
  EXPECT_EQ(data["arrayBindSupported"], true);
  EXPECT_EQ(Query("SELECT ID FROM SMALL WHERE ID = ?", {{"describeOnly", true}})["data"]["numberOfBinds"], 1);
  EXPECT_EQ(Query("SELECT :2, :1, :2", {{"describeOnly", true}})["data"]["numberOfBinds"], 2);
}

TEST_F(StatementProtocolTest, SeveralStatementsAnswerOneResultEach) {
  const std::string sql = "INSERT INTO SMALL (ID) VALUES (7); SELECT ID FROM SMALL; SELECT 'a', 2";
  const Json reply = Query(sql, {{"parameters", {{"MULTI_STATEMENT_COUNT", 3}}}});
  ASSERT_TRUE(reply["success"].get<bool>()) << reply;
  EXPECT_EQ(reply["data"]["statementTypeId"], 0xA000);
  EXPECT_EQ(reply["data"]["resultTypes"], "12544,4096,4096");
  const std::string ids = reply["data"]["resultIds"];
  ASSERT_EQ(ids.size(), 36U * 3 + 2);
  EXPECT_EQ(Result(ids.substr(0, 36))["data"]["rowset"], Json::parse(R"([["1"]])"));
  EXPECT_EQ(Result(ids.substr(37, 36))["data"]["rowset"], Json::parse(R"([["7"]])"));
  EXPECT_EQ(Result(ids.substr(74))["data"]["rowset"], Json::parse(R"([["a","2"]])"));
  EXPECT_EQ(Query(sql)["code"], "000008") << "one is the default";
  EXPECT_EQ(Query(sql, {{"parameters", {{"MULTI_STATEMENT_COUNT", 2}}}})["code"], "000008");
  EXPECT_TRUE(Query(sql, {{"parameters", {{"MULTI_STATEMENT_COUNT", 0}}}})["success"].get<bool>()) << "any number";
  EXPECT_EQ(Query("SELECT 1; SELECT NOPE FROM SMALL", {{"parameters", {{"MULTI_STATEMENT_COUNT", 0}}}})["code"],
            "000904");
}

TEST_F(StatementProtocolTest, ParametersOfARequestHoldForItAlone) {
  Query("SELECT 1", {{"parameters", {{"QUERY_TAG", "123"}}}});
  EXPECT_EQ(History().back()["tag"], "123");
  Query("SELECT 2");
  EXPECT_EQ(History().back()["tag"], "");
  const Json slow = Query("SELECT SYSTEM$WAIT(600)", {{"parameters", {{"STATEMENT_TIMEOUT_IN_SECONDS", 1}}}});
  EXPECT_EQ(slow["code"], "000630");
  EXPECT_EQ(slow["data"]["sqlState"], "57014");
}

TEST_F(StatementProtocolTest, ParametersAreEchoedWithTheirTypes) {
  Query("ALTER SESSION SET JS_TREAT_INTEGER_AS_BIGINT = TRUE, QUERY_TAG = '42', CLIENT_RESULT_CHUNK_SIZE = 48");
  std::map<std::string, Json> parameters;
  const Json data = Query("SELECT 1")["data"];
  for (const Json& one : data["parameters"]) parameters[one["name"]] = one["value"];
  EXPECT_EQ(parameters["JS_TREAT_INTEGER_AS_BIGINT"], true);
  EXPECT_EQ(parameters["QUERY_TAG"], "42");
  EXPECT_EQ(parameters["CLIENT_RESULT_CHUNK_SIZE"], 48);
  EXPECT_EQ(parameters["BINARY_OUTPUT_FORMAT"], "HEX");
}

TEST_F(StatementProtocolTest, EveryChunkHasAUrlOfItsOwnThatExpires) {
  const Json data = Query("SELECT ID, NAME FROM T")["data"];
  ASSERT_GT(data["chunks"].size(), 1U);
  EXPECT_TRUE(data["chunkHeaders"].is_object());
  std::set<std::string> urls;
  for (const Json& chunk : data["chunks"]) urls.insert(PathOf(chunk));
  EXPECT_EQ(urls.size(), data["chunks"].size());
  const std::string first = PathOf(data["chunks"][0]);
  EXPECT_EQ(Client()->Get(first)->status, 200);
  Control("/__mock/clock", {{"shift_seconds", 21601}});
  EXPECT_EQ(Client()->Get(first)->status, 403);
  Control("/__mock/clock", {{"shift_seconds", 0}});
  EXPECT_EQ(Client()->Get("/__storage/x/0/9999999999/abc")->status, 403);
  EXPECT_EQ(Client()->Get("/__storage/x")->status, 404);
}

TEST_F(StatementProtocolTest, ChunksMayBeKeyedByQrmkAndDemandTheirHeaders) {
  Control("/__mock/settings", {{"chunk_key_by_qrmk", 1}, {"storage_checks_headers", 1}});
  const Json data = Query("SELECT ID, NAME FROM T")["data"];
  EXPECT_FALSE(data.contains("chunkHeaders"));
  const std::string path = PathOf(data["chunks"][0]);
  EXPECT_EQ(Client()->Get(path)->status, 403);
  const httplib::Headers headers = {{"x-amz-server-side-encryption-customer-algorithm", "AES256"},
                                    {"x-amz-server-side-encryption-customer-key", data["qrmk"]}};
  EXPECT_EQ(Client()->Get(path, headers)->status, 200);
}

TEST_F(StatementProtocolTest, ResultsGoAfterTheirTimeAndOverTheirBudget) {
  const std::string old = Query("SELECT ID, NAME FROM T")["data"]["queryId"];
  EXPECT_TRUE(Result(old)["success"].get<bool>());
  Control("/__mock/settings", {{"result_megabytes", 0}});
  Query("SELECT 1");
  EXPECT_EQ(Result(old)["code"], "000612");
  Control("/__mock/settings", {{"result_megabytes", 100}, {"result_seconds", 60}, {"session_seconds", 9000}});
  LogIn();
  const std::string young = Query("SELECT ID, NAME FROM T")["data"]["queryId"];
  Control("/__mock/clock", {{"shift_seconds", 20}});
  EXPECT_TRUE(Result(young)["success"].get<bool>());
  Control("/__mock/clock", {{"shift_seconds", 70}});
  EXPECT_EQ(Result(young)["code"], "000612");
}

TEST_F(StatementProtocolTest, ANulCharacterIsRefusedInSqlAndLeavesTheHistoryWhole) {
  const Json refused = Query(std::string("SELECT 1 /*\0*/", 14));
  EXPECT_EQ(refused["code"], "000002") << refused;
  const Json bound =
      Query("SELECT LENGTH(?)", {{"bindings", {{"1", {{"type", "TEXT"}, {"value", std::string("a\0b", 3)}}}}}});
  ASSERT_TRUE(bound["success"].get<bool>()) << bound;
  EXPECT_EQ(bound["data"]["rowset"][0][0], "3");
  const Json history = Query(
      "SELECT LENGTH(QUERY_TEXT), ERROR_CODE FROM TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_SESSION()) "
      "WHERE ERROR_CODE = 2");
  ASSERT_TRUE(history["success"].get<bool>()) << history;
  EXPECT_EQ(history["data"]["rowset"][0][0], "14");
}

TEST_F(StatementProtocolTest, ALongQueryTagIsRefused) {
  EXPECT_TRUE(Query("SELECT 1", {{"parameters", {{"QUERY_TAG", std::string(2000, 't')}}}})["success"].get<bool>());
  EXPECT_EQ(Query("SELECT 1", {{"parameters", {{"QUERY_TAG", std::string(2001, 't')}}}})["code"], "001008");
  EXPECT_EQ(Query("ALTER SESSION SET QUERY_TAG = '" + std::string(2001, 't') + "'")["code"], "001008");
}

TEST_F(StatementProtocolTest, ArraysOfBindingsAreEquallyLong) {
  const Json refused = Query(
      "INSERT INTO SMALL VALUES (?, ?)",
      {{"bindings", {{"1", {{"type", "FIXED"}, {"value", {"1", "2"}}}}, {"2", {{"type", "TEXT"}, {"value", {"x"}}}}}}});
  EXPECT_EQ(refused["code"], "390400");
  EXPECT_NE(refused["message"].get<std::string>().find("binding 2 has 1 values"), std::string::npos) << refused;
}

TEST_F(StatementProtocolTest, TheHistoryTellsWhoRanWhat) {
  Query("ALTER SESSION SET QUERY_TAG = 'nightly'");
  Query("/* c */ INSERT INTO SMALL (ID) VALUES (1), (2)");
  Query("SELECT NOPE FROM SMALL");
  const Json history = History();
  const Json& insert = history[history.size() - 2];
  EXPECT_EQ(insert["type"], "INSERT");
  EXPECT_EQ(insert["rows"], 2);
  EXPECT_EQ(insert["user"], "SVC");
  EXPECT_EQ(insert["role"], "R");
  EXPECT_EQ(insert["warehouse"], "WH");
  EXPECT_EQ(insert["tag"], "nightly");
  EXPECT_EQ(insert["status"], "SUCCESS");
  EXPECT_GE(insert["ended_ns"].get<int64_t>(), insert["started_ns"].get<int64_t>());
  EXPECT_EQ(history.back()["status"], "FAILED_WITH_ERROR");
  EXPECT_EQ(history.back()["code"], "000904");
  const Json tagged = Json::parse(Client()->Get("/__mock/queries?tag=nightly&limit=1")->body)["queries"];
  ASSERT_EQ(tagged.size(), 1U);
  EXPECT_EQ(tagged[0]["code"], "000904");
}

}  // namespace
}  // namespace cdi::snowflake_mock
