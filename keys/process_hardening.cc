#include "keys/process_hardening.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace cdi::keys {
namespace {

// Room for some dozen private keys in use at once; OpenSSL falls back to the ordinary heap, wiped on free, beyond it.
constexpr size_t kSecureHeapBytes = 256 * 1024;
constexpr size_t kSecureHeapPieceBytes = 32;
// Freed memory is filled with this byte, fresh memory with its complement (mallopt(3)).
constexpr int kPerturbByte = 0xA5;

}  // namespace

Hardening HardenProcess() {
  Hardening done;
  done.not_dumpable = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  done.no_core_files = setrlimit(RLIMIT_CORE, &none) == 0;
  done.freed_is_cleared = mallopt(M_PERTURB, kPerturbByte) == 1;
  // 2 means allocated but not locked into memory (RLIMIT_MEMLOCK): still guarded and apart from the ordinary heap.
  done.secure_heap =
      CRYPTO_secure_malloc_initialized() == 1 || CRYPTO_secure_malloc_init(kSecureHeapBytes, kSecureHeapPieceBytes) > 0;
  return done;
}

}  // namespace cdi::keys
