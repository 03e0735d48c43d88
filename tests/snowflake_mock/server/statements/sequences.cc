#include "tests/snowflake_mock/server/statements/sequences.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tests/snowflake_mock/server/rewriter/privileges.h"
#include "tests/snowflake_mock/server/statements/create.h"
#include "tests/snowflake_mock/server/statements/table_writer.h"

namespace cdi::snowflake_mock {

std::string SequencePhysicalName(const ObjectName& name) {
  return absl::StrCat(PhysicalSchema(name.database, name.schema), ".",
                      QuoteEngineName(EncodeName(absl::StrCat("~SEQ.", name.object))));
}

absl::Status CreateEngineSequence(Execution& run, const std::string& engine_name, bool temporary, int64_t start,
                                  int64_t step) {
  return RunEngine(run,
                   absl::StrCat("CREATE ", temporary ? "TEMP " : "", "SEQUENCE ", engine_name, " INCREMENT BY ", step,
                                " MINVALUE -9223372036854775808 MAXVALUE 9223372036854775807 START WITH ", start))
      .status();
}

absl::StatusOr<int64_t> NextOfSequence(Execution& run, const std::string& engine_name, int64_t start) {
  // The engine has no way to ask for the next value but its own list of sequences.
  CDI_ASSIGN_OR_RETURN(const auto rows,
                       ReadEngine(run,
                                  "SELECT '\"' || schema_name || '\".\"' || replace(sequence_name, '\"', '\"\"') "
                                  "|| '\"', CAST(last_value AS VARCHAR), CAST(increment_by AS VARCHAR) FROM "
                                  "duckdb_sequences()"));
  for (const EngineRow& row : rows) {
    if (!row[0].has_value() || *row[0] != engine_name) continue;
    int64_t last = 0;
    int64_t step = 1;
    if (!row[1].has_value() || !absl::SimpleAtoi(*row[1], &last)) return start;
    if (row[2].has_value() && !absl::SimpleAtoi(*row[2], &step)) step = 1;
    return last + step;
  }
  return start;
}

absl::StatusOr<std::vector<Token>> ReplaceNextval(Execution& run, const std::vector<Token>& tokens,
                                                  const RewriteContext& context) {
  std::vector<Token> replaced;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool next_value = tokens[i].IsWord("NEXTVAL") && i >= 2 && tokens[i - 1].IsOperator(".") &&
                            tokens[i - 2].IsName() && !(i + 1 < tokens.size() && tokens[i + 1].IsOperator("("));
    if (!next_value) {
      replaced.push_back(tokens[i]);
      continue;
    }
    std::vector<std::string> parts;
    size_t begin = i;
    while (begin >= 2 && tokens[begin - 1].IsOperator(".") && tokens[begin - 2].IsName()) {
      begin -= 2;
      parts.insert(parts.begin(), tokens[begin].text);
    }
    CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
    const Schema* const schema = context.catalog.FindSchema(name.database, name.schema);
    // An alias with a column NEXTVAL stays what it is.
    if (schema == nullptr || !schema->sequences.contains(name.object)) {
      replaced.push_back(tokens[i]);
      continue;
    }
    CDI_RETURN_IF_ERROR(CheckContainers(name, context));
    if (!HasPrivilege(context, "USAGE", "SEQUENCE", name.Display())) return MissingObject("Sequence", name.Display());
    replaced.resize(replaced.size() - (i - begin));
    Token token;
    token.kind = TokenKind::kRaw;
    token.text = absl::StrCat("nextval(", QuoteLiteral(SequencePhysicalName(name)), ")");
    token.place = tokens[begin].place;
    token.begin = tokens[begin].begin;
    token.end = tokens[i].end;
    replaced.push_back(std::move(token));
    // Alone in a select list it is called NEXTVAL.
    const bool alone =
        begin > 0 && (tokens[begin - 1].IsWord("SELECT") || tokens[begin - 1].IsOperator(",")) &&
        (tokens[i + 1].kind == TokenKind::kEnd || tokens[i + 1].IsOperator(",") || tokens[i + 1].IsWord("FROM"));
    if (alone && !run.tokens.empty() && run.tokens[0].IsWord("SELECT")) {
      Token as;
      as.kind = TokenKind::kWord;
      as.text = as.source = "AS";
      replaced.push_back(as);
      as.text = as.source = "NEXTVAL";
      replaced.push_back(as);
    }
  }
  return replaced;
}

absl::StatusOr<ResultSet> CreateSequence(Execution& run, TokenReader& reader, const CreateOptions& options) {
  const RewriteContext context = MakeContext(run);
  CDI_ASSIGN_OR_RETURN(const auto parts, reader.DottedName());
  CDI_ASSIGN_OR_RETURN(const ObjectName name, CompleteName(parts, context));
  CDI_RETURN_IF_ERROR(CheckContainers(name, context));
  if (!HasCreatePrivilege(context, "CREATE SEQUENCE", "SCHEMA", name.SchemaDisplay()))
    return InsufficientPrivileges("schema", DisplayName(name.schema));
  Sequence sequence{name.object, run.session.role, "", run.now_ns, 1, 1};
  reader.TakeWords("WITH");
  const auto number = [&](int64_t& value) -> absl::Status {
    reader.TakeOperator("=");
    CDI_ASSIGN_OR_RETURN(const std::string text, reader.OptionValue());
    return absl::SimpleAtoi(text, &value) ? absl::OkStatus() : reader.Unexpected();
  };
  while (!reader.AtEnd()) {
    if (reader.TakeWords("START WITH") || reader.TakeWords("START")) {
      CDI_RETURN_IF_ERROR(number(sequence.start));
    } else if (reader.TakeWords("INCREMENT BY") || reader.TakeWords("INCREMENT")) {
      CDI_RETURN_IF_ERROR(number(sequence.step));
    } else if (reader.TakeWords("COMMENT")) {
      reader.TakeOperator("=");
      CDI_ASSIGN_OR_RETURN(sequence.comment, reader.OptionValue());
    } else if (!reader.TakeWords("ORDER") && !reader.TakeWords("NOORDER") && !reader.TakeOperator(",")) {
      return reader.Unexpected();
    }
  }
  auto& sequences = run.account.catalog.FindSchema(name.database, name.schema)->sequences;
  if (const auto old = sequences.find(name.object); old != sequences.end()) {
    if (options.if_not_exists) return StatusResult(ExistsText(name.object));
    if (!options.or_replace) return AlreadyExists(name.Display());
    if (!IsOwner(context, old->second.owner)) return InsufficientPrivileges("sequence", name.object);
    CDI_RETURN_IF_ERROR(RunEngine(run, absl::StrCat("DROP SEQUENCE ", SequencePhysicalName(name))).status());
    run.account.catalog.ForgetGrants("SEQUENCE", name.Display());
  }
  CDI_RETURN_IF_ERROR(CreateEngineSequence(run, SequencePhysicalName(name), false, sequence.start, sequence.step));
  sequences[name.object] = sequence;
  AddOwnership(run, "SEQUENCE", name.Display(), run.session.role);
  return StatusResult(CreatedText("Sequence", name.object));
}

}  // namespace cdi::snowflake_mock
