#include "tests/support/golden.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace cdi::test {

std::string CompareWithGolden(const std::string& name, std::string_view actual) {
  const std::filesystem::path path = std::filesystem::path(CDI_GOLDEN_DIR) / name;
  const char* const update = std::getenv("CDI_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << actual;
    return "";
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return "tests/golden/" + name + " is missing; run the test with CDI_UPDATE_GOLDEN=1 to write it";
  std::stringstream wanted;
  wanted << file.rdbuf();
  if (wanted.str() == actual) return "";
  return "differs from tests/golden/" + name + " (CDI_UPDATE_GOLDEN=1 rewrites it). Wanted:\n" + wanted.str() +
         "\nGot:\n" + std::string(actual);
}

}  // namespace cdi::test
