#include "warehouse/driver_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/text.h"
#include "warehouse/concat.h"

namespace cdi::warehouse {
namespace {

struct Build {
  uint8_t bits = 0;  // ELFCLASS32, ELFCLASS64
  uint16_t machine = 0;
  friend bool operator==(const Build&, const Build&) = default;
};

// nullopt: no ELF file. Both classes have the same fields up to e_machine; every processor that this runs on stores
// them as they are read here.
std::optional<Build> ReadBuild(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, EI_NIDENT + 4> header{};
  if (!file.read(header.data(), header.size()) || std::memcmp(header.data(), ELFMAG, SELFMAG) != 0) return std::nullopt;
  Build build;
  build.bits = static_cast<uint8_t>(header[EI_CLASS]);
  std::memcpy(&build.machine, header.data() + EI_NIDENT + 2, sizeof build.machine);
  return build;
}

std::string BuildName(const Build& build) {
  switch (build.machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_386:
      return "32-bit x86";
    case EM_ARM:
      return "32-bit ARM";
    default:
      return Concat("machine ", build.machine, build.bits == ELFCLASS32 ? ", 32-bit" : "");
  }
}

}  // namespace

std::string WhyNotLoadable(const std::string& path, bool load) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return "the file does not exist";
  if (status.type() == std::filesystem::file_type::directory) return "it is a directory";
  if (access(path.c_str(), R_OK) != 0) return Concat("this user may not read the file: ", std::strerror(errno));
  const std::optional<Build> library = ReadBuild(path);
  if (!library) return "the file is no shared library";
  if (const std::optional<Build> own = ReadBuild("/proc/self/exe"); own && *own != *library) {
    return Concat("it is built for ", BuildName(*library), ", and this program for ", BuildName(*own));
  }
  if (!load) return {};
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) {
    dlclose(handle);
    return {};
  }
  const char* const words = dlerror();
  return words == nullptr ? "the dynamic linker refuses it" : CutText(words, 300);
}

}  // namespace cdi::warehouse
