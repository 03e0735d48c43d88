#include "tests/braze_mock/packed_attributes.h"

#include <cstring>

namespace cdi::braze_mock {

PackedAttributes::Entry PackedAttributes::EntryAt(size_t at) const {
  Entry entry{};
  std::memcpy(&entry, bytes_.data() + at, sizeof entry);
  return entry;
}

size_t PackedAttributes::Locate(NameId name) const {
  for (size_t at = 0; at < bytes_.size();) {
    const Entry entry = EntryAt(at);
    if (entry.name == name) return at;
    at += sizeof entry + entry.size;
  }
  return std::string::npos;
}

std::optional<std::string_view> PackedAttributes::Find(NameId name) const {
  const size_t at = Locate(name);
  if (at == std::string::npos) return std::nullopt;
  return std::string_view(bytes_).substr(at + sizeof(Entry), EntryAt(at).size);
}

void PackedAttributes::Set(NameId name, std::string_view json) {
  const Entry entry{name, static_cast<uint32_t>(json.size())};
  std::string packed(reinterpret_cast<const char*>(&entry), sizeof entry);
  packed += json;
  const size_t at = Locate(name);
  if (at == std::string::npos) {
    bytes_ += packed;
  } else {
    bytes_.replace(at, sizeof entry + EntryAt(at).size, packed);
  }
}

void PackedAttributes::Remove(NameId name) {
  const size_t at = Locate(name);
  if (at != std::string::npos) bytes_.erase(at, sizeof(Entry) + EntryAt(at).size);
}

}  // namespace cdi::braze_mock
