// braze-mock: a stand-in for Braze's /users/track. Prints its address as the first line, then serves until SIGTERM or
// SIGINT, which end it at once.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/braze_mock/flags.h"
#include "tests/braze_mock/mock_server.h"

namespace {

constexpr int kUsageError = 2;

int Fail(std::string_view message, int code) {
  std::cerr << "braze-mock: " << message << std::endl;
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  using cdi::braze_mock::MockServer;
  auto flags = cdi::braze_mock::ReadFlags(argc, argv);
  if (!flags.ok()) return Fail(std::string(flags.status().message()), kUsageError);
  if (!flags->has_value()) return EXIT_SUCCESS;

  const std::string& write_ca = (*flags)->write_ca;
  if (!write_ca.empty()) {
    std::ofstream file(write_ca);
    file << (*flags)->server.tls->CertificatePem() << std::flush;
    if (!file) return Fail("--write-ca: " + write_ca + " cannot be written", kUsageError);
  }

  // Blocked before any thread starts, so that only sigwait below takes them.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  auto server = MockServer::Start(std::move((*flags)->server));
  if (!server.ok()) return Fail(std::string(server.status().message()), EXIT_FAILURE);
  std::cout << "braze-mock listening on " << (*server)->url() << std::endl;
  int signal = 0;
  sigwait(&ending, &signal);
  std::_Exit(EXIT_SUCCESS);  // requests in flight are not waited for
}
