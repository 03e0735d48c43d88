#include <gtest/gtest.h>

#include <set>

#include "cli/cli_testing.h"

namespace cdi::cli {
namespace {

constexpr char kBegin[] = "<!-- Commands: written by help_test with CDI_UPDATE_GOLDEN=1; do not edit below. -->\n";

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {(std::istreambuf_iterator<char>(file)), {}};
}

// The help of the parser has blank lines of its own taste at its ends.
std::string Trimmed(std::string text) {
  text.erase(0, text.find_first_not_of('\n'));
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

TEST(HelpTest, EveryLevelHasExamples) {
  for (const CommandHelp& command : AllCommands()) {
    const size_t examples = command.help.find("Examples:\n");
    ASSERT_NE(examples, std::string::npos) << command.command;
    EXPECT_NE(command.help.find(command.command, examples), std::string::npos)
        << "an example of " << command.command << " names it";
  }
}

TEST(HelpTest, IsWhatHelpPrints) {
  CliShell shell;
  for (const CommandHelp& command : AllCommands()) {
    std::istringstream words(command.command + " --help");
    std::vector<std::string> arguments((std::istream_iterator<std::string>(words)), {});
    arguments.erase(arguments.begin());
    const CliResult result = shell.RunAsTyped(arguments);
    EXPECT_EQ(result.code, 0) << command.command;
    EXPECT_EQ(result.out, command.help);
    EXPECT_EQ(result.err, "");
  }
}

TEST(HelpTest, CoversEveryVerbOfThePublicContract) {
  std::set<std::string> commands;
  for (const CommandHelp& command : AllCommands()) {
    if (command.leaf) commands.insert(command.command);
  }
  for (const char* wanted : {"cdi connections create snowflake",
                             "cdi connections create postgresql",
                             "cdi connections get",
                             "cdi connections list",
                             "cdi connections update",
                             "cdi connections delete",
                             "cdi connections test",
                             "cdi connections tables",
                             "cdi connections describe",
                             "cdi keys generate",
                             "cdi keys import",
                             "cdi keys rotate",
                             "cdi keys resume",
                             "cdi keys rollback",
                             "cdi keys end-drain",
                             "cdi keys permit-overwrite",
                             "cdi keys status",
                             "cdi keys rotations",
                             "cdi keys receipt",
                             "cdi keys get",
                             "cdi keys list",
                             "cdi keys revoke",
                             "cdi keys delete",
                             "cdi workspaces create",
                             "cdi workspaces get",
                             "cdi workspaces list",
                             "cdi workspaces update",
                             "cdi workspaces delete",
                             "cdi workspaces test",
                             "cdi syncs create",
                             "cdi syncs get",
                             "cdi syncs list",
                             "cdi syncs update",
                             "cdi syncs delete",
                             "cdi syncs test",
                             "cdi syncs preview",
                             "cdi syncs activate",
                             "cdi syncs pause",
                             "cdi syncs run",
                             "cdi syncs rewind",
                             "cdi runs get",
                             "cdi runs list",
                             "cdi runs cancel",
                             "cdi runs watch",
                             "cdi runs dead-rows",
                             "cdi runs replay",
                             "cdi runs release",
                             "cdi runs discard",
                             "cdi tokens create",
                             "cdi tokens list",
                             "cdi tokens get",
                             "cdi tokens revoke",
                             "cdi version",
                             "cdi health"}) {
    EXPECT_TRUE(commands.contains(wanted)) << wanted;
  }
}

TEST(HelpTest, HasNoFlagThatTakesASecret) {
  for (const CommandHelp& command : AllCommands()) {
    for (const char* flag : {"--password ", "--api-key ", "--private-key", "--secret", "--token "}) {
      EXPECT_EQ(command.help.find(flag), std::string::npos) << command.command;
    }
  }
}

TEST(HelpTest, TheManualHoldsTheHelpOfEveryCommand) {
  const std::filesystem::path path = SourceFile("docs/cli.md");
  const std::string manual = ReadFile(path);
  const size_t begin = manual.find(kBegin);
  ASSERT_NE(begin, std::string::npos) << "docs/cli.md has lost the line that marks the written part";
  std::string reference = manual.substr(0, begin) + kBegin;
  for (const CommandHelp& command : AllCommands()) {
    reference += "\n### " + command.command + "\n\n```text\n" + Trimmed(command.help) + "\n```\n";
  }
  ExpectFile(path, reference);
}

TEST(HelpTest, GoldenHelp) {
  std::map<std::string, std::string> by_noun;
  for (const CommandHelp& command : AllCommands()) {
    const size_t blank = command.command.find(' ');
    const std::string rest = blank == std::string::npos ? "cdi" : command.command.substr(blank + 1);
    by_noun[rest.substr(0, rest.find(' '))] += "$ " + command.command + " --help\n" + command.help + "\n";
  }
  for (const auto& [noun, text] : by_noun) ExpectGolden("help_" + noun + ".txt", text);
}

}  // namespace
}  // namespace cdi::cli
