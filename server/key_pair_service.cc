#include "server/key_pair_service.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "server/documents.h"
#include "server/key_import.h"
#include "server/paging.h"
#include "server/resource_name.h"

namespace cdi::server {
namespace {

constexpr std::string_view kPattern = "connections/*/keyPairs/*";

// A number that names no slot is no wish for any: the caller may know of more slots than we do.
absl::StatusOr<std::optional<keys::KeySlot>> WantedSlot(v1::KeyPair::Slot slot) {
  if (slot == v1::KeyPair::SLOT_UNSPECIFIED) return std::optional<keys::KeySlot>();
  if (slot == v1::KeyPair::RSA_PUBLIC_KEY) return std::optional(keys::KeySlot::k1);
  if (slot == v1::KeyPair::RSA_PUBLIC_KEY_2) return std::optional(keys::KeySlot::k2);
  return InvalidField("slot", absl::StrCat("slot must be RSA_PUBLIC_KEY (1), RSA_PUBLIC_KEY_2 (2), or left out; got ",
                                           static_cast<int>(slot)));
}

// The id that was asked for; a request with nothing but a request id has the same one whenever it is repeated.
std::string WantedId(const v1::GenerateKeyPairRequest& request) {
  if (!request.key_pair_id().empty() || request.request_id().empty()) return request.key_pair_id();
  return absl::StrCat("k", Hash128(request.connection() + '\n' + request.request_id()).ToHex().substr(0, 12));
}

std::string AnswerHash(const v1::GenerateKeyPairRequest& request) {
  return absl::StrCat("GenerateKeyPair:", RequestHash(request));
}

}  // namespace

absl::StatusOr<std::string> KeyPairServiceImpl::UserOf(const std::string& connection) {
  CDI_ASSIGN_OR_RETURN(const ingest::Resource resource,
                       context_.store.GetResource(ingest::ResourceKind::kConnection, connection));
  CDI_ASSIGN_OR_RETURN(const v1::Connection message, ConnectionOf(resource));
  if (message.has_snowflake()) return message.snowflake().user();
  return MakeError(absl::StatusCode::kFailedPrecondition, "NOT_SNOWFLAKE",
                   absl::StrCat(connection, " is no Snowflake connection: only those log in by key pair"));
}

absl::StatusOr<KeyPairSurroundings> KeyPairServiceImpl::SurroundingsOf(const std::string& connection) {
  KeyPairSurroundings around;
  CDI_ASSIGN_OR_RETURN(around.user, UserOf(connection));
  CDI_ASSIGN_OR_RETURN(around.rotations, rotations_.List(connection));
  return around;
}

absl::StatusOr<std::optional<keys::KeyPairRecord>> KeyPairServiceImpl::MadeBefore(
    const v1::GenerateKeyPairRequest& request, const std::string& name, int bits, std::optional<keys::KeySlot> slot) {
  if (request.request_id().empty()) return std::optional<keys::KeyPairRecord>();
  CDI_ASSIGN_OR_RETURN(const std::optional<std::string> answer,
                       context_.store.FindAnswer(request.request_id(), AnswerHash(request)));
  if (answer) return context_.keys.Get(*answer);
  if (!request.key_pair_id().empty()) return std::optional<keys::KeyPairRecord>();
  // The id is the request id's own: the pair may be there without its answer, after a crash between the two.
  absl::StatusOr<keys::KeyPairRecord> made = context_.keys.Get(name);
  if (absl::IsNotFound(made.status())) return std::optional<keys::KeyPairRecord>();
  CDI_RETURN_IF_ERROR(made.status());
  if (made->bits == bits && (!slot || made->slot == *slot)) return *std::move(made);
  return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                   absl::StrCat("request_id was used for another request, which made ", name, "; send a new one"),
                   {{"field", "request_id"}});
}

v1::KeyPair KeyPairServiceImpl::View(const keys::KeyPairRecord& record, const KeyPairSurroundings& around) {
  const bool live = record.state != keys::KeyPairState::kRevoked;
  return ViewOf(record, around, live ? context_.keys.CheckWhole(record) : absl::OkStatus());
}

