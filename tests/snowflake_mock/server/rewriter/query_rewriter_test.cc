#include "tests/snowflake_mock/server/rewriter/query_rewriter.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace cdi::snowflake_mock {
namespace {

struct Pair {
  const char* name;
  const char* sql;
  const char* engine;  // or "error CODE"
};

class RewriteTest : public testing::TestWithParam<Pair> {
 protected:
  std::string Rewrite(const std::string& sql) {
    Catalog catalog;
    Schema schema{"S", "ACCOUNTADMIN", "", 0, {}};
    Relation& table = schema.relations["T"];
    table.name = "T";
    table.columns.emplace_back().name = "A";
    Relation& view = schema.relations["V"];
    view.name = "V";
    view.owner = "ACCOUNTADMIN";
    view.is_view = true;
    view.view_query = "SELECT A FROM T";
    view.columns.emplace_back().name = "X";
    catalog.databases["D"] = Database{"D", "ACCOUNTADMIN", "", 0, {{"S", schema}}};
    const RewriteContext context{.catalog = catalog,
                                 .role = "ACCOUNTADMIN",
                                 .database = "D",
                                 .schema = "S",
                                 .context_functions = {{"CURRENT_ROLE", "'R'"}},
                                 .login_failure_details = {}};
    const auto tokens = Tokenize(sql);
    if (!tokens.ok()) return "error " + SqlErrorCode(tokens.status());
    const auto query = RewriteQuery(*tokens, context);
    return query.ok() ? query->sql : "error " + SqlErrorCode(query.status());
  }
};

TEST_P(RewriteTest, GivesTheEngineThis) {
  EXPECT_EQ(Rewrite(GetParam().sql), GetParam().engine);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RewriteTest,
    testing::Values(
        Pair{"ResolvesNames", "select a from t", R"(SELECT "T"."A" AS "A" FROM "D.S"."T" AS "T")"},
        Pair{"KeepsAliases", "select x.a from d.s.t x", R"(SELECT "X"."A" AS "A" FROM "D.S"."T" AS "X")"},
        Pair{"ShortensQualifiers", "select d.s.t.a from t", R"(SELECT "T"."A" AS "A" FROM "D.S"."T" AS "T")"},
        Pair{"EncodesLowerCase", R"(select a as "b" from t)", R"(SELECT "T"."A" AS "~B" FROM "D.S"."T" AS "T")"},
        Pair{"RefusesMissingColumns", R"(select "a" from t)", "error 000904"},
        Pair{"NamesItems", "select count(*) from t",
             R"_(SELECT CAST(count(*) AS DECIMAL(18,0)) AS "COUNT(*)" FROM "D.S"."T" AS "T")_"},
        Pair{"ExpandsStars", "select * from t", R"(SELECT "T"."A" AS "A" FROM "D.S"."T" AS "T")"},
        Pair{"CastsToText", "select 1::varchar as x", R"(SELECT SF_TEXT(CAST(1 AS DECIMAL(1,0))) AS "X")"},
        Pair{"DividesExactly", "select 1 / 3 as x",
             R"(SELECT CAST(SF_DIVIDE_6(CAST(1 AS DECIMAL(1,0)), CAST(3 AS DECIMAL(1,0))) AS DECIMAL(7,6)) AS "X")"},
        Pair{"ReadsHexLiterals", "select x'AB' b", R"(SELECT SF_BINARY('AB', 'HEX') AS "B")"},
        Pair{
            "MinusIsExcept", "select 1 as x minus select 2 as y",
            R"(SELECT * FROM (SELECT CAST(1 AS DECIMAL(1,0)) AS "X") EXCEPT SELECT * FROM (SELECT CAST(2 AS DECIMAL(1,0)) AS "Y"))"},
        Pair{"ContextFunctions", "select current_role() as r", R"(SELECT 'R' AS "R")"},
        Pair{"ExpandsViews", "select x from v",
             R"(SELECT "V"."~1" AS "X" FROM (SELECT "T"."A" AS "A" FROM "D.S"."T" AS "T") AS "V"("~1"))"},
        Pair{"KnowsCommonTables", "with t as (select 1 as a) select a from t",
             R"(WITH "T"("~1") AS (SELECT CAST(1 AS DECIMAL(1,0)) AS "A") SELECT "T~2"."~1" AS "A" FROM "T" AS "T~2")"},
        Pair{"DistinctFromIsNoFrom", "select a is distinct from 'x' as d from t",
             R"(SELECT ("T"."A" IS DISTINCT FROM 'x') AS "D" FROM "D.S"."T" AS "T")"},
        Pair{"AliasesMeanTheirExpression", "select 'x' as b, b || 'y' as c",
             R"(SELECT 'x' AS "B", ('x' || 'y') AS "C")"},
        Pair{"RefusesUnknownFunctions", "select epoch_ns(a) from t", "error 002141"},
        Pair{"RefusesStages", "select * from @s", "error 000002"},
        Pair{"RefusesMissingTables", "select 1 from nope", "error 002003"},
        Pair{"RefusesOperatorsOfTheEngine", "select 1 ^ 2", "error 001003"},
        Pair{"RefusesOpenParenthesis", "select (1", "error 001003"},
        Pair{"RefusesCastOfNothing", "select ::int", "error 001003"}),
    [](const auto& test) { return std::string(test.param.name); });

RC_GTEST_PROP(EncodeNameTest, DecodeUndoesEncode, (const std::string& name)) {
  RC_ASSERT(DecodeName(EncodeName(name)) == name);
}

}  // namespace
}  // namespace cdi::snowflake_mock
