#include "cli/endpoint.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/ascii.h"
#include "base/status_macros.h"
#include "cli/concat.h"

namespace cdi::cli {
namespace {

constexpr char kDefaultServer[] = "127.0.0.1:7350";
constexpr char kSystemAuthorities[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr size_t kFileBytesMax = 1 << 20;

enum class Who { kAnybody, kOwnerOnly };

absl::Status Fault(std::string_view flag, const std::string& path, std::string_view fault) {
  return absl::InvalidArgumentError(Concat(flag, ": ", path, " ", fault));
}

absl::StatusOr<std::string> ReadFile(std::string_view flag, const std::string& path, Who who) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Fault(flag, path, Concat("cannot be read: ", std::strerror(errno)));
  struct stat facts {};
  absl::Status fault;
  std::string text;
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    fault = Fault(flag, path, "is no file");
  } else if (who == Who::kOwnerOnly && (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    fault = Fault(flag, path, Concat("may be read by others than its owner: chmod 600 ", path));
  } else {
    text.resize(kFileBytesMax);
    const ssize_t got = read(file, text.data(), text.size());
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    if (text.empty()) fault = Fault(flag, path, "is empty");
    if (text.size() == kFileBytesMax) fault = Fault(flag, path, "is too large");
  }
  (void)close(file);
  if (!fault.ok()) return fault;
  return text;
}

absl::StatusOr<Secret> ReadSecret(std::string_view flag, const std::string& path) {
  CDI_ASSIGN_OR_RETURN(std::string text, ReadFile(flag, path, Who::kOwnerOnly));
  const absl::string_view trimmed = absl::StripAsciiWhitespace(text);
  Secret secret(std::string_view(trimmed.data(), trimmed.size()));
  WipeString(text);
  return secret;
}

// An address that cannot leave this machine; a name but `localhost` may lead anywhere.
bool IsThisMachine(std::string_view address) {
  if (address.starts_with("unix:")) return true;
  const std::string host(address.substr(0, address.rfind(':')));
  if (host == "localhost" || host == "[::1]") return true;
  in_addr parsed{};
  return inet_pton(AF_INET, host.c_str(), &parsed) == 1 && ntohl(parsed.s_addr) >> 24 == 127;
}

absl::Status ReadTlsFiles(const EndpointFlags& flags, const std::string& ca_file, Endpoint& endpoint) {
  if (flags.cert_file.empty() != flags.key_file.empty()) {
    return absl::InvalidArgumentError("--cert-file and --key-file go together");
  }
  if (!ca_file.empty()) {
    CDI_ASSIGN_OR_RETURN(endpoint.ca_pem, ReadFile("--ca-file", ca_file, Who::kAnybody));
  } else if (access(kSystemAuthorities, R_OK) == 0) {
    CDI_ASSIGN_OR_RETURN(endpoint.ca_pem, ReadFile("--tls", kSystemAuthorities, Who::kAnybody));
  }
  if (!flags.cert_file.empty()) {
    CDI_ASSIGN_OR_RETURN(endpoint.certificate_pem, ReadFile("--cert-file", flags.cert_file, Who::kAnybody));
    CDI_ASSIGN_OR_RETURN(endpoint.key_pem, ReadSecret("--key-file", flags.key_file));
  }
  endpoint.server_name = flags.server_name;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Endpoint> ResolveEndpoint(const EndpointFlags& flags, const Environment& environment) {
  const auto given_or = [&](const std::string& flag, const char* variable) {
    return flag.empty() ? environment(variable).value_or("") : flag;
  };
  Endpoint endpoint;
  endpoint.address = given_or(flags.server, "CDI_SERVER");
  if (endpoint.address.empty()) endpoint.address = kDefaultServer;
  const std::string ca_file = given_or(flags.ca_file, "CDI_CA_FILE");
  endpoint.tls = flags.tls || !ca_file.empty() || !flags.cert_file.empty() || !flags.key_file.empty() ||
                 !flags.server_name.empty();
  if (endpoint.tls) CDI_RETURN_IF_ERROR(ReadTlsFiles(flags, ca_file, endpoint));
  const std::string token_file = given_or(flags.token_file, "CDI_TOKEN_FILE");
  if (token_file.empty()) return endpoint;
  if (!endpoint.tls && !IsThisMachine(endpoint.address)) {
    return absl::InvalidArgumentError(
        Concat("a token goes to ", endpoint.address,
               " only over TLS: give --ca-file FILE, or --tls for the system's authorities"));
  }
  CDI_ASSIGN_OR_RETURN(endpoint.token, ReadSecret("--token-file", token_file));
  for (const char c : endpoint.token.Expose()) {
    if (c <= ' ' || c > '~') return Fault("--token-file", token_file, "holds something else than one token");
  }
  return endpoint;
}

}  // namespace cdi::cli