absl::Status KeyPairServiceImpl::Generate(const v1::GenerateKeyPairRequest& request, const std::string& caller,
                                          std::string& detail, v1::KeyPair& response) {
  CDI_RETURN_IF_ERROR(CheckName(request.connection(), "connections/*", "connection"));
  CDI_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  CDI_ASSIGN_OR_RETURN(const KeyPairSurroundings around, SurroundingsOf(request.connection()));
  CDI_ASSIGN_OR_RETURN(const std::string id, ChosenOrMadeId(WantedId(request), "k", context_.rng, "key_pair_id"));
  const int bits = request.key_bits() == 0 ? keys::kRsaBitsDefault : request.key_bits();
  CDI_ASSIGN_OR_RETURN(const std::optional<keys::KeySlot> slot, WantedSlot(request.slot()));
  const std::string name = absl::StrCat(request.connection(), "/keyPairs/", id);
  detail = name;
  CDI_ASSIGN_OR_RETURN(const std::optional<keys::KeyPairRecord> before, MadeBefore(request, name, bits, slot));
  if (before) {
    response = View(*before, around);
    return absl::OkStatus();
  }
  CDI_ASSIGN_OR_RETURN(const keys::KeyPairRecord record, context_.keys.Generate(request.connection(), id, bits, slot));
  context_.logger.Write(LogLevel::kInfo, "key_pair_generated",
                        {{"key_pair", record.name}, {"fingerprint", record.fingerprint}, {"caller", caller}});
  if (!request.request_id().empty()) {
    // The pair is there: an answer that cannot be kept costs a repetition its answer, not this call.
    const absl::Status kept = context_.store.KeepAnswer(request.request_id(), AnswerHash(request), record.name);
    if (!kept.ok()) {
      context_.logger.Write(LogLevel::kWarn, "answer_not_kept",
                            {{"key_pair", record.name}, {"reason", ErrorReason(kept)}});
    }
  }
  response = View(record, around);
  return absl::OkStatus();
}

absl::Status KeyPairServiceImpl::Import(const v1::ImportKeyPairRequest& request, const std::string& caller,
                                        std::string& detail, v1::KeyPair& response) {
  CDI_RETURN_IF_ERROR(CheckName(request.connection(), "connections/*", "connection"));
  CDI_ASSIGN_OR_RETURN(const KeyPairSurroundings around, SurroundingsOf(request.connection()));
  CDI_ASSIGN_OR_RETURN(const std::string id, ChosenOrMadeId(request.key_pair_id(), "k", context_.rng, "key_pair_id"));
  detail = absl::StrCat(request.connection(), "/keyPairs/", id, " of file ", JsonQuote(CutText(request.file(), 100)));
  CDI_ASSIGN_OR_RETURN(const std::optional<keys::KeySlot> slot, WantedSlot(request.slot()));
  const std::string& directory = context_.config.key_import_dir();
  CDI_ASSIGN_OR_RETURN(const Secret pem, ReadImportFile(directory, request.file(), "file"));
  std::optional<Secret> passphrase;
  if (!request.passphrase_file().empty()) {
    CDI_ASSIGN_OR_RETURN(const Secret text, ReadImportFile(directory, request.passphrase_file(), "passphrase_file"));
    std::string_view words = text.Expose();
    if (words.ends_with('\n')) words.remove_suffix(1);
    if (words.ends_with('\r')) words.remove_suffix(1);
    passphrase.emplace(words);
  }
  const absl::StatusOr<keys::KeyPairRecord> imported =
      context_.keys.Import(request.connection(), id, pem, passphrase ? &*passphrase : nullptr, slot);
  if (!imported.ok()) return InRequestWords(imported.status());
  const keys::KeyPairRecord& record = *imported;
  context_.logger.Write(LogLevel::kInfo, "key_pair_imported",
                        {{"key_pair", record.name}, {"fingerprint", record.fingerprint}, {"caller", caller}});
  response = View(record, around);
  return absl::OkStatus();
}

