// Views of tokens.
#include "absl/strings/str_join.h"
#include "cli/facts.h"
#include "cli/names.h"
#include "cli/table.h"
#include "cli/values.h"
#include "cli/views.h"

namespace cdi::cli {
namespace {

std::string ScopesText(const v1::Token& token) {
  return token.scopes().empty() ? "all" : absl::StrJoin(token.scopes(), ", ");
}

std::string TimeOrNever(bool set, const google::protobuf::Timestamp& time) {
  return set ? FormatTime(FromProto(time)) : "never";
}

}  // namespace

void ShowToken(Console& console, const v1::Token& token) {
  Facts()
      .Add("name", token.name())
      .Add("display name", token.display_name())
      .Add("role", v1::Role_Name(token.role()))
      .Add("scopes", ScopesText(token))
      .Add("state", v1::Token::State_Name(token.state()))
      .AddTime("created", token.has_create_time(), token.create_time())
      .Add("created by", token.creator())
      .AddTime("expires", token.has_expire_time(), token.expire_time())
      .Add("last used", TimeOrNever(token.has_last_use_time(), token.last_use_time()))
      .AddTime("revoked", token.has_revoke_time(), token.revoke_time())
      .Add("reason", token.revoke_reason())
      .Print(console);
}

void ShowTokens(Console& console, const v1::ListTokensResponse& list) {
  Table table({{"TOKEN"}, {"ROLE"}, {"STATE"}, {"EXPIRES"}, {"LAST USED"}, {"SCOPES"}});
  for (const v1::Token& token : list.tokens()) {
    table.AddRow({ShortName(token.name()), v1::Role_Name(token.role()), v1::Token::State_Name(token.state()),
                  FormatTime(FromProto(token.expire_time())),
                  TimeOrNever(token.has_last_use_time(), token.last_use_time()), ScopesText(token)});
  }
  console.out << (table.empty() ? "no tokens; make one: cdi tokens create --help\n" : table.Render(console.columns))
              << std::flush;
}

}  // namespace cdi::cli
