// /__mock/faults: set, list, remove.
//
// A body with "fault" is one fault in full: {"fault": "reset", "route": "chunk", "count": 2, "user": "SVC"}. A body
// without it sets the short forms, each a number: {"fail_queries": 1}.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tests/snowflake_mock/server/http/control_reply.h"
#include "tests/snowflake_mock/server/http/service.h"

namespace cdi::snowflake_mock {
namespace {

using Json = nlohmann::ordered_json;

struct ShortForm {
  const char* name;
  const char* text;
};

const std::vector<ShortForm>& ShortForms() {
  static const auto* const forms =
      new std::vector<ShortForm>{{"fail_logins", "503,route=login"},          {"fail_queries", "503,route=statement"},
                                 {"fail_chunks", "503,route=chunk"},          {"forbid_chunks", "403,route=chunk"},
                                 {"truncate_chunks", "truncate,route=chunk"}, {"query_delay_ms", "delay,route=query"}};
  return *forms;
}

Json Describe(const Fault& fault) {
  Json one{{"id", fault.id},       {"fault", FaultKindName(fault.kind)},
           {"route", fault.route}, {"when", fault.after ? "after" : "before"},
           {"count", fault.count}, {"hits", fault.hits}};
  if (fault.skip > 0) one["skip"] = fault.skip;
  if (fault.kind == Fault::Kind::kStatus) one["status"] = fault.status;
  if (!fault.code.empty()) one["code"] = fault.code;
  if (!fault.user.empty()) one["user"] = fault.user;
  if (!fault.tag.empty()) one["tag"] = fault.tag;
  if (!fault.sql.empty()) one["sql"] = fault.sql;
  if (!fault.request_id.empty()) one["request_id"] = fault.request_id;
  if (fault.session_id != 0) one["session"] = fault.session_id;
  if (!fault.name.empty()) one["name"] = fault.name;
  if (!fault.text.empty()) one["text"] = fault.text;
  return one;
}

HttpReply ListFaults(Service& service) {
  Json list = Json::array();
  for (const Fault& fault : service.faults.List()) list.push_back(Describe(fault));
  return ControlReply(Json{{"faults", std::move(list)}});
}

HttpReply AddFault(Service& service, const nlohmann::json& body) {
  Fault fault;
  fault.text = body.dump();
  // The kind first: a word such as "suspended" fills in a code and texts that the other keys may then change.
  std::vector<std::pair<std::string, std::string>> keys;
  for (const auto& [key, value] : body.items()) {
    if (!value.is_string() && !value.is_number_integer())
      return ControlError(key + " must be a text or a whole number");
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    keys.insert(key == "fault" ? keys.begin() : keys.end(), {key, text});
  }
  for (const auto& [key, value] : keys) {
    if (const absl::Status set = SetFaultKey(fault, key, value); !set.ok())
      return ControlError(std::string(set.message()));
  }
  fault.id = service.faults.Add(fault);
  return ControlReply(Describe(fault));
}

HttpReply SetShortForms(Service& service, const nlohmann::json& body) {
  for (const auto& [name, value] : body.items()) {
    const auto known = std::find_if(ShortForms().begin(), ShortForms().end(),
                                    [&name = name](const ShortForm& form) { return name == form.name; });
    if (known == ShortForms().end()) return ControlError("unknown fault " + name);
    if (!value.is_number_integer() || value.get<int64_t>() < 0 || value.get<int64_t>() > 1'000'000)
      return ControlError(name + " must be a whole number from 0 to 1000000");
  }
  for (const auto& [name, value] : body.items()) {
    const auto amount = value.get<int64_t>();
    service.faults.RemoveNamed(name);
    if (amount == 0) continue;
    for (const ShortForm& form : ShortForms()) {
      if (name != form.name) continue;
      Fault fault = *ParseFaultText(form.text);
      fault.name = name;
      if (fault.kind == Fault::Kind::kDelay) {
        fault.milliseconds = amount;
        fault.count = -1;
      } else {
        fault.count = amount;
      }
      service.faults.Add(std::move(fault));
    }
  }
  Json now = Json::object();
  for (const ShortForm& form : ShortForms()) now[form.name] = service.faults.CountOf(form.name);
  for (const Fault& fault : service.faults.List()) {
    if (fault.name == "query_delay_ms") now["query_delay_ms"] = fault.milliseconds;
  }
  return ControlReply(now);
}

}  // namespace

HttpReply HandleControlFaults(Service& service, const HttpRequest& request, const std::string& rest) {
  if (request.method == "GET" && rest.empty()) return ListFaults(service);
  if (request.method == "DELETE") {
    int64_t id = 0;
    if (rest.empty()) {
      service.faults.Clear();
      return ControlReply(Json{{"faults", Json::array()}});
    }
    if (!absl::SimpleAtoi(rest, &id) || !service.faults.Remove(id)) return ControlError("no fault " + rest, 404);
    return ListFaults(service);
  }
  if (request.method != "POST" || !rest.empty()) return ControlError("GET, POST or DELETE /__mock/faults", 405);
  const nlohmann::json body = ControlBody(request);
  if (!body.is_object()) return ControlError("the body must be a JSON object");
  return body.contains("fault") ? AddFault(service, body) : SetShortForms(service, body);
}

}  // namespace cdi::snowflake_mock