grpc::Status KeyPairServiceImpl::ImportKeyPair(grpc::ServerContext* rpc, const v1::ImportKeyPairRequest* request,
                                               v1::KeyPair* response) {
  return Serve(context_, "ImportKeyPair", rpc, *request, [&](const Caller& caller, std::string& detail) {
    return Import(*request, caller.name(), detail, *response);
  });
}

grpc::Status KeyPairServiceImpl::GenerateKeyPair(grpc::ServerContext* rpc, const v1::GenerateKeyPairRequest* request,
                                                 v1::KeyPair* response) {
  return Serve(context_, "GenerateKeyPair", rpc, *request, [&](const Caller& caller, std::string& detail) {
    return Generate(*request, caller.name(), detail, *response);
  });
}

grpc::Status KeyPairServiceImpl::GetKeyPair(grpc::ServerContext* rpc, const v1::GetKeyPairRequest* request,
                                            v1::KeyPair* response) {
  return Serve(context_, "GetKeyPair", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    CDI_ASSIGN_OR_RETURN(const keys::KeyPairRecord record, context_.keys.Get(request->name()));
    CDI_ASSIGN_OR_RETURN(const KeyPairSurroundings around, SurroundingsOf(std::string(ParentOf(request->name()))));
    *response = View(record, around);
    return absl::OkStatus();
  });
}

grpc::Status KeyPairServiceImpl::ListKeyPairs(grpc::ServerContext* rpc, const v1::ListKeyPairsRequest* request,
                                              v1::ListKeyPairsResponse* response) {
  return Serve(context_, "ListKeyPairs", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->connection(), "connections/*", "connection"));
    CDI_ASSIGN_OR_RETURN(const KeyPairSurroundings around, SurroundingsOf(request->connection()));
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), 50));
    const std::string scope = absl::StrCat("ListKeyPairs ", request->connection());
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, request->page_token()));
    CDI_ASSIGN_OR_RETURN(const std::vector<keys::KeyPairRecord> records, context_.keys.List(request->connection()));
    auto next = records.begin();
    if (!after.empty()) {
      next = std::find_if(records.begin(), records.end(), [&](const auto& record) { return record.name == after; });
      if (next != records.end()) ++next;
    }
    for (; next != records.end(); ++next) {
      if (response->key_pairs_size() == size) {
        response->set_next_page_token(MakePageToken(scope, response->key_pairs(size - 1).name()));
        break;
      }
      *response->add_key_pairs() = View(*next, around);
    }
    return absl::OkStatus();
  });
}

grpc::Status KeyPairServiceImpl::RevokeKeyPair(grpc::ServerContext* rpc, const v1::RevokeKeyPairRequest* request,
                                               v1::KeyPair* response) {
  return Serve(context_, "RevokeKeyPair", rpc, *request, [&](const Caller& caller) -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    if (request->reason().empty()) return InvalidField("reason", "reason is empty; it is kept in the server's log");
    // Not known, they cost their part of the answer: an emergency waits for nothing.
    const KeyPairSurroundings around =
        SurroundingsOf(std::string(ParentOf(request->name()))).value_or(KeyPairSurroundings());
    CDI_ASSIGN_OR_RETURN(const keys::KeyPairRecord record, context_.keys.Revoke(request->name()));
    rotations_.Wake(ParentOf(request->name()));
    context_.logger.Write(
        LogLevel::kWarn, "key_pair_revoked",
        {{"key_pair", record.name}, {"reason", CutText(request->reason(), 300)}, {"caller", caller.name()}});
    *response = View(record, around);
    return absl::OkStatus();
  });
}

grpc::Status KeyPairServiceImpl::DeleteKeyPair(grpc::ServerContext* rpc, const v1::DeleteKeyPairRequest* request,
                                               google::protobuf::Empty*) {
  return Serve(context_, "DeleteKeyPair", rpc, *request, [&]() -> absl::Status {
    CDI_RETURN_IF_ERROR(CheckName(request->name(), kPattern, "name"));
    return context_.keys.Delete(request->name());
  });
}

}  // namespace cdi::server
