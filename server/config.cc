#include "server/config.h"

#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/logger.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "server/access/principal.h"
#include "server/json_logger.h"
#include "server/resource_name.h"

namespace cdi::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status ConfigError(const std::string& message) {
  return MakeError(absl::StatusCode::kInvalidArgument, "CONFIG_INVALID", message);
}

std::string Place(const std::string& file, const YAML::Mark& mark) {
  return mark.is_null() ? file : absl::StrCat(file, ":", mark.line + 1);
}

std::string KnownKeys(const Message& message) {
  std::vector<std::string> names;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    names.push_back(message.GetDescriptor()->field(i)->name());
  }
  return absl::StrJoin(names, ", ");
}

// Fills one message from one YAML map, by the message's descriptor.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  absl::Status ReadMap(const YAML::Node& node, Message& message) {
    if (!node.IsMap()) return ConfigError(absl::StrCat(Place(file_, node.Mark()), ": expected a map of keys"));
    for (const auto& entry : node) {
      const std::string key = entry.first.Scalar();
      const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(key);
      if (field == nullptr) {
        return ConfigError(absl::StrCat(Place(file_, entry.first.Mark()), ": unknown key ", JsonQuote(CutText(key, 60)),
                                        " (known: ", KnownKeys(message), ")"));
      }
      CDI_RETURN_IF_ERROR(ReadField(entry.second, *field, message));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadField(const YAML::Node& node, const FieldDescriptor& field, Message& message) {
    if (field.is_repeated()) {
      if (!node.IsSequence()) return TypeError(node, field, "a list");
      for (const YAML::Node& item : node) {
        if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
          CDI_RETURN_IF_ERROR(ReadMap(item, *message.GetReflection()->AddMessage(&message, &field)));
          continue;
        }
        if (!item.IsScalar() || !IsValidUtf8(item.Scalar())) return TypeError(item, field, "a list of UTF-8 texts");
        message.GetReflection()->AddString(&message, &field, item.Scalar());
      }
      return absl::OkStatus();
    }
    if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      return ReadMap(node, *message.GetReflection()->MutableMessage(&message, &field));
    }
    if (!node.IsScalar()) return TypeError(node, field, "a single value");
    return ReadScalar(node, field, message);
  }

  absl::Status ReadScalar(const YAML::Node& node, const FieldDescriptor& field, Message& message) {
    const std::string text = node.Scalar();
    if (!IsValidUtf8(text)) return TypeError(node, field, "UTF-8 text");
    switch (field.type()) {
      case FieldDescriptor::TYPE_STRING:
        message.GetReflection()->SetString(&message, &field, text);
        return absl::OkStatus();
      case FieldDescriptor::TYPE_INT32: {
        int32_t value = 0;
        if (!absl::SimpleAtoi(text, &value)) return TypeError(node, field, "a whole number");
        message.GetReflection()->SetInt32(&message, &field, value);
        return absl::OkStatus();
      }
      case FieldDescriptor::TYPE_BOOL:
        if (text != "true" && text != "false") return TypeError(node, field, "true or false");
        message.GetReflection()->SetBool(&message, &field, text == "true");
        return absl::OkStatus();
      default:
        return absl::InternalError(absl::StrCat("no reader for the type of ", field.full_name()));
    }
  }

  absl::Status TypeError(const YAML::Node& node, const FieldDescriptor& field, std::string_view wanted) const {
    return ConfigError(absl::StrCat(Place(file_, node.Mark()), ": ", field.name(), " must be ", std::string(wanted)));
  }

  const std::string file_;
};

void FillDefaults(config::v1::ServerConfig& config) {
  if (config.listen().empty()) config.set_listen("127.0.0.1:7350");
  if (config.log_level().empty()) config.set_log_level("info");
  if (config.braze_host_suffixes().empty()) {
    config.add_braze_host_suffixes(".braze.com");
    config.add_braze_host_suffixes(".braze.eu");
  }
  if (config.row_log_days() == 0) config.set_row_log_days(30);
  if (config.dead_row_days() == 0) config.set_dead_row_days(90);
  if (config.stop_seconds() == 0) config.set_stop_seconds(10);
  if (config.runs_max() == 0) config.set_runs_max(8);
  if (config.access().calls_per_minute() == 0) config.mutable_access()->set_calls_per_minute(6000);
  if (config.access().tests_per_minute() == 0) config.mutable_access()->set_tests_per_minute(10);
  config::v1::ServerConfig::MasterKey& key = *config.mutable_master_key();
  if (!key.command().empty() && key.command_seconds() == 0) key.set_command_seconds(30);
  auto& rotation = *config.mutable_key_rotation();
  if (rotation.drain_seconds() == 0) rotation.set_drain_seconds(86'400);
  if (rotation.login_seconds_max() == 0) rotation.set_login_seconds_max(120);
  if (rotation.poll_seconds() == 0) rotation.set_poll_seconds(30);
}

absl::Status CheckRange(std::string_view field, int value, int low, int high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return ConfigError(absl::StrCat(std::string(field), " must be ", low, "..", high, "; got ", value));
}

absl::Status CheckMetricsListen(const std::string& text) {
  if (text.empty()) return absl::OkStatus();
  CDI_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(text, "metrics_listen"));
  if (IsPlainLoopback(address.host)) return absl::OkStatus();
  return ConfigError(
      absl::StrCat("metrics_listen must be a loopback address (127.0.0.1, [::1], localhost): metrics are ",
                   "served without TLS; got ", JsonQuote(CutText(text, 100))));
}

