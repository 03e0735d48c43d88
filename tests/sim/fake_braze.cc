#include "tests/sim/fake_braze.h"

#include <chrono>

namespace cdi::sim {

using ingest::RowMark;
using ingest::SendOutcome;
using ingest::SendReport;

bool FakeBraze::Hit(Fault fault) {
  return params_.Has(fault) && rng_.Chance(params_.chance[static_cast<size_t>(fault)], 10'000);
}

FakeBraze::Fate FakeBraze::Decide(const std::vector<RowMark>& rows, uint64_t body_bytes, bool faults_on) {
  Fate fate;
  JudgeContent(rows, body_bytes, fate.report);
  if (!faults_on) return fate;
  if (Hit(Fault::kOutage)) outage_until_ = loop_.now() + std::chrono::seconds{rng_.Below(1'500)};
  if (Hit(Fault::kAuthRefused) || Hit(Fault::kEndpointWrong)) {
    refused_until_ = loop_.now() + std::chrono::seconds{rng_.Below(100)};
    refusal_ = params_.Has(Fault::kAuthRefused) && rng_.Chance(1, 2) ? SendOutcome::kAuthRefused
               : params_.Has(Fault::kEndpointWrong)                  ? SendOutcome::kEndpointWrong
                                                                     : SendOutcome::kAuthRefused;
  }
  const auto refuse = [&](SendOutcome outcome, int status) {
    fate.reached = false;
    fate.report = SendReport{};
    fate.report.outcome = outcome;
    fate.report.http_status = status;
    fate.report.message = "by the simulator";
  };
  if (loop_.now() < outage_until_) {
    const bool connects = rng_.Chance(1, 2);
    refuse(connects ? SendOutcome::kAmbiguous : SendOutcome::kNotSent, connects ? 503 : 0);
  } else if (loop_.now() < refused_until_) {
    refuse(refusal_, refusal_ == SendOutcome::kAuthRefused ? 401 : 404);
  } else if (Hit(Fault::kNotSent)) {
    refuse(SendOutcome::kNotSent, 0);
  } else if (Hit(Fault::kThrottled)) {
    refuse(SendOutcome::kThrottled, 429);
    if (rng_.Chance(1, 2)) fate.report.retry_after = std::chrono::milliseconds{rng_.Below(5'000)};
  } else if (Hit(Fault::kAmbiguousLost)) {
    refuse(SendOutcome::kAmbiguous, rng_.Chance(1, 2) ? 500 : 0);
  } else if (Hit(Fault::kAmbiguousTaken)) {
    fate.answered = false;  // the ledger follows the true verdict, the sender hears nothing of it
  } else if (fate.report.outcome == SendOutcome::kAccepted && Hit(Fault::kUnconfirmed)) {
    fate.report.outcome = SendOutcome::kAcceptedUnconfirmed;
  }
  return fate;
}

void FakeBraze::JudgeContent(const std::vector<RowMark>& rows, uint64_t body_bytes, SendReport& report) {
  report.outcome = SendOutcome::kAccepted;
  report.http_status = 201;
  if (body_bytes > params_.braze_bytes_max) {
    report.outcome = SendOutcome::kTooLarge;
    report.http_status = 413;
    report.message = "body too large";
    return;
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    const Taste taste = warehouse_.classes().at(rows[i].digest).row.taste;
    if (taste == Taste::kPoison) {
      report = SendReport{};
      report.outcome = SendOutcome::kWholeRejected;
      report.http_status = 400;
      report.message = "something is wrong with one of the objects";
      return;
    }
    if (taste == Taste::kNamed) {
      report.outcome = SendOutcome::kRowsRejected;
      report.errors.push_back({.index = static_cast<uint32_t>(i), .text = "this object is not to our taste"});
    }
  }
  if (report.outcome != SendOutcome::kRowsRejected) return;
  report.rest_taken = !params_.Has(Fault::kNamedRows400);
  report.http_status = report.rest_taken ? 201 : 400;
}

void FakeBraze::Arrive(const std::vector<RowMark>& rows, const Fate& fate, bool sender_dead) {
  if (!fate.reached) return;
  const SendReport& report = fate.report;
  const bool takes = report.outcome == SendOutcome::kAccepted || report.outcome == SendOutcome::kAcceptedUnconfirmed ||
                     (report.outcome == SendOutcome::kRowsRejected && report.rest_taken);
  if (!takes) return;
  size_t next_error = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (next_error < report.errors.size() && report.errors[next_error].index == i) {
      ++next_error;
      continue;
    }
    ledger_.push_back({.digest = rows[i].digest, .user = rows[i].user, .cursor = rows[i].cursor, .late = sender_dead});
  }
}

}  // namespace cdi::sim
