#include "warehouse/driver_library.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace cdi::warehouse {
namespace {

using testing::HasSubstr;

class DriverLibraryTest : public testing::Test {
 protected:
  DriverLibraryTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cdi-library-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~DriverLibraryTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  std::string Write(const std::string& name, const std::string& bytes) const {
    std::string path = directory_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  static std::string Header(char bits, char machine) {
    std::string header(64, '\0');
    header.replace(0, SELFMAG, ELFMAG);
    header[EI_CLASS] = bits;
    header[EI_DATA] = ELFDATA2LSB;
    header[EI_NIDENT] = ET_DYN;
    header[EI_NIDENT + 2] = machine;
    return header;
  }
  std::string directory_;
};

TEST_F(DriverLibraryTest, AMissingFileADirectoryAndTextAreNamed) {
  EXPECT_THAT(WhyNotLoadable(directory_ + "/none.so", false), HasSubstr("does not exist"));
  EXPECT_THAT(WhyNotLoadable(directory_, false), HasSubstr("directory"));
  EXPECT_THAT(WhyNotLoadable(Write("text.so", "not a library, whatever its name says"), false),
              HasSubstr("no shared library"));
  EXPECT_THAT(WhyNotLoadable(Write("empty.so", ""), false), HasSubstr("no shared library"));
}

TEST_F(DriverLibraryTest, ALibraryForAnotherProcessorIsNamedWithBoth) {
  EXPECT_THAT(WhyNotLoadable(Write("small.so", Header(ELFCLASS32, EM_386)), false),
              HasSubstr("built for 32-bit x86, and this program for "));
  const std::string foreign = Write("foreign.so", Header(ELFCLASS64, EM_S390));
  EXPECT_THAT(WhyNotLoadable(foreign, true), HasSubstr("machine 22"));
}

TEST_F(DriverLibraryTest, TheDynamicLinkerTellsTheRest) {
  std::ifstream self("/proc/self/exe", std::ios::binary);
  std::string header(64, '\0');
  self.read(header.data(), 64);
  const std::string damaged = Write("damaged.so", header);  // the right machine, and nothing else
  EXPECT_EQ(WhyNotLoadable(damaged, false), "");
  EXPECT_THAT(WhyNotLoadable(damaged, true), HasSubstr("damaged.so"));
}

TEST_F(DriverLibraryTest, NothingIsSaidOfALibraryThatLoads) {
  EXPECT_EQ(WhyNotLoadable("/proc/self/exe", false), "");
}

}  // namespace
}  // namespace cdi::warehouse
