// Commands as cases: arguments, the replies of a fake server, an exit code, and a golden file for the rest.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/cli_testing.h"
#include "cli/exit_code.h"

namespace cdi::cli {

template <class Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

struct Reply {
  std::string method;
  std::shared_ptr<google::protobuf::Message> message;
};

template <class Message>
Reply Answer(const std::string& method, const std::string& text) {
  return {"cdi.v1." + method, std::make_shared<Message>(Parse<Message>(text))};
}

struct Case {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<Reply> replies;
  int code = kOk;
};

// Runs the command and compares what it asked, printed and returned with tests/golden/cli/NAME.txt.
inline void ExpectAsGolden(const Case& c) {
  CliShell shell;
  for (const Reply& reply : c.replies) shell.server.Reply(reply.method, *reply.message);
  const CliResult result = shell.Run(c.arguments);
  EXPECT_EQ(result.code, c.code) << result.err;
  std::string text = "$ cdi";
  for (const std::string& argument : c.arguments) {
    text += argument.find_first_of(" \"") == std::string::npos && !argument.empty() ? " " + argument
                                                                                    : " '" + argument + "'";
  }
  text += "\n" + result.out + result.err + "\nexit code " + std::to_string(result.code) + "\nrequests\n";
  for (const std::string& call : shell.server.calls()) text += "  " + call + "\n";
  for (size_t at; (at = text.find(shell.server.address())) != std::string::npos;) {
    text.replace(at, shell.server.address().size(), "SERVER");
  }
  ExpectGolden(c.name + ".txt", text);
}

}  // namespace cdi::cli
