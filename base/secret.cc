#include "base/secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <cstring>
#include <utility>

namespace cdi {

Secret::Secret(std::string_view text) : bytes_(new char[text.size() + 1]), size_(text.size()) {
  // Best effort: an unprivileged process may lock little memory, and a secret in swap is still better than no service.
  (void)mlock(bytes_, size_ + 1);
  if (!text.empty()) std::memcpy(bytes_, text.data(), size_);
  bytes_[size_] = '\0';
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    bytes_ = std::exchange(other.bytes_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() {
  Wipe();
}

void Secret::Wipe() noexcept {
  if (bytes_ == nullptr) return;
  OPENSSL_cleanse(bytes_, size_ + 1);
  (void)munlock(bytes_, size_ + 1);
  delete[] bytes_;
  bytes_ = nullptr;
  size_ = 0;
}

void WipeString(std::string& text) {
  WipeBytes(text.data(), text.size());
  text.clear();
}

void WipeBytes(char* bytes, size_t size) {
  OPENSSL_cleanse(bytes, size);
}

}  // namespace cdi
