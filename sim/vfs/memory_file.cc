// SPDX-License-Identifier: Apache-2.0
#include "sim/vfs/memory_file.h"

#include <algorithm>

#include "base/utf16.h"

namespace holdfast::sim {

namespace {
constexpr std::uint64_t kLargestFile = 1ull << 44;
constexpr std::uint32_t kSparseBit = 0x200;
}  // namespace

MemoryFile::MemoryFile(std::shared_ptr<MemoryVfs> vfs, std::shared_ptr<Node> node,
                       std::string stream, std::shared_ptr<Content> content)
    : vfs_(std::move(vfs)),
      node_(std::move(node)),
      stream_(std::move(stream)),
      content_(std::move(content)),
      key_(node_->key) {
  ++vfs_->open_files_;
  if (vfs_->plants_.keys_differ) key_.inode = 1'000'000 + vfs_->next_inode_++;
}

MemoryFile::~MemoryFile() { --vfs_->open_files_; }

void MemoryFile::touch(bool data) {
  node_->change_time = vfs_->clock_.now();
  if (data) node_->last_write_time = node_->change_time;
}

Task<Result<std::string>> MemoryFile::path(ports::IoContext io) {
  co_await vfs_->work(io);
  std::optional<std::string> path = path_of(*node_, *vfs_->root_);
  if (!path) co_return fail(NtStatus::kFileDeleted);
  co_return *path;
}

Task<Result<ports::FileInfo>> MemoryFile::info(ports::IoContext io) {
  co_await vfs_->work(io);
  ports::FileInfo info = info_of(*node_, *content_, !stream_.empty());
  info.key = key_;
  co_return info;
}

Task<Result<void>> MemoryFile::set_basic(ports::IoContext io, const ports::SetBasic& change) {
  ports::SetBasic c = change;
  co_await vfs_->work(io);
  if (c.creation_time) node_->creation_time = *c.creation_time;
  if (c.last_access_time) node_->last_access_time = *c.last_access_time;
  if (c.last_write_time) node_->last_write_time = *c.last_write_time;
  node_->change_time = c.change_time ? *c.change_time : vfs_->clock_.now();
  if (c.attributes) node_->attributes = (node_->attributes & kSparseBit) | (*c.attributes & 0x3127);
  co_return Result<void>{};
}

std::optional<Result<std::size_t>> MemoryFile::try_read(std::uint64_t offset, MutBytes out) {
  if (vfs_->rng_.one_in(2) || vfs_->faults_.io_error_per_mille != 0) return std::nullopt;
  return content_->read(offset, out);
}

Task<Result<std::size_t>> MemoryFile::read(ports::IoContext io, std::uint64_t offset,
                                           MutBytes out) {
  co_await vfs_->work(io);
  if (vfs_->fails(vfs_->faults_.io_error_per_mille)) co_return fail(NtStatus::kIoDeviceError);
  std::size_t size = content_->read(offset, out);
  const DiskPlants& plants = vfs_->plants_;
  if (plants.stale_read_one_in != 0 && vfs_->rng_.one_in(plants.stale_read_one_in) && size != 0)
    std::memset(out.data() + size / 2, 0, size - size / 2);
  co_return size;
}

Task<Result<void>> MemoryFile::write(ports::IoContext io, std::uint64_t offset, Bytes data,
                                     bool write_through) {
  co_await vfs_->work(io);
  if (offset + data.size() > kLargestFile) co_return fail(NtStatus::kDiskFull);
  bool full = vfs_->fails(vfs_->faults_.disk_full_per_mille);
  if (full || vfs_->fails(vfs_->faults_.io_error_per_mille)) {
    content_->write(offset, data.first(vfs_->rng_.below(data.size() + 1)));
    co_return fail(full ? NtStatus::kDiskFull : NtStatus::kIoDeviceError);
  }
  const DiskPlants& plants = vfs_->plants_;
  if (plants.lose_octet_one_in != 0 && vfs_->rng_.one_in(plants.lose_octet_one_in)) {
    ByteVec damaged = to_vec(data);
    damaged[vfs_->rng_.below(damaged.size())] ^= 0x55;
    content_->write(offset, damaged);
  } else {
    content_->write(offset, data);
  }
  touch(true);
  if (write_through) content_->sync();
  co_return Result<void>{};
}

Task<Result<void>> MemoryFile::flush(ports::IoContext io) {
  co_await vfs_->work(io);
  if (vfs_->fails(vfs_->faults_.slow_flush_per_mille))
    co_await ports::sleep_for(io.loop, 1'000'000);
  if (vfs_->fails(vfs_->faults_.io_error_per_mille)) co_return fail(NtStatus::kIoDeviceError);
  content_->sync();
  co_return Result<void>{};
}

Task<Result<void>> MemoryFile::set_end_of_file(ports::IoContext io, std::uint64_t size) {
  co_await vfs_->work(io);
  if (size > kLargestFile ||
      (size > content_->size() && vfs_->fails(vfs_->faults_.disk_full_per_mille)))
    co_return fail(NtStatus::kDiskFull);
  content_->truncate(size);
  touch(true);
  co_return Result<void>{};
}

Task<Result<void>> MemoryFile::set_allocation(ports::IoContext io, std::uint64_t size) {
  co_await vfs_->work(io);
  if (size > kLargestFile) co_return fail(NtStatus::kDiskFull);
  if (size < content_->size()) content_->truncate(size);
  co_return Result<void>{};
}

Task<Result<void>> MemoryFile::set_sparse(ports::IoContext io, bool sparse) {
  co_await vfs_->work(io);
  node_->attributes = sparse ? node_->attributes | kSparseBit : node_->attributes & ~kSparseBit;
  co_return Result<void>{};
}

Task<Result<void>> MemoryFile::set_compression(ports::IoContext io, bool) {
  co_await vfs_->work(io);
  co_return fail(NtStatus::kNotSupported);
}

Task<Result<void>> MemoryFile::trim_range(ports::IoContext io, ports::Range) {
  co_await vfs_->work(io);
  co_return Result<void>{};
}

Task<Result<void>> MemoryFile::zero_range(ports::IoContext io, ports::Range range) {
  co_await vfs_->work(io);
  content_->zero(range.offset, range.length);
  touch(true);
  co_return Result<void>{};
}

Task<Result<std::vector<ports::Range>>> MemoryFile::allocated_ranges(ports::IoContext io,
                                                                     ports::Range range,
                                                                     std::size_t limit) {
  co_await vfs_->work(io);
  if ((node_->attributes & kSparseBit) != 0) co_return content_->allocated_ranges(range, limit);
  std::vector<ports::Range> whole;
  std::uint64_t end = std::min(range.offset + range.length, content_->size());
  if (range.offset < end) whole.push_back({range.offset, end - range.offset});
  co_return whole;
}

Task<Result<std::uint64_t>> MemoryFile::copy_from(ports::IoContext io, ports::File& source,
                                                  std::uint64_t source_offset, std::uint64_t offset,
                                                  std::uint64_t length) {
  co_await vfs_->work(io);
  ByteVec octets(static_cast<std::size_t>(std::min<std::uint64_t>(length, 16u << 20)));
  std::size_t size =
      static_cast<MemoryFile&>(source.underlying()).content_->read(source_offset, octets);
  if (offset + size > kLargestFile) co_return fail(NtStatus::kDiskFull);
  content_->write(offset, Bytes(octets).first(size));
  touch(true);
  co_return std::uint64_t{size};
}

Task<Result<void>> MemoryFile::clone_from(ports::IoContext, ports::File&, std::uint64_t,
                                          std::uint64_t, std::uint64_t) {
  co_return fail(NtStatus::kInvalidDeviceRequest);
}

Task<Result<std::vector<ports::Ea>>> MemoryFile::eas(ports::IoContext io) {
  co_await vfs_->work(io);
  co_return node_->eas;
}

Task<Result<void>> MemoryFile::set_eas(ports::IoContext io, const std::vector<ports::Ea>& eas) {
  co_await vfs_->work(io);
  for (const ports::Ea& ea : eas) {
    std::erase_if(node_->eas, [&](const ports::Ea& x) { return same_name(x.name, ea.name); });
    if (!ea.value.empty()) node_->eas.push_back(ea);
  }
  touch(false);
  co_return Result<void>{};
}

Task<Result<std::vector<ports::StreamInfo>>> MemoryFile::streams(ports::IoContext io) {
  co_await vfs_->work(io);
  std::vector<ports::StreamInfo> out;
  if (!node_->is_directory)
    out.push_back({"", node_->content->size(), node_->content->allocated()});
  for (const auto& [folded, s] : node_->streams)
    out.push_back({s.name, s.content->size(), s.content->allocated()});
  co_return out;
}

Task<Result<std::optional<ByteVec>>> MemoryFile::security(ports::IoContext io) {
  co_await vfs_->work(io);
  co_return node_->security;
}

Task<Result<void>> MemoryFile::set_security(ports::IoContext io, const SetSecurity& change) {
  SetSecurity c = change;
  co_await vfs_->work(io);
  if (c.remove_descriptor) node_->security.reset();
  if (!c.descriptor.empty()) node_->security = c.descriptor;
  if (c.mode) node_->mode = *c.mode & 07777;
  touch(false);
  co_return Result<void>{};
}

Task<Result<ByteVec>> MemoryFile::reparse_data(ports::IoContext io) {
  co_await vfs_->work(io);
  if (node_->reparse.empty()) co_return fail(NtStatus::kNotAReparsePoint);
  co_return node_->reparse;
}

Task<Result<void>> MemoryFile::set_reparse_data(ports::IoContext io, Bytes data) {
  ByteVec copy = to_vec(data);
  co_await vfs_->work(io);
  node_->reparse = copy;
  co_return Result<void>{};
}

Task<Result<void>> MemoryFile::delete_reparse_data(ports::IoContext io, std::uint32_t) {
  co_await vfs_->work(io);
  if (node_->reparse.empty()) co_return fail(NtStatus::kNotAReparsePoint);
  node_->reparse.clear();
  co_return Result<void>{};
}

Task<Result<void>> MemoryFile::read_directory(ports::IoContext io, bool restart, ports::DirDetail,
                                              std::size_t limit,
                                              std::vector<ports::DirEntry>& out) {
  co_await vfs_->work(io);
  if (restart) {
    cursor_.clear();
    dots_told_ = 0;
  }
  std::size_t count = 0;
  for (; dots_told_ < 2 && count < limit; ++dots_told_, ++count) {
    std::shared_ptr<Node> above = node_->links.empty() ? node_ : node_->links.front().parent.lock();
    const Node& node = dots_told_ == 0 || above == nullptr ? *node_ : *above;
    out.push_back({dots_told_ == 0 ? "." : "..", "", info_of(node, *node.content, false)});
  }
  for (auto entry = node_->entries.upper_bound(cursor_);
       entry != node_->entries.end() && count < limit; ++entry, ++count) {
    const Node& node = *entry->second.node;
    out.push_back({entry->second.name, "", info_of(node, *node.content, false)});
    cursor_ = entry->first;
  }
  co_return Result<void>{};
}

Task<Result<ports::DirEntry>> MemoryFile::find_entry(ports::IoContext io, std::string_view name) {
  co_await vfs_->work(io);
  auto entry = node_->entries.find(fold_name(name));
  if (entry == node_->entries.end()) co_return fail(NtStatus::kObjectNameNotFound);
  const Node& node = *entry->second.node;
  co_return ports::DirEntry{entry->second.name, "", info_of(node, *node.content, false)};
}

Task<Result<void>> MemoryFile::check_empty(ports::IoContext io) {
  co_await vfs_->work(io);
  if (!node_->entries.empty()) co_return fail(NtStatus::kDirectoryNotEmpty);
  co_return Result<void>{};
}

Task<Result<std::optional<ByteVec>>> MemoryFile::creation_mark(ports::IoContext io) {
  co_await vfs_->work(io);
  co_return node_->creation_mark;
}

Task<void> MemoryFile::clear_creation_mark(ports::IoContext io) {
  co_await vfs_->work(io);
  node_->creation_mark.reset();
}

Task<Result<void>> MemoryFile::check_removable(ports::IoContext io) {
  co_await vfs_->work(io);
  co_return Result<void>{};
}

}  // namespace holdfast::sim
