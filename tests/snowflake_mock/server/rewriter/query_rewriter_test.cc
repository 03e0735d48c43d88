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
        Pair{"ResolvesNames", "select a from t", R"(SELECT A FROM "D.S"."T" AS "T")"},
        Pair{"KeepsAliases", "select x.a from d.s.t x", R"(SELECT X.A FROM "D.S"."T" AS "X")"},
        Pair{"ShortensQualifiers", "select d.s.t.a from t", R"(SELECT T.A FROM "D.S"."T" AS "T")"},
        Pair{"EncodesLowerCase", R"(select "a" from t)", R"(SELECT "~A" FROM "D.S"."T" AS "T")"},
        Pair{"NamesItems", "select count(*) from t", R"_(SELECT COUNT(*) AS "COUNT(*)" FROM "D.S"."T" AS "T")_"},
        Pair{"CastsToText", "select 1::varchar as x", "SELECT SF_TO_VARCHAR(1) AS X"},
        Pair{"CastsChains", "select (a)::number(5,1)::float f from t",
             R"(SELECT CAST(CAST(( A ) AS DECIMAL(5,1)) AS DOUBLE) F FROM "D.S"."T" AS "T")"},
        Pair{"ReadsPaths", "select a:k.n[0] p from t",
             R"(SELECT json_extract(A, '$."k"."n"[0]') P FROM "D.S"."T" AS "T")"},
        Pair{"ReadsHexLiterals", "select x'AB' b", "SELECT from_hex('AB') B"},
        Pair{"ConcatIsNullWithNull", "select concat('a', b) c", "SELECT (SF_TO_VARCHAR('a') || SF_TO_VARCHAR(B)) C"},
        Pair{"MinusIsExcept", "select 1 as x minus select 2 as y", "SELECT 1 AS X EXCEPT SELECT 2 AS Y"},
        Pair{"ContextFunctions", "select current_role() as r", "SELECT 'R' AS R"},
        Pair{"ExpandsViews", "select x from v",
             R"(SELECT X FROM (SELECT * FROM (SELECT A FROM "D.S"."T" AS "T") AS "~VIEW"("X")) AS "V")"},
        Pair{"KnowsCommonTables", "with t as (select 1 as a) select a from t",
             R"(WITH T AS ( SELECT 1 AS A ) SELECT A FROM "T" AS "T")"},
        Pair{"DistinctFromIsNoFrom", "select a is distinct from 1 as d from t",
             R"(SELECT A IS DISTINCT FROM 1 AS D FROM "D.S"."T" AS "T")"},
        Pair{"RefusesUnknownFunctions", "select epoch_ns(a) from t", "error 002141"},
        Pair{"RefusesStages", "select * from @s", "error 001003"},
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
