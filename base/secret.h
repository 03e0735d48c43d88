// Text that must not be seen: a private key, an API key, a password.
//
// Owns its memory, wipes it on destruction and assignment, asks the kernel to keep it out of swap (best effort).
// Move-only; no stream operator, no conversion to string. `Expose()` is the one way in, easy to find with grep.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace cdi {

class Secret {
 public:
  Secret() = default;
  // Copies `text`; the caller wipes its own copy (see WipeString).
  explicit Secret(std::string_view text);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret Clone() const { return Secret(Expose()); }
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // Valid until this object changes. Never store, log or print what it returns.
  std::string_view Expose() const { return {bytes_, size_}; }

 private:
  void Wipe() noexcept;
  char* bytes_ = nullptr;  // NUL-terminated, `size_` + 1 bytes
  size_t size_ = 0;
};

// Overwrites what a string holds, then empties it: for text that a library gave or wants as std::string.
void WipeString(std::string& text);
// The same for `size` bytes that a library owns.
void WipeBytes(char* bytes, size_t size);

}  // namespace cdi
