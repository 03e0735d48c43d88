// The attributes of one profile in one block of memory: name and JSON value, in order of first appearance. A string for
// each would cost three times as much, and there may be millions of users.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdi::braze_mock {

using NameId = uint32_t;  // a text interned by the ProfileStore

class PackedAttributes {
 public:
  // Valid until the next change.
  std::optional<std::string_view> Find(NameId name) const;
  void Set(NameId name, std::string_view json);
  void Remove(NameId name);
  // Gives back spare memory after a series of changes.
  void Shrink() { bytes_.shrink_to_fit(); }

  // Calls `visit(NameId, std::string_view json)` for each.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (size_t at = 0; at < bytes_.size();) {
      const Entry entry = EntryAt(at);
      visit(entry.name, std::string_view(bytes_).substr(at + sizeof(Entry), entry.size));
      at += sizeof(Entry) + entry.size;
    }
  }

 private:
  struct Entry {
    NameId name;
    uint32_t size;  // of the JSON text that follows
  };

  Entry EntryAt(size_t at) const;
  // Where the entry of `name` starts; npos for none.
  size_t Locate(NameId name) const;

  std::string bytes_;
};

}  // namespace cdi::braze_mock
