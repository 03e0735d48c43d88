#include "cli/fake_server.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <grpcpp/health_check_service_interface.h>

#include <chrono>

namespace cdi::cli {
namespace {

std::string Flatten(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// The request as text, by the descriptor of its method.
std::string RequestText(const std::string& method, const std::string& bytes) {
  std::string full_name = method;
  full_name[full_name.find('/')] = '.';
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(full_name);
  if (descriptor == nullptr) return "";
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(descriptor->input_type())->New());
  return message->ParseFromString(bytes) ? message->ShortDebugString() : "(not a request)";
}

}  // namespace

// One call; deletes itself when gRPC is done with it.
class FakeServer::Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(FakeServer& server, std::string method) : server_(server), method_(std::move(method)) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no request"));
    reply_ = server_.Take(method_, Flatten(request_));
    if (reply_.before) reply_.before();
    WriteNext();
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    WriteNext();
  }
  void OnCancel() override {
    if (reply_.hold_open) Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  void WriteNext() {
    if (written_ < reply_.messages.size()) {
      const grpc::Slice slice(reply_.messages[written_++]);
      response_ = grpc::ByteBuffer(&slice, 1);
      StartWrite(&response_);
    } else if (reply_.hold_open) {
      if (reply_.when_held) reply_.when_held();
    } else {
      Finish(reply_.status);
    }
  }

  FakeServer& server_;
  std::string method_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  FakeReply reply_;
  size_t written_ = 0;
};

FakeServer::FakeServer() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
  address_ = "127.0.0.1:" + std::to_string(port);
}

FakeServer::~FakeServer() {
  server_->Shutdown(std::chrono::system_clock::now());
}

void FakeServer::Reply(const std::string& method, const google::protobuf::Message& message) {
  Reply(method, FakeReply{{message.SerializeAsString()}, grpc::Status::OK});
}

void FakeServer::Refuse(const std::string& method, grpc::Status status) {
  Reply(method, FakeReply{{}, std::move(status)});
}

void FakeServer::Reply(const std::string& method, FakeReply reply) {
  const std::lock_guard lock(mutex_);
  replies_[method].push_back(std::move(reply));
}

std::vector<std::string> FakeServer::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

grpc::ServerGenericBidiReactor* FakeServer::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return new Call(*this, context->method().substr(1));
}

FakeReply FakeServer::Take(const std::string& method, const std::string& request) {
  const std::lock_guard lock(mutex_);
  const std::string text = RequestText(method, request);
  calls_.push_back(method.substr(method.find('/') + 1) + (text.empty() ? "" : " " + text));
  std::deque<FakeReply>& queue = replies_[method];
  if (queue.empty()) return {{}, {grpc::StatusCode::UNIMPLEMENTED, "no reply left for " + method}};
  FakeReply reply = std::move(queue.front());
  queue.pop_front();
  return reply;
}

}  // namespace cdi::cli
