// Carries one finished body to Braze. Implemented by braze/http_sender.h (libcurl, one loop per process) and by fakes.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "ingest/send_outcome.h"
#include "ingest/sync_spec.h"

namespace cdi::ingest {

struct SendRequest {
  WorkspaceName workspace;
  std::string path;  // "/users/track"
  std::string body;  // moved in; sent as it is
  DataType type = DataType::kUserAttributes;
  uint32_t objects = 0;
  std::chrono::milliseconds timeout{30'000};
};

class Sender {
 public:
  virtual ~Sender() = default;
  // Sends once, never repeats by itself. `done` is called exactly once, from the sender's own thread, and must not
  // block. The batch must be recorded as started before this is called.
  virtual void Send(SendRequest request, std::function<void(SendReport)> done) = 0;
};

}  // namespace cdi::ingest
