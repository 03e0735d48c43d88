// Rows that wait for a request, queued by user: users are taken and released, rows follow their user.
//
// A user is *free* until a row of his enters a batch, and *taken* until that batch has a terminal outcome. Only rows of
// free users can enter a batch, always the oldest row first; so no two requests in flight hold the same user, and the
// order of his rows cannot break. Links live in the RowTable; nothing is allocated per row. Internal to the run
// machine; not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "ingest/row_table.h"

namespace cdi::ingest {

struct BatchShape {
  uint32_t objects_max = 75;
  uint64_t body_bytes_max = 3'500'000;
  uint32_t overhead_bytes = 0;  // BodyOverheadBytes
};

class UserQueue {
 public:
  explicit UserQueue(RowTable& rows) : rows_(rows) {}

  // Queues a waiting row behind its user's other rows.
  void Push(RowSeq seq);

  // Takes the oldest rows of free users, in fetch order, until the next one would pass a limit. Their users are taken
  // from here on. False (nothing changed): no row is free.
  bool Fill(const BatchShape& shape, std::vector<RowSeq>& batch_rows, std::vector<uint32_t>& users);
  // The user's batch is over: the rest of his rows may be sent.
  void Release(uint32_t user);

  uint64_t waiting_rows() const { return waiting_rows_; }
  // Rows and bytes of free users. Not all may fit into one batch together, so this is a bound, not a promise.
  uint64_t free_rows() const { return free_rows_; }
  uint64_t free_bytes() const { return free_bytes_; }
  // The oldest free row, or kNoRow.
  RowSeq OldestFree();

 private:
  struct User {
    Digest128 key;
    RowSeq head = kNoRow;
    RowSeq tail = kNoRow;
    uint64_t rows = 0;
    uint64_t bytes = 0;
    bool taken = false;
    bool in_heap = false;
  };
  struct Candidate {
    RowSeq head;
    uint32_t user;
  };

  void PushCandidate(uint32_t user);
  void PopCandidate();
  void DropTakenCandidates();

  RowTable& rows_;
  absl::flat_hash_map<Digest128, uint32_t> index_;
  std::vector<User> users_;
  std::vector<uint32_t> free_slots_;
  // A binary heap by head. A user has at most one entry; that of a taken user is stale and dropped when it surfaces, or
  // becomes true again when he is released (his head cannot change in between).
  std::vector<Candidate> heap_;
  uint64_t waiting_rows_ = 0;
  uint64_t free_rows_ = 0;
  uint64_t free_bytes_ = 0;
};

}  // namespace cdi::ingest
