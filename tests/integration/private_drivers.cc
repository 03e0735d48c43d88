#include <elf.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "tests/integration/sites.h"

namespace cdi::test {
namespace {

class PrivateDrivers {
 public:
  PrivateDrivers() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cdi-drivers-XXXXXX").string();
    CDI_CHECK(mkdtemp(pattern.data()) != nullptr, "a temporary directory can be made");
    directory_ = pattern;
    std::string foreign(64, '\0');
    foreign.replace(0, SELFMAG, ELFMAG);
    foreign[EI_CLASS] = ELFCLASS64;
    foreign[EI_DATA] = ELFDATA2LSB;
    foreign[EI_NIDENT + 2] = EM_S390;
    std::ofstream(directory_ + "/libforeign.so", std::ios::binary) << foreign;

    std::ofstream ini(directory_ + "/odbcinst.ini");
    ini << "[PostgreSQL Unicode]\nDriver = psqlodbcw.so\n\n[SQLite3]\nDriver = libsqlite3odbc.so\n\n"
        << "[Absent]\nDriver = " << directory_ << "/libabsent.so\n\n[Foreign]\nDriver = " << directory_
        << "/libforeign.so\n\n[Serial]\nDriver = psqlodbcw.so\nThreading = 3\n\n[Pairwise]\nDriver = psqlodbcw.so\n"
        << "Threading = 2\n\n";
#ifdef CDI_SFODBC_LIBRARY
    ini << "[SnowflakeDSIIDriver]\nDriver = " CDI_SFODBC_LIBRARY "\n\n[Snowflake ODBC]\nDriver = " CDI_SFODBC_LIBRARY
           "\n\n[SerialSnowflake]\nDriver = " CDI_SFODBC_LIBRARY "\nThreading=3\n\n";
#endif
    ini.close();
    setenv("ODBCSYSINI", directory_.c_str(), 1);
    unsetenv("ODBCINSTINI");
  }
  ~PrivateDrivers() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

 private:
  std::string directory_;
};

}  // namespace

void UsePrivateDrivers() {
  static PrivateDrivers drivers;
  // As the server's main: unixODBC narrows SQL for a driver without wide functions (libsqliteodbc) by the locale.
  std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace cdi::test