absl::Status CheckTransport(const config::v1::ServerConfig& config) {
  CDI_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(config.listen(), "listen"));
  const config::v1::ServerConfig::Tls& tls = config.tls();
  const bool any_tls = config.has_tls();
  if (config.plaintext()) {
    if (any_tls) return ConfigError("plaintext and tls exclude each other: remove one");
    if (IsLocal(address)) return absl::OkStatus();
    return ConfigError(
        absl::StrCat("plaintext goes with a loopback address (127.0.0.1, [::1], localhost) or unix:PATH ",
                     "in listen; other callers need tls; got ", JsonQuote(CutText(config.listen(), 100))));
  }
  if (!any_tls) {
    return ConfigError(
        "tls is missing: give tls: {certificate_file, key_file}; or plaintext: true on a loopback address or unix "
        "socket");
  }
  if (tls.certificate_file().empty() || tls.key_file().empty()) {
    return ConfigError("tls needs certificate_file and key_file");
  }
  if (tls.require_client_certificate() && tls.client_ca_file().empty()) {
    return ConfigError("tls.require_client_certificate goes with tls.client_ca_file");
  }
  return absl::OkStatus();
}

absl::Status CheckRole(std::string_view field, const std::string& role) {
  if (ParseRole(role)) return absl::OkStatus();
  return ConfigError(
      absl::StrCat(std::string(field), " must be viewer, operator or admin; got ", JsonQuote(CutText(role, 60))));
}

absl::Status CheckAccess(const config::v1::ServerConfig& config) {
  const config::v1::ServerConfig::Access& access = config.access();
  if (!access.anonymous_role().empty()) {
    CDI_RETURN_IF_ERROR(CheckRole("access.anonymous_role", access.anonymous_role()));
    if (!config.plaintext()) {
      return ConfigError(
          "access.anonymous_role goes with plaintext: true: over TLS, callers have tokens or certificates");
    }
  }
  if (!access.certificates().empty() && config.tls().client_ca_file().empty()) {
    return ConfigError("access.certificates goes with tls.client_ca_file");
  }
  for (const auto& certificate : access.certificates()) {
    if (certificate.subject().empty()) return ConfigError("access.certificates.subject is empty: CN=ci,O=Example");
    CDI_RETURN_IF_ERROR(CheckRole("access.certificates.role", certificate.role()));
    for (const std::string& scope : certificate.scopes()) {
      const absl::Status checked = CheckScope(scope, "access.certificates.scopes");
      if (!checked.ok()) return ConfigError(std::string(checked.message()));
    }
  }
  CDI_RETURN_IF_ERROR(CheckRange("access.calls_per_minute", access.calls_per_minute(), 1, 1'000'000));
  return CheckRange("access.tests_per_minute", access.tests_per_minute(), 1, 6000);
}

absl::Status CheckMasterKey(const config::v1::ServerConfig::MasterKey& key) {
  const int sources = (key.file().empty() ? 0 : 1) + (key.env().empty() ? 0 : 1) + (key.command().empty() ? 0 : 1);
  if (sources != 1) {
    return ConfigError("master_key needs exactly one of file, env and command: it seals private keys and API keys");
  }
  if (key.create() && key.file().empty()) return ConfigError("master_key.create goes with master_key.file");
  if (key.command().empty()) {
    if (key.command_seconds() != 0) return ConfigError("master_key.command_seconds goes with master_key.command");
    return absl::OkStatus();
  }
  if (!key.command(0).starts_with('/')) {
    return ConfigError("master_key.command must name its program by an absolute path: [/usr/bin/PROGRAM, ARGUMENT, …]");
  }
  return CheckRange("master_key.command_seconds", key.command_seconds(), 1, 120);
}

