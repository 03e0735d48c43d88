#include "server/audit_service.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/status_macros.h"
#include "server/documents.h"
#include "server/paging.h"

namespace cdi::server {
namespace {

constexpr int kPageSize = 100;
constexpr size_t kChainDigits = 64;

v1::AuditEntry View(const ingest::AuditEntry& entry) {
  v1::AuditEntry view;
  view.set_sequence(static_cast<int64_t>(entry.sequence));
  *view.mutable_time() = ToProto(entry.time);
  view.set_caller(entry.line.caller);
  view.set_verb(entry.line.verb);
  view.set_name(entry.line.name);
  view.set_detail(entry.line.detail);
  view.set_outcome(static_cast<v1::AuditEntry::Outcome>(entry.line.outcome));
  return view;
}

ingest::AuditFilter FilterOf(const v1::ListAuditEntriesRequest& request) {
  ingest::AuditFilter filter;
  filter.name = request.name();
  filter.caller = request.caller();
  filter.verb = request.verb();
  if (request.has_since()) filter.since = FromProto(request.since());
  if (request.has_until()) filter.until = FromProto(request.until());
  filter.not_done_only = request.not_done_only();
  filter.oldest_first = request.oldest_first();
  return filter;
}

// The list and its filter, which a page token belongs to.
std::string ScopeOf(v1::ListAuditEntriesRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return "ListAuditEntries " + request.SerializeAsString();
}

absl::StatusOr<std::optional<ingest::AuditHead>> KnownHead(const v1::VerifyAuditRequest& request) {
  if (!request.has_known_head()) return std::nullopt;
  const v1::AuditHead& head = request.known_head();
  if (head.sequence() < 0) return InvalidField("known_head.sequence", "known_head.sequence must be 0 or more");
  if (head.sequence() == 0) return std::nullopt;  // before the first line: says nothing
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (head.chain().size() != kChainDigits || !std::all_of(head.chain().begin(), head.chain().end(), is_digit)) {
    return InvalidField("known_head.chain",
                        "known_head.chain must be the 64 hexadecimal digits that VerifyAudit gave for that line");
  }
  return ingest::AuditHead{static_cast<uint64_t>(head.sequence()), head.chain()};
}

}  // namespace

grpc::Status AuditServiceImpl::ListAuditEntries(grpc::ServerContext* rpc, const v1::ListAuditEntriesRequest* request,
                                                v1::ListAuditEntriesResponse* response) {
  return Serve(context_, "ListAuditEntries", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const int size, PageSize(request->page_size(), kPageSize));
    const std::string scope = ScopeOf(*request);
    CDI_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, request->page_token()));
    CDI_ASSIGN_OR_RETURN(const auto page, context_.store.ListAudit(FilterOf(*request), after, size));
    for (const ingest::AuditEntry& entry : page.items) *response->add_entries() = View(entry);
    response->set_next_page_token(MakePageToken(scope, page.next));
    return absl::OkStatus();
  });
}

grpc::Status AuditServiceImpl::VerifyAudit(grpc::ServerContext* rpc, const v1::VerifyAuditRequest* request,
                                           v1::VerifyAuditResponse* response) {
  return Serve(context_, "VerifyAudit", rpc, *request, [&]() -> absl::Status {
    CDI_ASSIGN_OR_RETURN(const std::optional<ingest::AuditHead> known, KnownHead(*request));
    CDI_ASSIGN_OR_RETURN(const ingest::AuditVerdict verdict, context_.store.VerifyAudit(known));
    response->set_passed(verdict.faults.empty());
    response->set_entries(static_cast<int64_t>(verdict.entries));
    response->mutable_head()->set_sequence(static_cast<int64_t>(verdict.head.sequence));
    response->mutable_head()->set_chain(verdict.head.chain);
    for (const ingest::AuditFault& fault : verdict.faults) {
      v1::VerifyAuditResponse::Fault& shown = *response->add_faults();
      shown.set_sequence(static_cast<int64_t>(fault.sequence));
      shown.set_message(fault.text);
    }
    return absl::OkStatus();
  });
}

}  // namespace cdi::server
