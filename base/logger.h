// Structured log lines: a constant event name and typed facts, never free text with values in it.
//
// Allowed facts: resource names, counts, durations, outcomes, reasons, codes. Never: payloads, user identifiers, SQL
// values, tokens, connection strings, key text (style page §9).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cdi {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

using LogValue = std::variant<int64_t, double, bool, std::string>;
struct LogField {
  std::string_view key;
  LogValue value;

  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, int v) : key(k), value(int64_t{v}) {}
  LogField(std::string_view k, int64_t v) : key(k), value(v) {}
  LogField(std::string_view k, uint64_t v) : key(k), value(static_cast<int64_t>(v)) {}
};

class Logger {
 public:
  virtual ~Logger() = default;
  // `event` is snake_case and constant ("batch_sent"). Thread-safe; never blocks on the network; never throws.
  virtual void Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;
};

// Drops everything: tests and tools that have nobody to tell.
class NullLogger final : public Logger {
 public:
  void Write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

std::string_view LogLevelName(LogLevel level);

}  // namespace cdi
