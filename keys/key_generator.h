// Makes RSA pairs on a thread of its own: one takes up to seconds of a core, which no RPC thread should spend.
//
// One pair at a time, the rest waits in a short queue. Destruction stops the pair in work and answers everything that
// waits with kCancelled. Thread-safe.
#pragma once

#include <deque>
#include <future>
#include <thread>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "keys/key_maker.h"
#include "keys/rsa_key.h"

namespace cdi::keys {

class KeyGenerator final : public KeyMaker {
 public:
  explicit KeyGenerator(size_t waiting_max = 8);
  ~KeyGenerator() override;
  KeyGenerator(const KeyGenerator&) = delete;
  KeyGenerator& operator=(const KeyGenerator&) = delete;

  // The future becomes ready with what RsaKeyPair::Generate returns, or at once with kResourceExhausted (reason
  // KEY_GENERATION_BUSY) when `waiting_max` requests wait already.
  std::future<absl::StatusOr<RsaKeyPair>> Submit(int bits);

  // Submits and waits.
  absl::StatusOr<MadeKey> Make(int bits) override;

 private:
  struct Request {
    int bits;
    std::promise<absl::StatusOr<RsaKeyPair>> promise;
  };
  void Work(const std::stop_token& stop);

  const size_t waiting_max_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Request> waiting_ CDI_GUARDED_BY(mutex_);
  std::jthread worker_;  // last: it uses everything above
};

}  // namespace cdi::keys
