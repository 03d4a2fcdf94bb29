// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ports/vfs.h"
#include "sim/vfs/content.h"
#include "sim/world/world.h"

namespace holdfast::sim {

/// What goes wrong on the disk, of 1000 operations that could; may be changed while it runs.
struct DiskFaults {
  /// Writes, creations and growth: kDiskFull. A write may have put down a part before.
  std::uint64_t disk_full_per_mille = 0;
  /// Any operation on data: kIoDeviceError. A write may have put down a part before.
  std::uint64_t io_error_per_mille = 0;
  /// Flushes that take a second instead of a millisecond.
  std::uint64_t slow_flush_per_mille = 0;
  /// Operations that take up to that much longer.
  std::uint64_t slow_per_mille = 0;
  std::uint64_t slow_us = 0;
  bool any() const { return disk_full_per_mille != 0 || io_error_per_mille != 0; }
};

/// Faults that no disk has, to see that the oracles find them. 0 = never.
struct DiskPlants {
  std::uint64_t lose_octet_one_in = 0;
  std::uint64_t stale_read_one_in = 0;
  std::uint64_t forget_remove_one_in = 0;
  /// Each handle of a file gets a key of its own: nobody sees the others' locks and share modes.
  bool keys_differ = false;
  /// Handles are kept for ever.
  bool keep_handles = false;
  /// What shall be durable is not.
  bool never_sync = false;
  /// Removals that shall be durable are not.
  bool never_sync_removals = false;
  /// Local changes of which nobody is told.
  std::uint64_t forget_local_change_one_in = 0;
};

/// One object of the file system. Entries of a directory are found by their folded names.
struct Node {
  struct Entry {
    std::string name;
    std::shared_ptr<Node> node;
  };
  struct Link {
    std::weak_ptr<Node> parent;
    std::string name;
  };
  struct NamedStream {
    std::string name;
    std::shared_ptr<Content> content;
  };

  ports::FileKey key;
  bool is_directory = false;
  std::map<std::string, Entry> entries;
  /// Its names; empty for the root and for what is deleted.
  std::vector<Link> links;
  std::shared_ptr<Content> content = std::make_shared<Content>();
  std::map<std::string, NamedStream> streams;
  std::vector<ports::Ea> eas;
  std::optional<ByteVec> security;
  std::optional<ByteVec> creation_mark;
  ByteVec reparse;
  std::uint32_t attributes = 0;
  NtTime creation_time, last_access_time, last_write_time, change_time;
  std::uint32_t mode = 0;
};

/// A file system in memory, for one world: every operation takes a seeded time, and happens at one
/// moment within it.
class MemoryVfs final : public ports::Vfs, public std::enable_shared_from_this<MemoryVfs> {
 public:
  MemoryVfs(World& world, ports::Clock& clock);
  ~MemoryVfs() override;

  DiskFaults& faults() { return faults_; }
  DiskPlants& plants() { return plants_; }
  /// Lets go of what DiskPlants::keep_handles kept.
  void drop_kept() { kept_.clear(); }
  /// Called for each change of the file system before it is made; an error is what becomes of it.
  std::function<Result<void>()> on_change;
  /// From now on lose_power() knows what to take back.
  void keep_journal() { keeps_journal_ = true; }
  /// The machine loses its power. Of the changes of names, attributes and EAs that were not synced,
  /// the first ones are kept, up to some point, as a file system's journal has them; each file's
  /// data and size have a fate of their own (Content). Nobody has a file open.
  void lose_power();
  /// Files that somebody holds.
  std::size_t open_files() const { return open_files_; }
  const std::shared_ptr<Node>& root() const { return root_; }
  /// The object at a path; nullptr when there is none.
  std::shared_ptr<Node> find(std::string_view path) const;

