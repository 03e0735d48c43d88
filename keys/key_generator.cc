#include "keys/key_generator.h"

#include <utility>

#include "base/error.h"
#include "base/status_macros.h"
#include "keys/concat.h"

namespace cdi::keys {

KeyGenerator::KeyGenerator(size_t waiting_max)
    : waiting_max_(waiting_max), worker_([this](const std::stop_token& stop) { Work(stop); }) {}

KeyGenerator::~KeyGenerator() {
  worker_.request_stop();
  worker_.join();
  const MutexLock lock(mutex_);
  for (Request& request : waiting_) request.promise.set_value(absl::CancelledError("the service is stopping"));
}

std::future<absl::StatusOr<RsaKeyPair>> KeyGenerator::Submit(int bits) {
  Request request{.bits = bits, .promise = {}};
  std::future<absl::StatusOr<RsaKeyPair>> made = request.promise.get_future();
  const MutexLock lock(mutex_);
  if (waiting_.size() >= waiting_max_) {
    request.promise.set_value(
        MakeError(absl::StatusCode::kResourceExhausted, "KEY_GENERATION_BUSY",
                  Concat(waiting_max_, " key pairs are waiting to be made already; try again in some seconds")));
    return made;
  }
  waiting_.push_back(std::move(request));
  changed_.notify_one();
  return made;
}

absl::StatusOr<MadeKey> KeyGenerator::Make(int bits) {
  CDI_ASSIGN_OR_RETURN(const RsaKeyPair pair, Submit(bits).get());
  return pair.Made();
}

void KeyGenerator::Work(const std::stop_token& stop) {
  while (true) {
    std::unique_lock<Mutex> lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) || stop.stop_requested()) return;
    Request request = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    request.promise.set_value(RsaKeyPair::Generate(request.bits, stop));
  }
}

}  // namespace cdi::keys
