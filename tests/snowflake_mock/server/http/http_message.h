// A request and a reply without any HTTP library: what the handlers see, and what a fuzz target can make.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdi::snowflake_mock {

// What becomes of a reply on the wire.
struct WireFault {
  enum class Kind {
    kNone,
    kReset,     // RST after `bytes` of the body (0: instead of a reply)
    kTruncate,  // an orderly close after `bytes` of the body
    kSlow,      // the body at `bytes_per_second`
    kHang,      // nothing for `seconds`, then a close
  };
  Kind kind = Kind::kNone;
  int64_t bytes = 0;
  int64_t bytes_per_second = 0;
  int64_t seconds = 0;
};

struct HttpRequest {
  std::string method;
  std::string path;  // decoded, without the query
  std::multimap<std::string, std::string> query;
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;                                 // inflated
  std::string peer;                                 // address of the client
  bool body_too_large = false;                      // `body` is incomplete then
  bool body_broken = false;                         // bad gzip, or the connection ended early
  std::function<bool()> client_gone;                // may be empty

  // The first value; empty when there is none.
  std::string Query(const std::string& name) const { return Value(query, name); }
  std::string Header(const std::string& name) const { return Value(headers, name); }

 private:
  static std::string Value(const std::multimap<std::string, std::string>& from, const std::string& name) {
    const auto found = from.find(name);
    return found == from.end() ? std::string() : found->second;
  }
};

struct HttpReply {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers{};
  // Instead of `body`: bytes that live in `keeper`.
  std::string_view borrowed{};
  std::shared_ptr<const void> keeper{};
  WireFault wire{};
};

}  // namespace cdi::snowflake_mock
