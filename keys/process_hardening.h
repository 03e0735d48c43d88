// Makes it harder to read this process's memory from outside, and shorter-lived what a library leaves in it.
#pragma once

namespace cdi::keys {

// What took effect; nothing here is a reason not to serve, the caller logs what failed.
struct Hardening {
  bool not_dumpable = false;      // PR_SET_DUMPABLE 0: no ptrace by the same user, no core, /proc/self owned by root
  bool no_core_files = false;     // RLIMIT_CORE 0, soft and hard
  bool freed_is_cleared = false;  // M_PERTURB: freed heap is overwritten. unixODBC 2.3.11 keeps an unwiped copy of a
                                  // key given as connection attribute until the connection handle is freed (measured)
  bool secure_heap = false;       // OpenSSL's secure heap: private key numbers in locked, guarded pages
};

// Call first in main, before threads and before OpenSSL is used. Calling again is harmless.
Hardening HardenProcess();

}  // namespace cdi::keys
