// A server for tests: answers any unary or server-streaming method of any service with what the test put in, in that
// order, and keeps the requests. On a free loopback port, inside the test's process.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cdi::cli {

// What one call gets: messages, then a status; or, held open, nothing more until the client leaves.
struct FakeReply {
  std::vector<std::string> messages;  // serialized
  grpc::Status status;
  bool hold_open = false;
  std::function<void()> when_held = {};  // called once the messages are out
  std::function<void()> before = {};     // called when the request has come
};

// Thread-safe.
class FakeServer final : public grpc::CallbackGenericService {
 public:
  FakeServer();
  ~FakeServer() override;

  // host:port.
  const std::string& address() const { return address_; }

  // Queues a reply for a method: "cdi.v1.SyncService/GetSync". A call without one gets UNIMPLEMENTED.
  void Reply(const std::string& method, const google::protobuf::Message& message);
  void Refuse(const std::string& method, grpc::Status status);
  void Reply(const std::string& method, FakeReply reply);

  // "GetSync name: \"syncs/shop\"" of every call so far, in order.
  std::vector<std::string> calls() const;

  grpc::HealthCheckServiceInterface& health() { return *server_->GetHealthCheckService(); }

 private:
  class Call;

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;
  FakeReply Take(const std::string& method, const std::string& request);

  mutable std::mutex mutex_;
  std::map<std::string, std::deque<FakeReply>> replies_;
  std::vector<std::string> calls_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace cdi::cli
