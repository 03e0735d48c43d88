#include "server/documents.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace cdi::server {
namespace {

constexpr int64_t kProtoSecondsMin = -62'135'596'800;  // 0001-01-01, what google.protobuf.Timestamp holds
constexpr int64_t kProtoSecondsMax = 253'402'300'799;  // 9999-12-31

template <typename Message>
absl::StatusOr<Message> Parse(const ingest::Resource& resource) {
  Message message;
  if (!message.ParseFromString(resource.document)) {
    return MakeError(
        absl::StatusCode::kDataLoss, "STATE_DAMAGED",
        absl::StrCat("the stored document of ", resource.name, " cannot be read: restore the state directory"));
  }
  message.set_name(resource.name);
  message.set_etag(EtagOf(resource.version));
  *message.mutable_create_time() = ToProto(resource.create_time);
  *message.mutable_update_time() = ToProto(resource.update_time);
  return message;
}

template <typename Message>
std::string Serialize(Message& message) {
  message.clear_name();
  message.clear_etag();
  message.clear_create_time();
  message.clear_update_time();
  return message.SerializeAsString();
}

}  // namespace

std::string EtagOf(uint64_t version) {
  return absl::StrCat("v", version);
}

absl::StatusOr<uint64_t> VersionOf(const std::string& etag) {
  if (etag.empty()) return uint64_t{0};
  uint64_t version = 0;
  if (etag[0] == 'v' && absl::SimpleAtoi(etag.substr(1), &version) && version > 0) return version;
  return InvalidField("etag", "etag is not one that this service gave out: read the resource again, or leave it empty");
}

absl::StatusOr<v1::Connection> ConnectionOf(const ingest::Resource& resource) {
  return Parse<v1::Connection>(resource);
}
absl::StatusOr<v1::Workspace> WorkspaceOf(const ingest::Resource& resource) {
  return Parse<v1::Workspace>(resource);
}
absl::StatusOr<v1::Sync> SyncOf(const ingest::Resource& resource) {
  return Parse<v1::Sync>(resource);
}

std::string DocumentOf(v1::Connection connection) {
  if (connection.has_postgresql()) connection.mutable_postgresql()->clear_password();
  return Serialize(connection);
}

std::string DocumentOf(v1::Workspace workspace) {
  workspace.clear_api_key();
  return Serialize(workspace);
}

std::string DocumentOf(v1::Sync sync) {
  sync.clear_watermark();
  sync.clear_next_run_time();
  sync.clear_active_run();
  sync.clear_last_run();
  sync.clear_test_required();
  return Serialize(sync);
}

google::protobuf::Timestamp ToProto(const Timestamp& time) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(std::clamp(time.seconds, kProtoSecondsMin, kProtoSecondsMax));
  proto.set_nanos(time.nanos);
  return proto;
}

Timestamp FromProto(const google::protobuf::Timestamp& time) {
  return {time.seconds(), time.nanos()};
}

google::protobuf::Duration ToProto(std::chrono::milliseconds duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(duration.count() / 1000);
  proto.set_nanos(static_cast<int32_t>(duration.count() % 1000) * 1'000'000);
  return proto;
}

absl::StatusOr<std::chrono::milliseconds> FromProto(const google::protobuf::Duration& duration,
                                                    std::chrono::milliseconds low, std::chrono::milliseconds high,
                                                    std::string_view field) {
  constexpr int64_t kSecondsMax = 1'000'000'000;
  const int64_t seconds = std::clamp(duration.seconds(), -kSecondsMax, kSecondsMax);
  const std::chrono::milliseconds value{seconds * 1000 + duration.nanos() / 1'000'000};
  if (value >= low && value <= high) return value;
  const auto seconds_of = [](std::chrono::milliseconds time) { return std::chrono::duration<double>(time).count(); };
  return InvalidField(field, absl::StrCat(std::string(field), " must be ", seconds_of(low), "s to ", seconds_of(high),
                                          "s; got ", seconds_of(value), "s"));
}

}  // namespace cdi::server
