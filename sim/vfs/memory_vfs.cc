// SPDX-License-Identifier: Apache-2.0
#include "sim/vfs/memory_vfs.h"

#include <algorithm>

#include "base/utf16.h"
#include "sim/vfs/memory_file.h"
#include "wire/fscc/constants.h"
#include "wire/fscc/ea.h"

namespace holdfast::sim {
namespace {

constexpr std::uint32_t kSymlinkTag = 0xA000000C;

bool is_symlink(const Node& node) {
  return node.reparse.size() >= 4 && load_u32(node.reparse.data()) == kSymlinkTag;
}

constexpr std::uint32_t kDirectoryBit = 0x10, kNormalBit = 0x80, kReparseBit = 0x400;
// What CREATE and SET_INFO may set: READONLY, HIDDEN, SYSTEM, ARCHIVE, TEMPORARY, OFFLINE,
// NOT_CONTENT_INDEXED and a few that nothing here looks at.
constexpr std::uint32_t kSettable = 0x00003127;

std::string_view last_of(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}
std::string_view parent_path_of(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

MemoryFile& file_of(ports::File& file) { return static_cast<MemoryFile&>(file); }

}  // namespace

std::optional<std::string> path_of(const Node& node, const Node& root) {
  if (&node == &root) return std::string();
  if (node.links.empty()) return std::nullopt;
  std::shared_ptr<Node> parent = node.links.front().parent.lock();
  if (parent == nullptr) return std::nullopt;
  std::optional<std::string> above = path_of(*parent, root);
  if (!above) return std::nullopt;
  return above->empty() ? node.links.front().name : *above + "/" + node.links.front().name;
}

ports::FileInfo info_of(const Node& node, const Content& content, bool is_stream) {
  ports::FileInfo info;
  info.key = node.key;
  info.creation_time = node.creation_time;
  info.last_access_time = node.last_access_time;
  info.last_write_time = node.last_write_time;
  info.change_time = node.change_time;
  info.is_directory = node.is_directory;
  info.attributes = node.attributes | (node.is_directory ? kDirectoryBit : 0) |
                    (node.reparse.empty() ? 0 : kReparseBit);
  if (info.attributes == 0) info.attributes = kNormalBit;
  if (!node.is_directory || is_stream) {
    info.end_of_file = content.size();
    info.allocation_size = content.allocated();
  }
  if (node.reparse.size() >= 4) info.reparse_tag = load_u32(node.reparse.data());
  info.link_count = static_cast<std::uint32_t>(node.links.size());
  std::vector<wire::fscc::FullEa> eas;
  for (const ports::Ea& ea : node.eas) eas.push_back({ea.flags, ea.name, ea.value});
  info.ea_size = wire::fscc::ea_size(eas);
  info.mode = (node.is_directory ? 0040000 : 0100000) | node.mode;
  return info;
}

MemoryVfs::MemoryVfs(World& world, ports::Clock& clock)
    : world_(world), clock_(clock), rng_(world.seed(), 3) {
  root_ = std::make_shared<Node>();
  root_->is_directory = true;
  root_->key = {7, 1};
  root_->creation_time = root_->last_access_time = root_->last_write_time = root_->change_time =
      clock.now();
}

MemoryVfs::~MemoryVfs() = default;

Task<void> MemoryVfs::work(ports::IoContext io) {
  world_.trace("disk", rng_.u64() & 0xFF);
  if (rng_.one_in(5)) co_return;
  co_await ports::sleep_for(io.loop, rng_.one_in(20) ? rng_.below(20'000) : rng_.below(300));
  if (fails(faults_.slow_per_mille))
    co_await ports::sleep_for(io.loop, rng_.below(faults_.slow_us + 1));
}

Result<void> MemoryVfs::may_change(ports::IoContext io) {
  if (io.is_fenced()) return fail(NtStatus::kFileForcedClosed);
  return on_change ? on_change() : Result<void>{};
}

Result<std::shared_ptr<Node>> MemoryVfs::walk(std::string_view path) const {
  std::shared_ptr<Node> at = root_;
  while (!path.empty()) {
    std::size_t slash = path.find('/');
    bool last = slash == path.npos;
    if (!at->is_directory) return fail(NtStatus::kObjectPathNotFound);
    auto entry = at->entries.find(fold_name(path.substr(0, slash)));
    if (entry == at->entries.end())
      return fail(last ? NtStatus::kObjectNameNotFound : NtStatus::kObjectPathNotFound);
    at = entry->second.node;
    path = last ? std::string_view() : path.substr(slash + 1);
  }
  return at;
}

std::shared_ptr<Node> MemoryVfs::find(std::string_view path) const {
  Result<std::shared_ptr<Node>> found = walk(path);
  return found ? *found : nullptr;
}

Result<std::shared_ptr<Node>> MemoryVfs::parent_of(std::string_view path) const {
  Result<std::shared_ptr<Node>> parent = walk(parent_path_of(path));
  if (!parent || !(*parent)->is_directory) return fail(NtStatus::kObjectPathNotFound);
  return parent;
}

std::shared_ptr<Node> MemoryVfs::make_node(bool directory) {
  auto node = std::make_shared<Node>();
  node->is_directory = directory;
  node->key = {7, next_inode_++};
  node->creation_time = node->last_access_time = node->last_write_time = node->change_time =
      clock_.now();
  return node;
}

void MemoryVfs::attach(const std::shared_ptr<Node>& parent, const std::string& name,
                       const std::shared_ptr<Node>& node) {
  parent->entries[fold_name(name)] = {name, node};
  node->links.push_back({parent, name});
  parent->last_write_time = parent->change_time = clock_.now();
  journal([this, parent, name, node] { remove_link(parent, name, node); });
}

/// Takes the first of its names away.
void MemoryVfs::detach(const std::shared_ptr<Node>& node) {
  Node::Link link = node->links.front();
  node->links.erase(node->links.begin());
  std::shared_ptr<Node> parent = link.parent.lock();
  if (parent == nullptr) return;
  parent->entries.erase(fold_name(link.name));
  parent->last_write_time = parent->change_time = clock_.now();
  journal([this, parent, name = link.name, node] { restore_link(parent, name, node); });
}

void MemoryVfs::restore_link(const std::shared_ptr<Node>& parent, const std::string& name,
                             const std::shared_ptr<Node>& node) {
  parent->entries[fold_name(name)] = {name, node};
  node->links.insert(node->links.begin(), {parent, name});
}

void MemoryVfs::remove_link(const std::shared_ptr<Node>& parent, const std::string& name,
                            const std::shared_ptr<Node>& node) {
  parent->entries.erase(fold_name(name));
  std::erase_if(node->links, [&](const Node::Link& link) {
    return link.name == name && link.parent.lock() == parent;
  });
}

void MemoryVfs::journal_as_one(std::size_t from) {
  if (undo_.size() <= from + 1) return;
  std::vector<std::move_only_function<void()>> steps;
  for (; undo_.size() > from; undo_.pop_back()) steps.push_back(std::move(undo_.back()));
  undo_.push_back([all = std::move(steps)]() mutable {
    for (auto& step : all) step();
  });
}

void MemoryVfs::journal_streams(const std::shared_ptr<Node>& node) {
  if (keeps_journal_) journal([node, streams = node->streams] { node->streams = streams; });
}

namespace {
void lose_power_below(Node& node, Rng& rng) {
  (void)node.content->lose_power(rng);
  for (auto& [name, stream] : node.streams) (void)stream.content->lose_power(rng);
  for (auto& [name, entry] : node.entries) lose_power_below(*entry.node, rng);
}
}  // namespace

void MemoryVfs::lose_power() {
  HF_ASSERT(open_files_ == 0);
  std::size_t kept = rng_.below(undo_.size() + 1);
  world_.trace("power is lost", kept, undo_.size());
  for (; undo_.size() > kept; undo_.pop_back()) undo_.back()();
  undo_.clear();
  lose_power_below(*root_, rng_);
}

Result<ports::Opened> MemoryVfs::opened(std::shared_ptr<Node> node, std::string_view stream) {
  std::shared_ptr<Content> content = node->content;
  std::string stream_name;
  if (!stream.empty()) {
    auto found = node->streams.find(fold_name(stream));
    if (found == node->streams.end()) return fail(NtStatus::kObjectNameNotFound);
    content = found->second.content;
    stream_name = found->second.name;
  }
  ports::Opened out;
  std::optional<std::string> path = path_of(*node, *root_);
  if (!path) return fail(NtStatus::kObjectNameNotFound);
  out.path = *path;
  auto file = std::make_shared<MemoryFile>(shared_from_this(), node, stream_name, content);
  out.info = info_of(*node, *content, !stream.empty());
  out.info.key = file->key();
  if (plants_.keep_handles) kept_.push_back(file);
  out.file = std::move(file);
  return out;
}

Task<Result<ports::Opened>> MemoryVfs::open(ports::IoContext io, std::string_view path,
                                            const ports::OpenHow& how) {
  co_await work(io);
  Result<std::shared_ptr<Node>> node = walk(path);
  if (!node) co_return fail(node.error());
  if (!(*node)->reparse.empty() && !how.open_reparse_point)
    co_return fail(is_symlink(**node) ? NtStatus::kStoppedOnSymlink
                                      : NtStatus::kIoReparseTagNotHandled);
  co_return opened(*node, how.stream);
}

Result<ports::Opened> MemoryVfs::create_stream(std::string_view path, const std::string& stream) {
  Result<std::shared_ptr<Node>> node = walk(path);
  if (!node) return fail(node.error());
  if ((*node)->streams.contains(fold_name(stream))) return fail(NtStatus::kObjectNameCollision);
  journal_streams(*node);
  (*node)->streams[fold_name(stream)] = {stream, std::make_shared<Content>()};
  return opened(*node, stream);
}

Task<Result<std::optional<ports::SymlinkStop>>> MemoryVfs::find_symlink(ports::IoContext io,
                                                                        std::string_view path) {
  co_await work(io);
  for (std::size_t end = 0; end != path.size();) {
    end = std::min(path.find('/', end == 0 ? 0 : end + 1), path.size());
    Result<std::shared_ptr<Node>> node = walk(path.substr(0, end));
    if (!node) break;
    if (is_symlink(**node)) co_return ports::SymlinkStop{end, (*node)->reparse};
  }
  co_return std::nullopt;
}

Task<Result<ports::Opened>> MemoryVfs::create(ports::IoContext io, std::string_view path,
                                              const ports::CreateHow& how) {
  co_await work(io);
  if (Result<void> may = may_change(io); !may) co_return fail(may.error());
  if (!how.stream.empty()) co_return create_stream(path, how.stream);
  Result<std::shared_ptr<Node>> parent = parent_of(path);
  if (!parent) co_return fail(parent.error());
  if (path.empty() || (*parent)->entries.contains(fold_name(last_of(path))))
    co_return fail(NtStatus::kObjectNameCollision);
  if (fails(faults_.disk_full_per_mille)) co_return fail(NtStatus::kDiskFull);
  std::shared_ptr<Node> node = make_node(how.directory);
  node->attributes = how.attributes & kSettable;
  node->security = how.security;
  node->creation_mark = how.creation_mark;
  node->mode = how.mode.value_or(how.directory ? 0755 : 0644);
  for (const ports::Ea& ea : how.eas)
    if (!ea.value.empty()) node->eas.push_back(ea);
  attach(*parent, std::string(last_of(path)), node);
  co_return opened(node, "");
}

Task<Result<ports::FileInfo>> MemoryVfs::overwrite(ports::IoContext io, ports::File& file,
                                                   const ports::CreateHow& how) {
  co_await work(io);
  if (Result<void> may = may_change(io); !may) co_return fail(may.error());
  Node& node = *file_of(file).node();
  if (!file.stream().empty()) {
    auto stream = node.streams.find(fold_name(file.stream()));
    if (stream == node.streams.end()) co_return fail(NtStatus::kFileDeleted);
    stream->second.content->truncate(0);
    co_return info_of(node, *stream->second.content, true);
  }
  node.content->truncate(0);
  journal_streams(file_of(file).node());
  node.streams.clear();
  node.eas.clear();
  for (const ports::Ea& ea : how.eas)
    if (!ea.value.empty()) node.eas.push_back(ea);
  node.attributes = (how.attributes & kSettable) | 0x20;
  node.last_write_time = node.change_time = clock_.now();
  ports::FileInfo info = info_of(node, *node.content, false);
  info.key = file.key();
  co_return info;
}

Result<void> MemoryVfs::unlink(const std::shared_ptr<Node>& node) {
  if (node == root_) return fail(NtStatus::kAccessDenied);
  if (node->is_directory && !node->entries.empty()) return fail(NtStatus::kDirectoryNotEmpty);
  if (node->links.empty()) return fail(NtStatus::kFileDeleted);
  detach(node);
  return {};
}

Task<Result<void>> MemoryVfs::remove(ports::IoContext io, ports::File& file) {
  co_await work(io);
  if (Result<void> may = may_change(io); !may) co_return fail(may.error());
  std::shared_ptr<Node> node = file_of(file).node();
  if (plants_.forget_remove_one_in != 0 && rng_.one_in(plants_.forget_remove_one_in))
    co_return Result<void>{};
  if (file.stream().empty()) co_return unlink(node);
  journal_streams(node);
  if (node->streams.erase(fold_name(file.stream())) == 0) co_return fail(NtStatus::kFileDeleted);
  co_return Result<void>{};
}

Task<Result<bool>> MemoryVfs::remove_durably(ports::IoContext io, ports::File& file) {
  Result<void> removed = co_await remove(io, file);
  if (!removed) co_return fail(removed.error());
  // Power may be lost in between.
  co_await work(io);
  if (plants_.never_sync || plants_.never_sync_removals) co_return true;
  if (!may_change(io) || fails(faults_.io_error_per_mille)) co_return false;
  journal_synced();
  co_return true;
}

Result<void> MemoryVfs::make_room(std::string_view new_path, const std::shared_ptr<Node>& node,
                                  bool replace) {
  Result<std::shared_ptr<Node>> target = walk(new_path);
  if (!target || *target == node) return {};
  if (!replace) return fail(NtStatus::kObjectNameCollision);
  if ((*target)->is_directory) return fail(NtStatus::kAccessDenied);
  return unlink(*target);
}

Task<Result<std::string>> MemoryVfs::rename(ports::IoContext io, ports::File& file,
                                            std::string_view new_path, bool replace_if_exists) {
  co_await work(io);
  if (Result<void> may = may_change(io); !may) co_return fail(may.error());
  std::shared_ptr<Node> node = file_of(file).node();
  if (node == root_) co_return fail(NtStatus::kAccessDenied);
  if (node->links.empty()) co_return fail(NtStatus::kFileDeleted);
  Result<std::shared_ptr<Node>> parent = parent_of(new_path);
  if (!parent) co_return fail(parent.error());
  for (std::shared_ptr<Node> above = *parent; above != nullptr;) {
    if (above == node) co_return fail(NtStatus::kInvalidParameter);
    above = above->links.empty() ? nullptr : above->links.front().parent.lock();
  }
  std::size_t entered = undo_.size();
  if (Result<void> room = make_room(new_path, node, replace_if_exists); !room)
    co_return fail(room.error());
  detach(node);
  attach(*parent, std::string(last_of(new_path)), node);
  std::rotate(node->links.begin(), node->links.end() - 1, node->links.end());
  journal_as_one(entered);
  node->change_time = clock_.now();
  co_return path_of(*node, *root_).value_or("");
}

Task<Result<void>> MemoryVfs::rename_stream(ports::IoContext io, ports::File& stream,
                                            std::string_view new_stream, bool replace_if_exists) {
  co_await work(io);
  if (Result<void> may = may_change(io); !may) co_return fail(may.error());
  MemoryFile& file = file_of(stream);
  journal_streams(file.node());
  Node& node = *file.node();
  auto from = node.streams.find(fold_name(file.stream()));
  if (from == node.streams.end()) co_return fail(NtStatus::kFileDeleted);
  if (new_stream.empty()) {
    if (node.is_directory) co_return fail(NtStatus::kInvalidParameter);
    if (!replace_if_exists || node.content->size() != 0)
      co_return fail(NtStatus::kObjectNameCollision);
    *node.content = *from->second.content;
    node.streams.erase(from);
    co_return Result<void>{};
  }
  std::string folded = fold_name(new_stream);
  if (folded != from->first && node.streams.contains(folded) && !replace_if_exists)
    co_return fail(NtStatus::kObjectNameCollision);
  std::shared_ptr<Content> content = from->second.content;
  node.streams.erase(from);
  node.streams[folded] = {std::string(new_stream), content};
  file.set_stream(std::string(new_stream));
  co_return Result<void>{};
}

Task<Result<void>> MemoryVfs::link(ports::IoContext io, ports::File& file,
                                   std::string_view new_path, bool replace_if_exists) {
  co_await work(io);
  if (Result<void> may = may_change(io); !may) co_return fail(may.error());
  std::shared_ptr<Node> node = file_of(file).node();
  if (node->is_directory) co_return fail(NtStatus::kFileIsADirectory);
  if (node->links.empty()) co_return fail(NtStatus::kFileDeleted);
  Result<std::shared_ptr<Node>> parent = parent_of(new_path);
  if (!parent) co_return fail(parent.error());
  Result<std::shared_ptr<Node>> target = walk(new_path);
  if (target && *target == node) co_return fail(NtStatus::kObjectNameCollision);
  if (Result<void> room = make_room(new_path, node, replace_if_exists); !room)
    co_return fail(room.error());
  attach(*parent, std::string(last_of(new_path)), node);
  co_return Result<void>{};
}

Task<Result<ports::VolumeInfo>> MemoryVfs::volume_info(ports::IoContext io) {
  co_await work(io);
  ports::VolumeInfo info;
  info.label = "SIM";
  info.file_system_name = "NTFS";
  info.serial_number = 0x51u;
  info.total_units = 1u << 20;
  info.free_units = info.caller_free_units = 1u << 19;
  info.attributes = 0x0004004F;
  co_return info;
}

}  // namespace holdfast::sim
