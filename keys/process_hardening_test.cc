#include "keys/process_hardening.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "keys/testing_keys.h"

namespace cdi::keys {
namespace {

class ProcessHardeningTest : public ::testing::Test {
 protected:
  // LeakSanitizer looks at the process from outside when it ends, which hardening forbids.
  ~ProcessHardeningTest() override { prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }
};

TEST_F(ProcessHardeningTest, TakesEffectAndMayBeRepeated) {
  for (int i = 0; i < 2; ++i) {
    const Hardening done = HardenProcess();
    EXPECT_TRUE(done.not_dumpable && done.no_core_files && done.secure_heap);
    EXPECT_TRUE(done.freed_is_cleared || kSanitized);
  }
  EXPECT_EQ(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
  rlimit cores{};
  ASSERT_EQ(getrlimit(RLIMIT_CORE, &cores), 0);
  EXPECT_EQ(cores.rlim_max, 0U);
  EXPECT_EQ(CRYPTO_secure_malloc_initialized(), 1);
}

TEST_F(ProcessHardeningTest, PrivateNumbersLiveInTheSecureHeap) {
  HardenProcess();
  const size_t before = CRYPTO_secure_used();
  const absl::StatusOr<RsaKeyPair> pair = RsaKeyPair::Generate(2048);
  ASSERT_TRUE(pair.ok());
  EXPECT_GT(CRYPTO_secure_used(), before);
}

}  // namespace
}  // namespace cdi::keys
