// The machine as the simulator drives it: the real one, or one that was broken on purpose, from outside, to prove that
// the invariants notice. The product knows nothing of this.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "ingest/run_machine.h"

namespace cdi::sim {

enum class Mutation : uint8_t {
  kNone,
  kSendBeforeRecord,    // sends without waiting for the durable record
  kWatermarkOneTooFar,  // the watermark goes on to the next row's place
  kForgetAhead,         // forgets what was finished above the watermark
  kDigestsAsSet,        // skips every equal row instead of as many as were finished
  kBoundaryForgotten,   // the rows finished at the watermark's value are not handed on
};

class MutantMachine {
 public:
  explicit MutantMachine(Mutation mutation) : mutation_(mutation) {}

  std::vector<ingest::Action> Step(ingest::Input input, MonoTime now);
  ingest::RunProgress progress() const { return machine_.progress(); }
  Digest128 StateDigest() const { return machine_.StateDigest(); }

 private:
  void Spoil(ingest::Input& input);
  std::vector<ingest::Action> Spoil(std::vector<ingest::Action> actions);

  const Mutation mutation_;
  ingest::RunMachine machine_;
  std::set<Timestamp> cursors_;  // read so far
};

}  // namespace cdi::sim
