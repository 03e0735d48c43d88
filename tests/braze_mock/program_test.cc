// braze-mock as a program: command line, first line, keys from a file, certificate, ending.
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/child_process.h"

namespace cdi::braze_mock {
namespace {

using test::ChildOptions;
using test::ChildProcess;
using testing::HasSubstr;

constexpr std::chrono::seconds kLimit(30);

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    std::string name = (std::filesystem::temp_directory_path() / "braze-mock-XXXXXX").string();
    directory_ = mkdtemp(name.data());
  }
  ~ProgramTest() override { std::filesystem::remove_all(directory_); }

  std::string File(const std::string& name) const { return (directory_ / name).string(); }
  ChildOptions Program(std::vector<std::string> args) const {
    return {.program = BRAZE_MOCK_PROGRAM, .args = std::move(args), .stderr_file = File("stderr")};
  }
  // Exit code, with what was printed to standard error in `message`.
  int Refused(std::vector<std::string> args, std::string& message) const {
    std::filesystem::remove(File("stderr"));
    auto child = ChildProcess::Start(Program(std::move(args)));
    const int code = child.ok() ? child->Wait(kLimit).value_or(-1) : -1;
    std::ifstream file(File("stderr"));
    std::getline(file, message);
    return code;
  }

  std::filesystem::path directory_;
};

TEST_F(ProgramTest, ServesHttpsWithKeysFromAFileAndEndsOnSigterm) {
  std::ofstream(File("keys")) << "key-1\n";
  auto server = test::StartServer(Program({"--tls", "--write-ca", File("ca.pem"), "--api-key-file", File("keys")}),
                                  "braze-mock listening on ", kLimit);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(server->address, testing::StartsWith("https://127.0.0.1:"));

  CURL* curl = curl_easy_init();
  curl_slist* headers = curl_slist_append(nullptr, "Authorization: Bearer key-1");
  headers = curl_slist_append(headers, "Content-Type: application/json");
  curl_easy_setopt(curl, CURLOPT_URL, (server->address + "/users/track").c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_CAINFO, File("ca.pem").c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, R"({"attributes":[{"external_id":"u"}]})");
  curl_easy_setopt(
      curl, CURLOPT_WRITEFUNCTION, +[](char*, size_t size, size_t count, void*) { return size * count; });
  EXPECT_EQ(curl_easy_perform(curl), CURLE_OK);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  EXPECT_EQ(status, 201);

  // The connection is still open: it is not waited for.
  server->process.Signal(SIGTERM);
  EXPECT_EQ(server->process.Wait(kLimit).value_or(-1), 0);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
}

TEST_F(ProgramTest, RefusesWhatItCannotUseAndSaysWhatItTakes) {
  struct Case {
    std::vector<std::string> args;
    std::string message;
  };
  const Case cases[] = {
      {{}, "no API key given; use --api-key KEY or --api-key-file FILE"},
      {{"--api-key", "k", "--listen", "8080"}, "--listen takes HOST:PORT, as 127.0.0.1:8080; got '8080'"},
      {{"--api-key", "k", "--rate-limit", "10"}, "--rate-limit takes N/SECONDS, as 3000/3; got '10'"},
      {{"--api-key", "k", "--switch", "nope=1"}, "--switch: no switch is called 'nope'; --help lists them"},
      {{"--api-key", "k", "--write-ca", "x"}, "--tls-cert, --tls-key and --write-ca need --tls"},
      {{"--api-key", "k", "--tls", "--tls-cert", "x"},
       "--tls-cert and --tls-key belong together; give both or neither"},
      {{"--api-key", "k", "--tls", "--tls-cert", "/nowhere", "--tls-key", "/nowhere"},
       "--tls-cert: no PEM certificate could be read from /nowhere"},
      {{"--api-key-file", "/nowhere"}, "--api-key-file: /nowhere cannot be read"},
      {{"--api-key", "k", "--ledger", "some"}, "--ledger"},
  };
  for (const Case& c : cases) {
    std::string message;
    EXPECT_NE(Refused(c.args, message), 0) << c.message;
    EXPECT_THAT(message, HasSubstr("braze-mock: "));
    EXPECT_THAT(message, HasSubstr(c.message));
  }
}

TEST_F(ProgramTest, HelpListsFlagsAndSwitches) {
  auto child = ChildProcess::Start(Program({"--help"}));
  ASSERT_TRUE(child.ok()) << child.status();
  std::string help;
  for (auto line = child->ReadLine(kLimit); line.ok(); line = child->ReadLine(kLimit)) help += *line + "\n";
  EXPECT_THAT(help, HasSubstr("--rate-headers"));
  EXPECT_THAT(help, HasSubstr("update_without_merge = overwrite|apply|ignore"));
  EXPECT_EQ(child->Wait(kLimit).value_or(-1), 0);
}

}  // namespace
}  // namespace cdi::braze_mock
