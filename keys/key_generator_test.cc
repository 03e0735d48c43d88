#include "keys/key_generator.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/error.h"

namespace cdi::keys {
namespace {

TEST(KeyGeneratorTest, AnswersEveryRequestWithAPairOfItsOwn) {
  KeyGenerator generator;
  auto first = generator.Submit(2048);
  auto second = generator.Submit(2048);
  const absl::StatusOr<RsaKeyPair> one = first.get();
  const absl::StatusOr<RsaKeyPair> two = second.get();
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(one->Fingerprint(), two->Fingerprint());
}

TEST(KeyGeneratorTest, PassesARefusalThrough) {
  KeyGenerator generator;
  EXPECT_EQ(generator.Submit(1024).get().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(KeyGeneratorTest, RefusesAtOnceWhenNobodyMayWait) {
  KeyGenerator generator(/*waiting_max=*/0);
  const absl::Status refused = generator.Submit(2048).get().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(refused), "KEY_GENERATION_BUSY");
}

TEST(KeyGeneratorTest, DestructionAnswersWhatIsInWorkAndWhatWaits) {
  std::vector<std::future<absl::StatusOr<RsaKeyPair>>> futures;
  {
    KeyGenerator generator;
    for (int i = 0; i < 6; ++i) futures.push_back(generator.Submit(4096));
  }
  int cancelled = 0;
  for (auto& future : futures) {
    if (future.get().status().code() == absl::StatusCode::kCancelled) ++cancelled;
  }
  // The worker may have finished one by a lucky draw of primes; never all six before the destructor ran.
  EXPECT_GE(cancelled, 1);
}

}  // namespace
}  // namespace cdi::keys
