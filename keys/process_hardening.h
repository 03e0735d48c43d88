// Makes it harder to read this process's memory from outside, and shorter-lived what a library leaves in it.
#pragma once

namespace cdi::keys {

// What took effect; nothing here is a reason not to serve, the caller logs what failed.
struct Hardening {
  // PR_SET_DUMPABLE 0: no ptrace and no /proc/PID/mem for other processes of the same user, no core.
  bool not_dumpable = false;
  // RLIMIT_CORE 0, soft and hard: inherited by children.
  bool no_core_files = false;
  // M_PERTURB: freed heap blocks are overwritten. unixODBC 2.3.11 keeps an unwiped copy of a key given as connection
  // attribute until the connection handle is freed (measured); this clears it then. Only blocks above 1032 bytes:
  // glibc's per-thread cache keeps smaller ones as they were (measured, glibc 2.36); a private key's PEM is larger.
  bool freed_is_cleared = false;
  // OpenSSL's secure heap: the numbers of private keys stay in guarded, locked pages of their own.
  bool secure_heap = false;
};

// Call first in main, before threads and before OpenSSL is used. Calling again is harmless.
Hardening HardenProcess();

}  // namespace cdi::keys