  Task<Result<ports::Opened>> open(ports::IoContext io, std::string_view path,
                                   const ports::OpenHow& how) override;
  Task<Result<std::optional<ports::SymlinkStop>>> find_symlink(ports::IoContext io,
                                                               std::string_view path) override;
  Task<Result<ports::Opened>> create(ports::IoContext io, std::string_view path,
                                     const ports::CreateHow& how) override;
  Task<Result<ports::FileInfo>> overwrite(ports::IoContext io, ports::File& file,
                                          const ports::CreateHow& how) override;
  Task<Result<void>> remove(ports::IoContext io, ports::File& file) override;
  Task<Result<bool>> remove_durably(ports::IoContext io, ports::File& file) override;
  Task<Result<std::string>> rename(ports::IoContext io, ports::File& file,
                                   std::string_view new_path, bool replace_if_exists) override;
  Task<Result<void>> rename_stream(ports::IoContext io, ports::File& stream,
                                   std::string_view new_stream, bool replace_if_exists) override;
  Task<Result<void>> link(ports::IoContext io, ports::File& file, std::string_view new_path,
                          bool replace_if_exists) override;
  Task<Result<ports::VolumeInfo>> volume_info(ports::IoContext io) override;
  Task<std::shared_ptr<ports::ChangeWatch>> watch_local_changes(
      ports::IoContext io, ports::FilePtr directory, bool tree,
      std::weak_ptr<ports::LocalChangeSink> sink) override;

  /// What a local program does, at once, and tells who watches. False: there is no such name, or
  /// one in the way.
  bool local_create(std::string_view path);
  bool local_remove(std::string_view path);
  bool local_rename(std::string_view from, std::string_view to);
  /// Local changes may have been missed.
  void local_overflow();

 private:
  friend class MemoryFile;
  /// Waits as a disk does.
  Task<void> work(ports::IoContext io);
  /// Before each change, in the same moment: kFileForcedClosed when nothing may be touched any
  /// more.
  Result<void> may_change(ports::IoContext io);
  /// How to take a change of names or attributes back, if power is lost before the next sync.
  void journal(std::move_only_function<void()> undo) {
    if (keeps_journal_) undo_.push_back(std::move(undo));
  }
  /// What was entered from that place on is there as a whole or not at all.
  void journal_as_one(std::size_t from);
  /// The file system's journal is written, as with every fsync.
  void journal_synced() { undo_.clear(); }
  void detach(const std::shared_ptr<Node>& node);
  void restore_link(const std::shared_ptr<Node>& parent, const std::string& name,
                    const std::shared_ptr<Node>& node);
  void remove_link(const std::shared_ptr<Node>& parent, const std::string& name,
                   const std::shared_ptr<Node>& node);
  void journal_streams(const std::shared_ptr<Node>& node);
  bool fails(std::uint64_t per_mille) { return per_mille != 0 && rng_.per_mille(per_mille); }
  Result<std::shared_ptr<Node>> walk(std::string_view path) const;
  Result<std::shared_ptr<Node>> parent_of(std::string_view path) const;
  std::shared_ptr<Node> make_node(bool directory);
  Result<ports::Opened> opened(std::shared_ptr<Node> node, std::string_view stream);
  Result<ports::Opened> create_stream(std::string_view path, const std::string& stream);
  Result<void> unlink(const std::shared_ptr<Node>& node);
  Result<void> make_room(std::string_view new_path, const std::shared_ptr<Node>& node,
                         bool replace);
  void attach(const std::shared_ptr<Node>& parent, const std::string& name,
              const std::shared_ptr<Node>& node);

  struct Watched {
    std::string path;
    bool tree;
    std::weak_ptr<ports::LocalChangeSink> sink;
  };
  class Watch;
  bool is_watched(std::string_view path) const;
  void tell_local(std::vector<ports::LocalChange> changes);

  World& world_;
  ports::Clock& clock_;
  Rng rng_;
  DiskFaults faults_;
  DiskPlants plants_;
  std::shared_ptr<Node> root_;
  std::uint64_t next_inode_ = 2;
  std::size_t open_files_ = 0;
  bool keeps_journal_ = false;
  std::vector<std::move_only_function<void()>> undo_;
  std::vector<ports::FilePtr> kept_;
  std::map<std::uint64_t, Watched> watches_;
  std::uint64_t next_watch_ = 1;
};

/// Names a node has now, joined by '/'; nullopt when it is deleted.
std::optional<std::string> path_of(const Node& node, const Node& root);
ports::FileInfo info_of(const Node& node, const Content& content, bool is_stream);

}  // namespace holdfast::sim
