// The socket side: cpp-httplib's parser and writer over a stream of our own.
//
// The stream is ours so that a reply can be reset, cut, slowed or withheld; so that a request never costs more memory
// than its limit (the library bounds neither header lines nor inflated bodies); and so that stopping ends idle
// connections at once. One thread per connection. Compiles httplib: include this in http_server.cc only.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>

#include "httplib.h"
#include "tests/snowflake_mock/server/http/http_message.h"

namespace cdi::snowflake_mock {

class WireServer : public httplib::Server {
 public:
  using Handler = std::function<HttpReply(const HttpRequest&)>;

  // `body_bytes_max` is asked for each request.
  WireServer(Handler handler, std::function<size_t()> body_bytes_max);

  int listener() const { return listener_; }
  // Ends every open connection; `stop()` ends the listener.
  void CloseConnections();

 private:
  bool process_and_close_socket(socket_t sock) override;
  void Serve(const httplib::Request& request, httplib::Response& response, const httplib::ContentReader* reader);

  Handler handler_;
  std::function<size_t()> body_bytes_max_;
  int listener_ = -1;
  std::atomic<bool> closing_{false};
  std::mutex mutex_;
  std::set<int> open_;
};

}  // namespace cdi::snowflake_mock
