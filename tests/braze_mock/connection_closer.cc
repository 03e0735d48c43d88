#include "tests/braze_mock/connection_closer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <string>

#include "tests/braze_mock/text_parts.h"

namespace cdi::braze_mock {
namespace {

using NameCall = int (*)(int, sockaddr*, socklen_t*);

// -1 for what is no connected IP socket.
int PortOf(int socket, NameCall name_call) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (name_call(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return -1;
}

template <typename Visit>
void ForEachConnection(int local_port, Visit&& visit) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    const auto socket = ReadNumber<int>(entry.path().filename().string());
    if (!socket || PortOf(*socket, &getsockname) != local_port) continue;
    const int peer_port = PortOf(*socket, &getpeername);
    if (peer_port >= 0) visit(*socket, peer_port);
  }
}

}  // namespace

void CloseConnection(int local_port, int peer_port, bool reset) {
  ForEachConnection(local_port, [peer_port, reset](int socket, int port) {
    if (port != peer_port) return;
    if (reset) {
      // Connecting a TCP socket to nowhere drops its connection with a reset.
      sockaddr nowhere{};
      nowhere.sa_family = AF_UNSPEC;
      if (connect(socket, &nowhere, sizeof nowhere) == 0) return;
    }
    shutdown(socket, SHUT_RDWR);
  });
}

void CloseConnectionsOf(int local_port) {
  ForEachConnection(local_port, [](int socket, int) { shutdown(socket, SHUT_RDWR); });
}

}  // namespace cdi::braze_mock
