#include "warehouse/page.h"

#include <utility>

#include "base/check.h"

namespace cdi::warehouse {
namespace {

// Tags of the digest: what kind of cell the bytes came from.
constexpr uint8_t kTagCursor = 1;
constexpr uint8_t kTagNull = 2;
constexpr uint8_t kTagText = 3;
constexpr uint8_t kTagOversize = 4;

}  // namespace

std::string_view ColumnRoleName(ColumnRole role) {
  switch (role) {
    case ColumnRole::kExternalId:
      return "EXTERNAL_ID";
    case ColumnRole::kAliasName:
      return "ALIAS_NAME";
    case ColumnRole::kAliasLabel:
      return "ALIAS_LABEL";
    case ColumnRole::kBrazeId:
      return "BRAZE_ID";
    case ColumnRole::kEmail:
      return "EMAIL";
    case ColumnRole::kPhone:
      return "PHONE";
    case ColumnRole::kPayload:
      return "PAYLOAD";
  }
  return "";
}

PageBuilder::PageBuilder() : page_(std::make_shared<Page>()) {}

void PageBuilder::Reserve(size_t rows, size_t bytes) {
  page_->rows_.reserve(rows);
  page_->arena_.reserve(bytes);
}

void PageBuilder::StartRow(const Timestamp& cursor) {
  page_->rows_.emplace_back();
  page_->rows_.back().cursor = cursor;
}

void PageBuilder::SetCell(ColumnRole role, std::string_view text) {
  CDI_CHECK(page_->arena_.size() + text.size() < Page::kOversize, "a page holds less than 4 GiB");
  Page::Cell& cell = page_->rows_.back().cells[static_cast<size_t>(role)];
  cell.offset = static_cast<uint32_t>(page_->arena_.size());
  cell.size = static_cast<uint32_t>(text.size());
  page_->arena_.append(text);
}

void PageBuilder::SetOversize(ColumnRole role, uint64_t bytes, std::string_view content_hash) {
  Page::Row& row = page_->rows_.back();
  row.cells[static_cast<size_t>(role)].size = Page::kOversize;
  row.oversize_bytes = bytes;
  oversize_hashes_[static_cast<size_t>(role)] = content_hash;
}

void PageBuilder::FinishRow() {
  const size_t index = page_->rows_.size() - 1;
  Page::Row& row = page_->rows_.back();
  hasher_.Reset();
  const std::array<int64_t, 2> cursor = {row.cursor.seconds, row.cursor.nanos};
  hasher_.Add(kTagCursor, {reinterpret_cast<const char*>(cursor.data()), sizeof cursor});
  for (size_t i = 0; i < kColumnRoleCount; ++i) {
    if (row.cells[i].size == Page::kOversize) {
      hasher_.Add(kTagOversize, oversize_hashes_[i]);
    } else if (const auto text = page_->cell(index, static_cast<ColumnRole>(i))) {
      hasher_.Add(kTagText, *text);
    } else {
      hasher_.Add(kTagNull, {});
    }
  }
  row.digest = hasher_.Finish();
}

void PageBuilder::FinishRowAs(const Digest128& digest) {
  page_->rows_.back().digest = digest;
}

size_t PageBuilder::size() const {
  return page_->rows_.size();
}

size_t PageBuilder::bytes() const {
  return page_->arena_.size();
}

const Digest128& PageBuilder::last_digest() const {
  return page_->rows_.back().digest;
}

void PageBuilder::DropRow() {
  for (const Page::Cell& cell : page_->rows_.back().cells) {
    if (cell.size < Page::kOversize) page_->arena_.resize(page_->arena_.size() - cell.size);
  }
  page_->rows_.pop_back();
}

std::shared_ptr<const Page> PageBuilder::Build() {
  return std::exchange(page_, std::make_shared<Page>());
}

}  // namespace cdi::warehouse
