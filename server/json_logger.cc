#include "server/json_logger.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "absl/strings/str_cat.h"
#include "base/text.h"

namespace cdi::server {
namespace {

constexpr int kLinesPerSecondMax = 50;

void AppendValue(const LogValue& value, std::string& line) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    line += JsonQuote(*text);
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    absl::StrAppend(&line, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    absl::StrAppend(&line, *number);
  } else {
    line += std::get<bool>(value) ? "true" : "false";
  }
}

std::shared_ptr<spdlog::logger> MakeSink() {
  auto logger = std::make_shared<spdlog::logger>("cdi", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  return logger;
}

}  // namespace

JsonLogger::JsonLogger(const Clock& clock, LogLevel lowest) : clock_(clock), lowest_(lowest), sink_(MakeSink()) {}
JsonLogger::~JsonLogger() = default;

bool JsonLogger::ParseLevel(std::string_view text, LogLevel* level) {
  for (const LogLevel candidate : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (text == LogLevelName(candidate)) {
      *level = candidate;
      return true;
    }
  }
  return false;
}

void JsonLogger::Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < lowest_) return;
  const Timestamp now = clock_.WallNow();
  int64_t dropped = 0;
  {
    const MutexLock lock(mutex_);
    auto found = bursts_.find(event);
    if (found == bursts_.end()) found = bursts_.emplace(std::string(event), Burst{}).first;
    Burst& burst = found->second;
    if (burst.second != now.seconds) burst = {.second = now.seconds, .lines = 0, .dropped = burst.dropped};
    if (++burst.lines > kLinesPerSecondMax) {
      ++burst.dropped;
      return;
    }
    dropped = std::exchange(burst.dropped, 0);
  }
  std::string line = absl::StrCat("{\"ts\":\"", now.ToString(), "\",\"level\":\"", std::string(LogLevelName(level)),
                                  "\",\"event\":\"", std::string(event), "\"");
  for (const LogField& field : fields) {
    absl::StrAppend(&line, ",\"", std::string(field.key), "\":");
    AppendValue(field.value, line);
  }
  if (dropped > 0) absl::StrAppend(&line, ",\"dropped_before\":", dropped);
  line += '}';
  sink_->log(spdlog::level::info, line);
}

}  // namespace cdi::server
