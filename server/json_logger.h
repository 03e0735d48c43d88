// Log lines as JSON objects on stderr, one a line, escaped; repeats of one event are counted instead of flooding.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"

namespace spdlog {
class logger;
}

namespace cdi::server {

class JsonLogger final : public Logger {
 public:
  JsonLogger(const Clock& clock, LogLevel lowest);
  ~JsonLogger() override;
  void Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;

  // "debug", "info", "warn", "error"; false for anything else.
  static bool ParseLevel(std::string_view text, LogLevel* level);

 private:
  // Lines of one event within a second; what is above is dropped and its number told with the next line.
  struct Burst {
    int64_t second = 0;
    int lines = 0;
    int64_t dropped = 0;
  };

  const Clock& clock_;
  const LogLevel lowest_;
  const std::shared_ptr<spdlog::logger> sink_;
  Mutex mutex_;
  std::map<std::string, Burst, std::less<>> bursts_ CDI_GUARDED_BY(mutex_);
};

}  // namespace cdi::server
