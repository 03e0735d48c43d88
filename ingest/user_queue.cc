#include "ingest/user_queue.h"

#include <algorithm>

#include "base/check.h"

namespace cdi::ingest {
namespace {

// std::push_heap keeps the greatest on top; the oldest row has to be there.
constexpr auto kYoungerFirst = [](const auto& a, const auto& b) { return a.head > b.head; };

}  // namespace

void UserQueue::Push(RowSeq seq) {
  RowEntry& row = rows_.at(seq);
  const auto [found, is_new] = index_.try_emplace(row.mark.user, 0);
  if (is_new) {
    if (free_slots_.empty()) {
      users_.push_back({});
      free_slots_.push_back(static_cast<uint32_t>(users_.size() - 1));
    }
    found->second = free_slots_.back();
    free_slots_.pop_back();
    users_[found->second] = User{};
    users_[found->second].key = row.mark.user;
  }
  const uint32_t slot = found->second;
  User& user = users_[slot];
  row.user_slot = slot;
  row.next = kNoRow;
  if (user.head == kNoRow) {
    user.head = seq;
  } else {
    rows_.at(user.tail).next = seq;
  }
  user.tail = seq;
  ++user.rows;
  user.bytes += row.object_bytes;
  ++waiting_rows_;
  if (user.taken) return;
  ++free_rows_;
  free_bytes_ += row.object_bytes;
  if (!user.in_heap) PushCandidate(slot);
}

bool UserQueue::Fill(const BatchShape& shape, std::vector<RowSeq>& batch_rows, std::vector<uint32_t>& users) {
  DropTakenCandidates();
  uint64_t bytes = shape.overhead_bytes;
  const size_t rows_before = batch_rows.size();
  const size_t users_before = users.size();
  // Users of this batch stay candidates while it is filled: several rows of one user may share it. They are marked
  // taken afterwards; until then `taken` means "by another batch".
  while (batch_rows.size() - rows_before < shape.objects_max) {
    DropTakenCandidates();
    if (heap_.empty()) break;
    const uint32_t slot = heap_.front().user;
    User& user = users_[slot];
    RowEntry& row = rows_.at(user.head);
    const uint64_t separator = batch_rows.size() == rows_before ? 0 : 1;
    if (separator != 0 && bytes + separator + row.object_bytes > shape.body_bytes_max) break;
    PopCandidate();
    bytes += separator + row.object_bytes;
    batch_rows.push_back(user.head);
    row.state = RowState::kInBatch;
    user.head = row.next;
    if (user.head == kNoRow) user.tail = kNoRow;
    --user.rows;
    user.bytes -= row.object_bytes;
    --waiting_rows_;
    --free_rows_;
    free_bytes_ -= row.object_bytes;
    users.push_back(slot);
    if (user.head != kNoRow) PushCandidate(slot);
  }
  std::sort(users.begin() + static_cast<std::ptrdiff_t>(users_before), users.end());
  users.erase(std::unique(users.begin() + static_cast<std::ptrdiff_t>(users_before), users.end()), users.end());
  for (size_t i = users_before; i < users.size(); ++i) {
    User& user = users_[users[i]];
    user.taken = true;
    free_rows_ -= user.rows;
    free_bytes_ -= user.bytes;
  }
  return batch_rows.size() > rows_before;
}

void UserQueue::Release(uint32_t slot) {
  User& user = users_[slot];
  CDI_CHECK(user.taken, "only a taken user is released");
  user.taken = false;
  if (user.rows == 0) {
    CDI_CHECK(!user.in_heap, "a user without rows is no candidate");
    index_.erase(user.key);
    free_slots_.push_back(slot);
    return;
  }
  free_rows_ += user.rows;
  free_bytes_ += user.bytes;
  if (!user.in_heap) PushCandidate(slot);
}

RowSeq UserQueue::OldestFree() {
  DropTakenCandidates();
  return heap_.empty() ? kNoRow : heap_.front().head;
}

void UserQueue::PushCandidate(uint32_t slot) {
  users_[slot].in_heap = true;
  heap_.push_back({.head = users_[slot].head, .user = slot});
  std::push_heap(heap_.begin(), heap_.end(), kYoungerFirst);
}

void UserQueue::PopCandidate() {
  users_[heap_.front().user].in_heap = false;
  std::pop_heap(heap_.begin(), heap_.end(), kYoungerFirst);
  heap_.pop_back();
}

void UserQueue::DropTakenCandidates() {
  while (!heap_.empty() && users_[heap_.front().user].taken) PopCandidate();
}

}  // namespace cdi::ingest
