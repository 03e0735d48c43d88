#include "tests/snowflake_mock/server/statements/table_sources.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/table_writer.h"

namespace cdi::snowflake_mock {
namespace {

constexpr size_t kRowsPerInsert = 500;

// "-1.500000000" seconds as nanoseconds.
std::string Nanos(const std::string& wire) {
  const bool negative = !wire.empty() && wire[0] == '-';
  const std::string digits = negative ? wire.substr(1) : wire;
  const size_t point = digits.find('.');
  std::string fraction = point == std::string::npos ? "" : digits.substr(point + 1);
  fraction.resize(9, '0');
  return absl::StrCat(negative ? "-" : "", digits.substr(0, point), fraction);
}

// A wire value (spec/snowflake.md §3.4) as an engine expression.
std::string EngineValue(const SqlType& type, const std::optional<std::string>& wire) {
  if (!wire.has_value()) return absl::StrCat("CAST(NULL AS ", type.EngineName(), ")");
  const std::string instant = absl::StrCat("make_timestamp_ns(CAST(", Nanos(*wire), " AS BIGINT))");
  switch (type.kind) {
    case SqlType::Kind::kDate:
      return absl::StrCat("CAST(make_timestamp(CAST(", *wire, " AS BIGINT) * 86400000000) AS DATE)");
    case SqlType::Kind::kTime:
      return absl::StrCat("CAST(", instant, " AS TIME_NS)");
    case SqlType::Kind::kTimestampNtz:
      return instant;
    case SqlType::Kind::kTimestampLtz:
      return absl::StrCat("SF_TO_LTZ(", instant, ")");
    case SqlType::Kind::kTimestampTz: {
      const size_t blank = wire->find(' ');
      int64_t offset = 1440;
      if (blank != std::string::npos && !absl::SimpleAtoi(wire->substr(blank + 1), &offset)) offset = 1440;
      return absl::StrCat("SF_MAKE_TZ(CAST(", Nanos(wire->substr(0, blank)), " AS BIGINT), ", offset - 1440, ")");
    }
    case SqlType::Kind::kBinary:
      return absl::StrCat("from_hex(", QuoteLiteral(*wire), ")");
    case SqlType::Kind::kVariant:
    case SqlType::Kind::kObject:
    case SqlType::Kind::kArray:
      return absl::StrCat("SF_PARSE_JSON(", QuoteLiteral(*wire), ", 'd')");
    default:
      return absl::StrCat("CAST(", QuoteLiteral(*wire), " AS ", type.EngineName(), ")");
  }
}

absl::Status NotFound(const std::string& id) {
  return SqlError("000709", "02000", absl::StrCat("Statement ", id, " not found"));
}

// LAST_QUERY_ID(n) of the session.
absl::StatusOr<std::string> LastQueryId(Execution& run, int64_t n) {
  const auto& ids = run.session.query_ids;
  const int64_t place = n < 0 ? static_cast<int64_t>(ids.size()) + n : n - 1;
  if (n == 0 || place < 0 || place >= static_cast<int64_t>(ids.size()))
    return NotFound(absl::StrCat("LAST_QUERY_ID(", n, ")"));
  return ids[static_cast<size_t>(place)];
}

// RESULT_SCAN( 'id' | LAST_QUERY_ID([n]) ), behind the name.
absl::StatusOr<TableSource> ResultScan(Execution& run, TokenReader& reader) {
  CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
  std::string id;
  if (reader.TakeWords("LAST_QUERY_ID")) {
    CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
    int64_t n = -1;
    if (!reader.TakeOperator(")")) {
      CDI_ASSIGN_OR_RETURN(const std::string text, reader.OptionValue());
      if (!absl::SimpleAtoi(text, &n)) return reader.Unexpected();
      CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
    }
    CDI_ASSIGN_OR_RETURN(id, LastQueryId(run, n));
  } else if (reader.Peek().kind == TokenKind::kString) {
    id = reader.Next().text;
  } else if (reader.Peek().kind == TokenKind::kParameter) {
    const size_t place = reader.Next().index;
    if (run.bindings == nullptr || place >= run.bindings->size() || !(*run.bindings)[place].value.has_value())
      return Unsupported("RESULT_SCAN of a bind variable without a value");
    id = *(*run.bindings)[place].value;
  } else if (reader.Peek().kind == TokenKind::kVariable && run.session.variables.contains(reader.Peek().text)) {
    const std::string literal = run.session.variables.at(reader.Next().text).literal;
    id = literal.size() > 2 ? literal.substr(1, literal.size() - 2) : literal;
  } else {
    return reader.Unexpected();
  }
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  const auto record = run.account.history.Find(id);
  if (!record.has_value() || record->user != run.session.user) return NotFound(id);
  if (record->result == nullptr) {
    if (record->result_dropped) return SqlError("000612", "02000", "Result not found");
    return NotFound(id);
  }
  return LoadResult(run, *record->result, id);
}

// NAME => value, …, behind "(" up to and with ")".
absl::StatusOr<HistoryFilter> ReadHistoryArguments(Execution& run, TokenReader& reader,
                                                   const std::vector<Token>& tokens, const std::string& time_column) {
  HistoryFilter filter;
  CDI_RETURN_IF_ERROR(reader.ExpectOperator("("));
  const size_t close = ClosingParenthesis(tokens, reader.position() - 1, tokens.size() - 1);
  std::vector<std::string> conditions;
  for (const auto& [begin, end] : SplitAtCommas(tokens, reader.position(), close)) {
    if (end < begin + 3 || tokens[begin].kind != TokenKind::kWord || !tokens[begin + 1].IsOperator("=>"))
      return Unsupported("positional arguments of history functions");
    const std::string& name = tokens[begin].text;
    const std::string& value = tokens[begin + 2].text;
    if (name == "RESULT_LIMIT") {
      if (!absl::SimpleAtoi(value, &filter.limit) || filter.limit < 1 || filter.limit > 10000)
        return SqlError(
            "001044", "42P13",
            absl::StrCat("SQL compilation error:\ninvalid value [", value, "] for function parameter RESULT_LIMIT"));
    } else if (name == "USER_NAME") {
      filter.user = value;
    } else if (name == "WAREHOUSE_NAME") {
      filter.warehouse = value;
    } else if (name == "SESSION_ID") {
      if (!absl::SimpleAtoi(value, &filter.session_id)) return Unsupported("a SESSION_ID that is no number");
    } else if (name.find("RANGE_START") != std::string::npos || name.find("RANGE_END") != std::string::npos) {
      std::vector<Token> query(1);
      query[0].kind = TokenKind::kWord;
      query[0].text = query[0].source = "SELECT";
      query.insert(query.end(), tokens.begin() + static_cast<std::ptrdiff_t>(begin) + 2,
                   tokens.begin() + static_cast<std::ptrdiff_t>(end));
      query.push_back(tokens.back());
      CDI_ASSIGN_OR_RETURN(const RewrittenQuery engine, RewriteQuery(query, MakeContext(run)));
      conditions.push_back(absl::StrCat("\"", time_column, "\" ", name.find("START") != std::string::npos ? ">=" : "<=",
                                        " SF_TO_LTZ((", engine.sql, "))"));
    } else if (name != "INCLUDE_CLIENT_GENERATED_STATEMENT") {
      return Unsupported(absl::StrCat("argument ", name));
    }
  }
  reader.Seek(close);
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  filter.condition = absl::StrJoin(conditions, " AND ");
  return filter;
}

// TABLE( [db.]INFORMATION_SCHEMA.QUERY_HISTORY(…) ) and its kin; nullopt for what is not ours.
absl::StatusOr<std::optional<TableSource>> TableFunction(Execution& run, const std::vector<Token>& tokens, size_t& at) {
  TokenReader reader(tokens, at + 2);
  if (!reader.Peek().IsName()) return std::optional<TableSource>();
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  const std::string& name = parts.back();
  TableSource source;
  if (parts.size() == 1 && name == "RESULT_SCAN") {
    CDI_ASSIGN_OR_RETURN(source, ResultScan(run, reader));
  } else if (parts.size() >= 2 && parts[parts.size() - 2] == "INFORMATION_SCHEMA") {
    const bool queries = name.find("QUERY_HISTORY") == 0;
    const bool logins = name.find("LOGIN_HISTORY") == 0;
    if (!queries && !logins && name != "WAREHOUSE_METERING_HISTORY") return std::optional<TableSource>();
    if (parts.size() == 2 && run.session.database.empty()) {
      return SqlError("090105", "22000",
                      "Cannot perform SELECT. This session does not have a current database. Call 'USE DATABASE', or "
                      "use a qualified name.");
    }
    CDI_ASSIGN_OR_RETURN(HistoryFilter filter, ReadHistoryArguments(run, reader, tokens,
                                                                    queries  ? "END_TIME"
                                                                    : logins ? "EVENT_TIMESTAMP"
                                                                             : "START_TIME"));
    if (name == "QUERY_HISTORY_BY_SESSION" && filter.session_id == 0) filter.session_id = run.session.id;
    if ((name == "QUERY_HISTORY_BY_USER" || name == "LOGIN_HISTORY_BY_USER") && filter.user.empty())
      filter.user = run.session.user;
    if (name == "QUERY_HISTORY_BY_WAREHOUSE" && filter.warehouse.empty()) filter.warehouse = run.session.warehouse;
    source = queries  ? QueryHistorySource(run, filter, false)
             : logins ? LoginHistorySource(run, filter)
                      : MeteringSource(run, filter);
  } else {
    return std::optional<TableSource>();
  }
  CDI_RETURN_IF_ERROR(reader.ExpectOperator(")"));
  at = reader.position();
  return std::optional<TableSource>(std::move(source));
}

// SNOWFLAKE.ACCOUNT_USAGE.<view>
absl::StatusOr<std::optional<TableSource>> AccountUsage(Execution& run, const std::vector<Token>& tokens, size_t& at) {
  TokenReader reader(tokens, at);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  if (parts.size() != 3 || parts[0] != "SNOWFLAKE" || parts[1] != "ACCOUNT_USAGE") return std::optional<TableSource>();
  // Granted through IMPORTED PRIVILEGES on the database SNOWFLAKE, which this mock gives to ACCOUNTADMIN only.
  if (!IsOwner(MakeContext(run), "ACCOUNTADMIN")) return MissingObject("Database", "SNOWFLAKE");
  HistoryFilter all;
  all.limit = 10000;
  std::optional<TableSource> source;
  if (parts[2] == "QUERY_HISTORY") source = QueryHistorySource(run, all, true);
  if (parts[2] == "LOGIN_HISTORY") source = LoginHistorySource(run, all);
  if (parts[2] == "WAREHOUSE_METERING_HISTORY") source = MeteringSource(run, all);
  if (!source.has_value()) return Unsupported(absl::StrCat("SNOWFLAKE.ACCOUNT_USAGE.", parts[2]));
  at = reader.position();
  return source;
}

}  // namespace

absl::StatusOr<TableSource> LoadResult(Execution& run, const ResultSet& result, const std::string& key) {
  TableSource source;
  std::vector<std::string> definitions;
  std::vector<std::string> shown;
  for (size_t i = 0; i < result.columns.size(); ++i) {
    const ResultColumn& column = result.columns[i];
    definitions.push_back(absl::StrCat("\"SF ", i, "\" ", column.type.EngineName()));
    shown.push_back(absl::StrCat("\"SF ", i, "\" AS ", EngineColumn(column.name)));
    Column known;
    known.name = column.name;
    known.type = column.type;
    known.nullable = column.nullable;
    source.columns.push_back(std::move(known));
  }
  const std::string table = absl::StrCat("temp.main.", QuoteEngineName(EncodeName(absl::StrCat("~RESULT.", key))));
  CDI_RETURN_IF_ERROR(
      RunEngine(run, absl::StrCat("CREATE OR REPLACE TEMP TABLE ", table, " (", absl::StrJoin(definitions, ", "), ")"))
          .status());
  const nlohmann::json rows = result.AllRows();
  if (!rows.is_array())
    return SqlError("000603", "XX000", "SQL execution internal error: a result cannot be read again.");
  for (size_t first = 0; first < rows.size(); first += kRowsPerInsert) {
    std::vector<std::string> tuples;
    for (size_t i = first; i < std::min(first + kRowsPerInsert, rows.size()); ++i) {
      std::vector<std::string> cells;
      for (size_t j = 0; j < result.columns.size(); ++j) {
        const auto& cell = rows[i][j];
        cells.push_back(EngineValue(result.columns[j].type,
                                    cell.is_null() ? std::nullopt : std::optional(cell.get<std::string>())));
      }
      tuples.push_back(absl::StrCat("(", absl::StrJoin(cells, ", "), ")"));
    }
    CDI_RETURN_IF_ERROR(
        RunEngine(run, absl::StrCat("INSERT INTO ", table, " VALUES ", absl::StrJoin(tuples, ", "))).status());
  }
  source.sql = absl::StrCat("(SELECT ", absl::StrJoin(shown, ", "), " FROM ", table, ")");
  return source;
}

TableSourceHook MakeTableSource(Execution& run) {
  return [&run](const std::vector<Token>& tokens, size_t& at) -> absl::StatusOr<std::optional<TableSource>> {
    const Token& token = tokens[at];
    if (token.kind == TokenKind::kVariable && !run.piped.empty()) {
      int64_t back = 0;
      if (!absl::SimpleAtoi(token.text, &back) || back < 1 || back > static_cast<int64_t>(run.piped.size()))
        return Unsupported(absl::StrCat("$", token.text, " as a table"));
      CDI_ASSIGN_OR_RETURN(TableSource source, LoadResult(run, *run.piped[run.piped.size() - static_cast<size_t>(back)],
                                                          absl::StrCat("$", token.text)));
      ++at;
      return std::optional<TableSource>(std::move(source));
    }
    if (token.IsWord("TABLE") && tokens[at + 1].IsOperator("(")) return TableFunction(run, tokens, at);
    if (token.IsWord("SNOWFLAKE")) return AccountUsage(run, tokens, at);
    return std::optional<TableSource>();
  };
}

bool HasPipe(const std::vector<Token>& tokens) {
  return std::any_of(tokens.begin(), tokens.end(), [](const Token& token) { return token.IsOperator("->>"); });
}

absl::StatusOr<ResultSet> RunPipe(Execution& run) {
  std::vector<std::shared_ptr<const ResultSet>> results;
  size_t begin = 0;
  while (true) {
    size_t end = begin;
    while (!run.tokens[end].IsOperator("->>") && run.tokens[end].kind != TokenKind::kEnd) ++end;
    const bool last = run.tokens[end].kind == TokenKind::kEnd;
    if (begin == end) return SyntaxError(run.tokens[end].place, last ? "<EOF>" : "->>");
    std::vector<Token> tokens(run.tokens.begin() + static_cast<std::ptrdiff_t>(begin),
                              run.tokens.begin() + static_cast<std::ptrdiff_t>(end));
    Token end_token;
    end_token.place = run.tokens[end].place;
    tokens.push_back(end_token);
    // Offsets of the tokens are those of the whole text.
    Execution stage{run.account,          run.session,   run.stop,          run.bindings, run.describe_only,
                    run.now_ns,           run.sql,       std::move(tokens), results,      run.secondary_roles,
                    run.warehouse_in_use, run.parameters};
    auto finished = RunRouted(stage);
    run.warehouse_in_use = stage.warehouse_in_use;  // left once, at the end of the whole statement
    CDI_ASSIGN_OR_RETURN(ResultSet result, std::move(finished));
    if (last) return result;
    results.push_back(std::make_shared<const ResultSet>(std::move(result)));
    begin = end + 1;
  }
}

}  // namespace cdi::snowflake_mock
