#include "ingest/state/rotation_codec.h"

#include <type_traits>
#include <vector>

#include "ingest/state/row_codec.h"

namespace cdi::state {
namespace {

using keys::KeySlot;
using keys::RotationMode;
using keys::RotationNext;
using keys::RotationRecord;
using keys::RotationStep;

// Fields added later go to the end, under a higher format that the reader asks for.
constexpr uint8_t kFormat = 2;
constexpr uint8_t kFormatWithoutDoubt = 1;

constexpr uint64_t LastOf(KeySlot) {
  return static_cast<uint64_t>(KeySlot::k2);
}
constexpr uint64_t LastOf(RotationMode) {
  return static_cast<uint64_t>(RotationMode::kScheduled);
}
constexpr uint64_t LastOf(RotationStep) {
  return static_cast<uint64_t>(RotationStep::kFailed);
}
constexpr uint64_t LastOf(RotationNext::Actor) {
  return static_cast<uint64_t>(RotationNext::Actor::kOperator);
}

class Writer {
 public:
  void operator()(const std::string& text) { out.Text(text); }
  void operator()(const Timestamp& time) { out.Time(time); }
  void operator()(bool flag) { out.Byte(flag ? 1 : 0); }
  void operator()(uint64_t number) { out.Varint(number); }
  void operator()(int number) { out.Signed(number); }
  void operator()(std::chrono::milliseconds duration) { out.Signed(duration.count()); }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  void operator()(Enum value) { out.Varint(static_cast<uint64_t>(value)); }
  template <typename T, typename Each>
  void Optional(const std::optional<T>& value, Each each) {
    (*this)(value.has_value());
    if (value.has_value()) each(*value);
  }
  template <typename T, typename Each>
  void List(const std::vector<T>& values, Each each) {
    out.Varint(values.size());
    for (const T& value : values) each(value);
  }

  ByteWriter out;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : in(bytes) {}

  void operator()(std::string& text) { text = std::string(in.Text()); }
  void operator()(Timestamp& time) { time = in.Time(); }
  void operator()(bool& flag) {
    const uint8_t byte = in.Byte();
    if (byte > 1) in.Fail();
    flag = byte == 1;
  }
  void operator()(uint64_t& number) { number = in.Varint(); }
  void operator()(int& number) { number = static_cast<int>(in.Signed()); }
  void operator()(std::chrono::milliseconds& duration) { duration = std::chrono::milliseconds(in.Signed()); }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  void operator()(Enum& value) {
    const uint64_t number = in.Varint();
    if (number < 1 || number > LastOf(Enum{})) return in.Fail();
    value = static_cast<Enum>(number);
  }
  template <typename T, typename Each>
  void Optional(std::optional<T>& value, Each each) {
    bool there = false;
    (*this)(there);
    if (there) each(value.emplace());
  }
  template <typename T, typename Each>
  void List(std::vector<T>& values, Each each) {
    values.resize(in.Count(1));
    for (T& value : values) each(value);
  }

  ByteReader in;
};

// One list of fields for both directions, so that they cannot part. `Record` is const for the writer.
template <typename Io, typename Key>
void KeyFields(Io& io, Key& key) {
  io(key.name);
  io(key.fingerprint);
  io(key.slot);
}

template <typename Io, typename Record>
void Fields(Io& io, Record& record, uint8_t format) {
  const auto time = [&](auto& value) { io(value); };
  const auto proof = [&](auto& value) {
    io(value.time);
    io(value.text);
  };
  io(record.name);
  io(record.version);
  io(record.mode);
  io(record.step);
  io(record.user);
  KeyFields(io, record.old_key);
  KeyFields(io, record.new_key);
  io(record.made_new_key);
  io(record.bits);
  io(record.leftover_key_pair);
  io(record.leftover_fingerprint);
  io(record.waits_for);
  io(record.requested_by);
  io(record.reason);
  io(record.permitted_fingerprint);
  io(record.rollback_requested);
  io(record.end_drain_requested);
  io(record.rollback_reason);
  io.List(record.times, [&](auto& value) {
    io(value.step);
    io(value.time);
  });
  io.Optional(record.seen, [&](auto& value) {
    io(value.first);
    io(value.second);
  });
  io.Optional(record.seen_time, time);
  io.Optional(record.proof, proof);
  io.Optional(record.restore_proof, proof);
  io(record.set_by);
  io(record.unset_by);
  io(record.fallback);
  io(record.drained);
  io.Optional(record.drain_checked, time);
  io.Optional(record.drain_until, time);
  io.Optional(record.error, [&](auto& value) {
    io(value.reason);
    io(value.message);
    io(value.fix);
    io(value.count);
    io(value.time);
  });
  io(record.next.actor);
  io(record.next.statement);
  io.Optional(record.next.time, time);
  if (format == kFormatWithoutDoubt) return;
  io(record.statement_under_way);
  io(record.statement_doubt);
  io.Optional(record.fallback_time, time);
}

}  // namespace

std::string EncodeRotation(const RotationRecord& record) {
  Writer writer;
  writer.out.Byte(kFormat);
  Fields(writer, record, kFormat);
  return writer.out.Take();
}

absl::StatusOr<RotationRecord> DecodeRotation(std::string_view bytes) {
  Reader reader(bytes);
  absl::StatusOr<RotationRecord> record(absl::in_place);
  const uint8_t format = reader.in.Byte();
  if (format != kFormat && format != kFormatWithoutDoubt) return Malformed("a rotation");
  Fields(reader, *record, format);
  if (!reader.in.ok() || !reader.in.done()) return Malformed("a rotation");
  return record;
}

}  // namespace cdi::state
