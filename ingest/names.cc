// The words of the engine's closed sets, as they stand in records, logs and docs/errors.md.
#include "ingest/row.h"
#include "ingest/run_record.h"
#include "ingest/send_outcome.h"
#include "ingest/sync_spec.h"

namespace cdi::ingest {

std::string_view SendOutcomeName(SendOutcome outcome) {
  switch (outcome) {
    case SendOutcome::kNotSent:
      return "NOT_SENT";
    case SendOutcome::kAccepted:
      return "ACCEPTED";
    case SendOutcome::kAcceptedUnconfirmed:
      return "ACCEPTED_UNCONFIRMED";
    case SendOutcome::kRowsRejected:
      return "ROWS_REJECTED";
    case SendOutcome::kWholeRejected:
      return "WHOLE_REJECTED";
    case SendOutcome::kTooLarge:
      return "TOO_LARGE";
    case SendOutcome::kThrottled:
      return "THROTTLED";
    case SendOutcome::kAuthRefused:
      return "AUTH_REFUSED";
    case SendOutcome::kEndpointWrong:
      return "ENDPOINT_WRONG";
    case SendOutcome::kAmbiguous:
      return "AMBIGUOUS";
  }
  return "UNKNOWN";
}

std::string_view DataTypeName(DataType type) {
  switch (type) {
    case DataType::kUserAttributes:
      return "USER_ATTRIBUTES";
    case DataType::kEvents:
      return "EVENTS";
    case DataType::kPurchases:
      return "PURCHASES";
  }
  return "UNKNOWN";
}

std::string_view DataTypeArray(DataType type) {
  switch (type) {
    case DataType::kUserAttributes:
      return "attributes";
    case DataType::kEvents:
      return "events";
    case DataType::kPurchases:
      return "purchases";
  }
  return "unknown";
}

OnAmbiguous DefaultOnAmbiguous(DataType type) {
  return type == DataType::kPurchases ? OnAmbiguous::kHold : OnAmbiguous::kResend;
}

std::string_view RowFaultName(RowFault fault) {
  switch (fault) {
    case RowFault::kNone:
      return "NONE";
    case RowFault::kIdentifierMissing:
      return "IDENTIFIER_MISSING";
    case RowFault::kIdentifierAmbiguous:
      return "IDENTIFIER_AMBIGUOUS";
    case RowFault::kAliasIncomplete:
      return "ALIAS_INCOMPLETE";
    case RowFault::kIdentifierTooLong:
      return "IDENTIFIER_TOO_LONG";
    case RowFault::kIdentifierInvalid:
      return "IDENTIFIER_INVALID";
    case RowFault::kIdentifierInPayload:
      return "IDENTIFIER_IN_PAYLOAD";
    case RowFault::kPayloadNull:
      return "PAYLOAD_NULL";
    case RowFault::kPayloadNotUtf8:
      return "PAYLOAD_NOT_UTF8";
    case RowFault::kPayloadNotJson:
      return "PAYLOAD_NOT_JSON";
    case RowFault::kPayloadNotObject:
      return "PAYLOAD_NOT_OBJECT";
    case RowFault::kPayloadTooLarge:
      return "PAYLOAD_TOO_LARGE";
    case RowFault::kPayloadTooDeep:
      return "PAYLOAD_TOO_DEEP";
    case RowFault::kPayloadDuplicateKey:
      return "PAYLOAD_DUPLICATE_KEY";
    case RowFault::kPayloadEmpty:
      return "PAYLOAD_EMPTY";
    case RowFault::kTooManyAttributes:
      return "TOO_MANY_ATTRIBUTES";
    case RowFault::kFieldMissing:
      return "FIELD_MISSING";
    case RowFault::kFieldInvalid:
      return "FIELD_INVALID";
    case RowFault::kNumberOutOfRange:
      return "NUMBER_OUT_OF_RANGE";
  }
  return "UNKNOWN";
}

std::string_view RowFaultHelp(RowFault fault) {
  switch (fault) {
    case RowFault::kNone:
      return "";
    case RowFault::kIdentifierMissing:
      return "no identifier: set EXTERNAL_ID, ALIAS_NAME and ALIAS_LABEL, BRAZE_ID, EMAIL or PHONE";
    case RowFault::kIdentifierAmbiguous:
      return "more than one identifier: leave exactly one of EXTERNAL_ID, ALIAS_*, BRAZE_ID or EMAIL/PHONE set";
    case RowFault::kAliasIncomplete:
      return "an alias needs both ALIAS_NAME and ALIAS_LABEL";
    case RowFault::kIdentifierTooLong:
      return "the identifier is longer than Braze takes (external id 987 bytes, alias 236)";
    case RowFault::kIdentifierInvalid:
      return "the identifier cannot be one: empty, not UTF-8, or no valid e-mail or phone";
    case RowFault::kIdentifierInPayload:
      return "PAYLOAD holds an identifier: it belongs in its own column";
    case RowFault::kPayloadNull:
      return "PAYLOAD is NULL: fill it or leave the row out of the view";
    case RowFault::kPayloadNotUtf8:
      return "PAYLOAD is not UTF-8";
    case RowFault::kPayloadNotJson:
      return "PAYLOAD is not JSON: build it with TO_JSON(OBJECT_CONSTRUCT(...))";
    case RowFault::kPayloadNotObject:
      return "PAYLOAD is JSON but not an object";
    case RowFault::kPayloadTooLarge:
      return "PAYLOAD exceeds 1MB: send fewer attributes per row";
    case RowFault::kPayloadTooDeep:
      return "PAYLOAD is nested deeper than 64 levels";
    case RowFault::kPayloadDuplicateKey:
      return "PAYLOAD has the same key twice: nobody could say which one counts";
    case RowFault::kPayloadEmpty:
      return "PAYLOAD has no attribute: nothing would change in Braze";
    case RowFault::kTooManyAttributes:
      return "PAYLOAD has more than 250 top-level attributes";
    case RowFault::kFieldMissing:
      return "a required field is missing: events need name; purchases need product_id, currency and price";
    case RowFault::kFieldInvalid:
      return "a field has the wrong type or range: see name, time, price, currency, quantity, properties";
    case RowFault::kNumberOutOfRange:
      return "a number is outside what JSON readers carry";
  }
  return "";
}

std::string_view RunStateName(RunState state) {
  switch (state) {
    case RunState::kPending:
      return "PENDING";
    case RunState::kRunning:
      return "RUNNING";
    case RunState::kSuccess:
      return "SUCCESS";
    case RunState::kPartial:
      return "PARTIAL";
    case RunState::kError:
      return "ERROR";
    case RunState::kConfigError:
      return "CONFIG_ERROR";
    case RunState::kLimitExceeded:
      return "LIMIT_EXCEEDED";
    case RunState::kCancelled:
      return "CANCELLED";
  }
  return "UNKNOWN";
}

bool IsTerminal(RunState state) {
  return state != RunState::kPending && state != RunState::kRunning;
}

std::string_view RunTriggerName(RunTrigger trigger) {
  switch (trigger) {
    case RunTrigger::kSchedule:
      return "SCHEDULE";
    case RunTrigger::kManual:
      return "MANUAL";
    case RunTrigger::kReplay:
      return "REPLAY";
  }
  return "UNKNOWN";
}

}  // namespace cdi::ingest
