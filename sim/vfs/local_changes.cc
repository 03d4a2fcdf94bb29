// SPDX-License-Identifier: Apache-2.0
// What local programs do to a MemoryVfs, and who hears of it.
#include "base/utf16.h"
#include "sim/vfs/memory_file.h"

namespace holdfast::sim {

using ports::LocalChange;
using Kind = ports::LocalChange::Kind;

namespace {

std::string_view parent_of_path(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}
std::string name_of_path(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return std::string(slash == path.npos ? path : path.substr(slash + 1));
}

}  // namespace

class MemoryVfs::Watch final : public ports::ChangeWatch {
 public:
  Watch(std::shared_ptr<MemoryVfs> vfs, std::uint64_t id) : vfs_(std::move(vfs)), id_(id) {}
  ~Watch() override { vfs_->watches_.erase(id_); }

 private:
  std::shared_ptr<MemoryVfs> vfs_;
  std::uint64_t id_;
};

Task<std::shared_ptr<ports::ChangeWatch>> MemoryVfs::watch_local_changes(
    ports::IoContext io, ports::FilePtr directory, bool tree,
    std::weak_ptr<ports::LocalChangeSink> sink) {
  co_await work(io);
  std::optional<std::string> path = path_of(*static_cast<MemoryFile&>(*directory).node(), *root_);
  if (!path) co_return nullptr;
  std::uint64_t id = next_watch_++;
  watches_[id] = {*path, tree, std::move(sink)};
  co_return std::make_shared<Watch>(shared_from_this(), id);
}

bool MemoryVfs::is_watched(std::string_view path) const {
  std::string_view parent = parent_of_path(path);
  for (const auto& [id, watched] : watches_) {
    if (parent == watched.path) return true;
    if (watched.tree && (watched.path.empty() || parent.starts_with(watched.path + "/")))
      return true;
  }
  return false;
}

void MemoryVfs::tell_local(std::vector<LocalChange> changes) {
  world_.trace("local change", changes.size());
  if (plants_.forget_local_change_one_in != 0 && rng_.one_in(plants_.forget_local_change_one_in))
    return;
  for (const auto& [id, watched] : watches_) {
    auto sink = watched.sink.lock();
    if (sink == nullptr) continue;
    if (!changes.empty()) sink->on_local_changes(*this, changes);
    return;
  }
}

bool MemoryVfs::local_create(std::string_view path) {
  Result<std::shared_ptr<Node>> parent = parent_of(path);
  if (!parent || find(path) != nullptr) return false;
  attach(*parent, name_of_path(path), make_node(false));
  if (is_watched(path)) tell_local({{Kind::kCreated, false, std::string(path), ""}});
  return true;
}

bool MemoryVfs::local_remove(std::string_view path) {
  std::shared_ptr<Node> node = find(path);
  if (node == nullptr || !unlink(node)) return false;
  if (is_watched(path)) tell_local({{Kind::kRemoved, false, std::string(path), ""}});
  return true;
}

bool MemoryVfs::local_rename(std::string_view from, std::string_view to) {
  std::shared_ptr<Node> node = find(from);
  Result<std::shared_ptr<Node>> parent = parent_of(to);
  if (node == nullptr || !parent || find(to) != nullptr || !unlink(node)) return false;
  attach(*parent, name_of_path(to), node);
  bool leaves = is_watched(from), comes = is_watched(to);
  if (leaves && comes)
    tell_local({{Kind::kRenamed, false, std::string(from), std::string(to)}});
  else if (leaves)
    tell_local({{Kind::kRemoved, false, std::string(from), ""}});
  else if (comes)
    tell_local({{Kind::kCreated, false, std::string(to), ""}});
  return true;
}

void MemoryVfs::local_overflow() { tell_local({{Kind::kLost, true, "", ""}}); }

}  // namespace holdfast::sim