// Shorter times only where everything is a stand-in: a login under way could be cut off from its key.
absl::Status CheckKeyRotation(const config::v1::ServerConfig& config) {
  const config::v1::ServerConfig::KeyRotation& rotation = config.key_rotation();
  const bool stand_ins = config.allow_loopback_endpoints();
  CDI_RETURN_IF_ERROR(
      CheckRange("key_rotation.drain_seconds", rotation.drain_seconds(), stand_ins ? 1 : 3600, 604'800));
  CDI_RETURN_IF_ERROR(
      CheckRange("key_rotation.login_seconds_max", rotation.login_seconds_max(), stand_ins ? 1 : 60, 600));
  CDI_RETURN_IF_ERROR(CheckRange("key_rotation.poll_seconds", rotation.poll_seconds(), stand_ins ? 1 : 5, 3600));
  if (config.key_import_dir().empty() || config.key_import_dir().starts_with('/')) return absl::OkStatus();
  return ConfigError("key_import_dir must be an absolute path");
}

absl::Status CheckConfig(const config::v1::ServerConfig& config) {
  if (config.state_dir().empty()) return ConfigError("state_dir is missing: the directory for everything durable");
  CDI_RETURN_IF_ERROR(CheckMetricsListen(config.metrics_listen()));
  CDI_RETURN_IF_ERROR(CheckMasterKey(config.master_key()));
  CDI_RETURN_IF_ERROR(CheckTransport(config));
  CDI_RETURN_IF_ERROR(CheckAccess(config));
  LogLevel level = LogLevel::kInfo;
  if (!JsonLogger::ParseLevel(config.log_level(), &level)) {
    return ConfigError("log_level must be debug, info, warn or error");
  }
  for (const std::string& suffix : config.braze_host_suffixes()) {
    if (suffix.size() < 3 || suffix[0] != '.')
      return ConfigError("braze_host_suffixes must begin with a dot: .braze.com");
  }
  for (const std::string& path : config.driver_paths()) {
    if (!path.starts_with('/')) return ConfigError("driver_paths must be absolute paths");
  }
  CDI_RETURN_IF_ERROR(CheckKeyRotation(config));
  CDI_RETURN_IF_ERROR(CheckRange("row_log_days", config.row_log_days(), 1, 3650));
  CDI_RETURN_IF_ERROR(CheckRange("dead_row_days", config.dead_row_days(), 1, 3650));
  CDI_RETURN_IF_ERROR(CheckRange("stop_seconds", config.stop_seconds(), 1, 12));
  return CheckRange("runs_max", config.runs_max(), 1, 64);
}

}  // namespace

absl::StatusOr<config::v1::ServerConfig> ParseConfig(const std::string& text, const std::string& file_name) {
  config::v1::ServerConfig config;
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsNull()) CDI_RETURN_IF_ERROR(Reader(file_name).ReadMap(root, config));
  } catch (const YAML::Exception& error) {
    return ConfigError(absl::StrCat(Place(file_name, error.mark), ": ", error.msg));
  }
  FillDefaults(config);
  if (const absl::Status checked = CheckConfig(config); !checked.ok()) {
    return ConfigError(absl::StrCat(file_name, ": ", std::string(checked.message())));
  }
  return config;
}

absl::StatusOr<config::v1::ServerConfig> LoadConfig(const std::string& path) {
  std::ifstream file(path);
  if (!file) return ConfigError(absl::StrCat("cannot read ", path, ": does it exist, and may this user read it?"));
  std::stringstream text;
  text << file.rdbuf();
  return ParseConfig(text.str(), path);
}

std::string PrintConfig(const config::v1::ServerConfig& config) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  (void)google::protobuf::util::MessageToJsonString(config, &text, options);
  return text;
}

absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& text, std::string_view field) {
  constexpr std::string_view kUnix = "unix:";
  constexpr size_t kSocketPathMax = 107;  // sockaddr_un::sun_path without its NUL
  if (text.starts_with(kUnix)) {
    std::string path = text.substr(kUnix.size());
    if (path.starts_with('/') && path.size() <= kSocketPathMax) return ListenAddress{"", 0, std::move(path)};
    return ConfigError(absl::StrCat(std::string(field), " must be unix: and an absolute path of at most ",
                                    kSocketPathMax, " bytes; got ", JsonQuote(CutText(text, 200))));
  }
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return ConfigError(
        absl::StrCat(std::string(field), " must be host:port with port 0..65535; got ", JsonQuote(CutText(text, 100))));
  }
  return ListenAddress{text.substr(0, colon), port};
}

bool IsLocal(const ListenAddress& address) {
  return !address.socket_path.empty() || IsPlainLoopback(address.host);
}

}  // namespace cdi::server
