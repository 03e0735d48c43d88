#include "cli/field_flags.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "cli/concat.h"
#include "cli/values.h"

namespace cdi::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The field at the end of a path, and the message that holds it.
const FieldDescriptor* FindField(const Descriptor& type, std::string_view path) {
  const Descriptor* holder = &type;
  const FieldDescriptor* field = nullptr;
  for (const std::string& part : std::vector<std::string>(absl::StrSplit(std::string(path), '.'))) {
    field = holder == nullptr ? nullptr : holder->FindFieldByName(part);
    if (field == nullptr) return nullptr;
    holder = field->message_type();
  }
  return field;
}

Message* HolderOf(Message& message, std::string_view path) {
  Message* holder = &message;
  for (size_t dot; (dot = path.find('.')) != std::string_view::npos; path.remove_prefix(dot + 1)) {
    const FieldDescriptor* field = holder->GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
    holder = holder->GetReflection()->MutableMessage(holder, field);
  }
  return holder;
}

// `USER_ATTRIBUTES` as `user-attributes`.
std::string EnumWord(std::string_view name) {
  std::string word(name);
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return word;
}

// Value 0 is "not given", which is said by leaving the flag out.
std::string EnumWords(const EnumDescriptor& type) {
  std::string words;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) Append(words, words.empty() ? "" : ", ", EnumWord(type.value(i)->name()));
  }
  return words;
}

std::string TypeName(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return "NUMBER";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "NUMBER";
    case FieldDescriptor::CPPTYPE_ENUM:
      return "WORD";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return field.message_type() == google::protobuf::Duration::descriptor() ? "DURATION" : "TIME";
    default:
      return "TEXT";
  }
}

absl::Status Wrong(const FieldFlag& flag, std::string_view must, std::string_view text) {
  return absl::InvalidArgumentError(Concat(flag.flag, " must be ", must, "; got ", JsonQuote(text)));
}

absl::Status SetEnum(Message& holder, const FieldDescriptor& field, const FieldFlag& flag, const std::string& text) {
  const EnumDescriptor& type = *field.enum_type();
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0 && EnumWord(type.value(i)->name()) == EnumWord(text)) {
      holder.GetReflection()->SetEnum(&holder, &field, type.value(i));
      return absl::OkStatus();
    }
  }
  return Wrong(flag, Concat("one of ", EnumWords(type)), text);
}

absl::Status SetMessage(Message& holder, const FieldDescriptor& field, const FieldFlag& flag, const std::string& text) {
  Message* value = holder.GetReflection()->MutableMessage(&holder, &field);
  if (field.message_type() == google::protobuf::Duration::descriptor()) {
    const auto duration = ParseDuration(text);
    if (!duration.ok())
      return absl::InvalidArgumentError(Concat(flag.flag, ": ", std::string(duration.status().message())));
    value->CopyFrom(ToProto(*duration));
    return absl::OkStatus();
  }
  CDI_CHECK(field.message_type() == google::protobuf::Timestamp::descriptor(), "no flag for a field of this type");
  const auto time = ParseTime(text);
  if (!time.ok()) return absl::InvalidArgumentError(Concat(flag.flag, ": ", std::string(time.status().message())));
  value->CopyFrom(ToProto(*time));
  return absl::OkStatus();
}

absl::Status SetField(Message& holder, const FieldDescriptor& field, const FieldFlag& flag, const std::string& text) {
  const auto* reflection = holder.GetReflection();
  if (text.empty()) {
    reflection->ClearField(&holder, &field);
    return absl::OkStatus();
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      if (flag.expand == nullptr) {
        reflection->SetString(&holder, &field, text);
        return absl::OkStatus();
      }
      CDI_ASSIGN_OR_RETURN(std::string full, flag.expand(text));
      reflection->SetString(&holder, &field, std::move(full));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t number = 0;
      if (!absl::SimpleAtoi(text, &number)) return Wrong(flag, "a whole number", text);
      reflection->SetInt32(&holder, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double number = 0;
      if (!absl::SimpleAtod(text, &number)) return Wrong(flag, "a number", text);
      reflection->SetDouble(&holder, &field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(holder, field, flag, text);
    default:
      return SetMessage(holder, field, flag, text);
  }
}

}  // namespace

FieldFlags::FieldFlags(CLI::App& verb, std::span<const FieldFlag> flags, const Descriptor& message_type, Use use) {
  for (const FieldFlag& flag : flags) {
    if (use == Use::kUpdate && flag.immutable) continue;
    const FieldDescriptor* field = FindField(message_type, flag.path);
    CDI_CHECK(field != nullptr, flag.path);
    Given& given = given_.emplace_back(Given{&flag, nullptr, nullptr, "", false});
    std::string help = flag.help;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
      const std::string name = std::string(flag.flag).substr(2);  // without the dashes
      given.option = verb.add_flag(flag.flag, given.yes, help);
      if (use == Use::kUpdate) {
        given.off_option =
            verb.add_flag(Concat("--no-", name), given.off, Concat("Takes --", name, " back"))->excludes(given.option);
      }
      continue;
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) Append(help, ": ", EnumWords(*field->enum_type()));
    given.option = verb.add_option(flag.flag, given.text, help)->type_name(TypeName(*field));
  }
}

absl::Status FieldFlags::Apply(Message& message, std::vector<std::string>* paths, const Repath& repath) const {
  for (const Given& given : given_) {
    const bool off = given.off_option != nullptr && given.off_option->count() > 0;
    if (given.option->count() == 0 && !off) continue;
    const std::string path = repath ? repath(given.flag->path) : given.flag->path;
    const FieldDescriptor* field = FindField(*message.GetDescriptor(), path);
    if (field == nullptr) {
      return absl::InvalidArgumentError(Concat(given.flag->flag, " does not apply: there is no ", path));
    }
    Message* holder = HolderOf(message, path);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
      holder->GetReflection()->SetBool(holder, field, given.yes);
    } else {
      CDI_RETURN_IF_ERROR(SetField(*holder, *field, *given.flag, given.text));
    }
    if (paths != nullptr) paths->push_back(path);
  }
  return absl::OkStatus();
}

SecretFlags::SecretFlags(CLI::App& verb, const std::string& name, const std::string& what) : name_(name) {
  CLI::Option* file =
      verb.add_option(Concat("--", name, "-file"), file_, Concat("File that holds ", what))->type_name("FILE");
  verb.add_option(Concat("--", name, "-env"), variable_, Concat("Environment variable that holds ", what))
      ->type_name("VARIABLE")
      ->excludes(file);
}

absl::StatusOr<std::string> SecretFlags::Read(const Environment& environment) const {
  if (!given()) return absl::InvalidArgumentError(Concat("--", name_, "-file or --", name_, "-env is required"));
  std::string secret;
  std::string source;
  if (!variable_.empty()) {
    source = Concat("environment variable ", variable_);
    std::optional<std::string> value = environment(variable_);
    if (!value) return absl::InvalidArgumentError(Concat("--", name_, "-env: ", source, " is not set"));
    secret = *std::move(value);
  } else {
    source = Concat("file ", file_);
    std::ifstream file(file_, std::ios::binary);
    if (!file) return absl::InvalidArgumentError(Concat("--", name_, "-file: ", source, " cannot be read"));
    secret.assign(std::istreambuf_iterator<char>(file), {});
  }
  if (!secret.empty() && secret.back() == '\n') secret.pop_back();
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  if (secret.empty()) return absl::InvalidArgumentError(Concat("--", name_, ": ", source, " is empty"));
  return secret;
}

}  // namespace cdi::cli
