// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cerrno>
#include <deque>
#include <functional>
#include <map>
#include <random>

#include "platform/store_journal/disk.h"

/// A disk for tests that remembers every call, so that afterwards each state can be made that the
/// loss of power could have left.
namespace holdfast::platform::store {

inline constexpr std::size_t kSector = 512;

using Rng = std::mt19937_64;

struct TestInode {
  /// What reads see, and what survives the loss of power for certain.
  ByteVec cache;
  ByteVec durable;
};
using TestFolder = std::map<std::string, std::shared_ptr<TestInode>>;

/// One call, as far as it changed something.
struct TestEvent {
  enum class Kind : std::uint8_t {
    kWrite,
    kResize,
    kSync,
    kSyncFailed,
    kLink,
    kUnlink,
    kRename,
    kSyncFolder
  };
  Kind kind;
  std::shared_ptr<TestInode> inode = nullptr;
  std::uint64_t offset = 0;
  ByteVec data = {};
  std::string name = {};
  std::string to = {};
};

class TestDisk final : public Disk {
 public:
  TestDisk() = default;
  explicit TestDisk(TestFolder folder) : folder_(std::move(folder)) {}

  /// Called before each call that changes something, with its number; an errno makes it fail, a
  /// negative number makes a write short.
  std::function<int(std::uint64_t)> fault;
  /// There is no room for anything more.
  bool full = false;
  std::vector<TestEvent> log;

  std::uint64_t calls() const { return calls_; }
  const TestFolder& folder() const { return folder_; }

  DiskResult<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    for (const auto& [name, inode] : folder_) names.push_back(name);
    return names;
  }
  DiskResult<std::unique_ptr<DiskFile>> open(const std::string& name, Open how) override;
  DiskResult<void> rename(const std::string& from, const std::string& to) override {
    if (int error = ask(); error > 0) return std::unexpected(error);
    auto found = folder_.find(from);
    if (found == folder_.end()) return std::unexpected(ENOENT);
    auto inode = found->second;
    folder_.erase(found);
    folder_[to] = inode;
    log.push_back({.kind = TestEvent::Kind::kRename, .inode = inode, .name = from, .to = to});
    return {};
  }
  DiskResult<void> unlink(const std::string& name) override {
    if (int error = ask(); error > 0) return std::unexpected(error);
    if (folder_.erase(name) == 0) return std::unexpected(ENOENT);
    log.push_back({.kind = TestEvent::Kind::kUnlink, .name = name});
    return {};
  }
  DiskResult<void> sync_folder() override {
    if (int error = ask(); error > 0) return std::unexpected(error);
    log.push_back({.kind = TestEvent::Kind::kSyncFolder});
    return {};
  }
  DiskResult<void> lock(const std::string&) override {
    if (locked_) return std::unexpected(EWOULDBLOCK);
    locked_ = true;
    return {};
  }
  const std::string& path() const override { return path_; }

  int ask() {
    const std::uint64_t number = calls_++;
    return fault ? fault(number) : 0;
  }

 private:
  std::string path_ = "/test";
  TestFolder folder_;
  std::uint64_t calls_ = 0;
  bool locked_ = false;
};

class TestFile final : public DiskFile {
 public:
  TestFile(TestDisk& disk, std::shared_ptr<TestInode> inode)
      : disk_(disk), inode_(std::move(inode)) {}
  DiskResult<std::uint64_t> size() override { return inode_->cache.size(); }
  DiskResult<std::size_t> pread(MutBytes out, std::uint64_t offset) override {
    if (offset >= inode_->cache.size()) return 0;
    const std::size_t n = std::min<std::size_t>(out.size(), inode_->cache.size() - offset);
    std::memcpy(out.data(), inode_->cache.data() + offset, n);
    return n;
  }
  DiskResult<std::size_t> pwrite(Bytes data, std::uint64_t offset) override {
    const int error = disk_.ask();
    // A write that fails may have written a part of what it was given, as one that is short has.
    if (error != 0) data = data.first(data.size() / 2);
    if (inode_->cache.size() < offset + data.size()) inode_->cache.resize(offset + data.size());
    if (!data.empty()) std::memcpy(inode_->cache.data() + offset, data.data(), data.size());
    disk_.log.push_back(
        {.kind = TestEvent::Kind::kWrite, .inode = inode_, .offset = offset, .data = to_vec(data)});
    if (error > 0) return std::unexpected(error);
    return data.size();
  }
  DiskResult<void> allocate(std::uint64_t size) override {
    if (int error = disk_.ask(); error > 0) return std::unexpected(error);
    if (disk_.full) return std::unexpected(ENOSPC);
    if (inode_->cache.size() < size) inode_->cache.resize(size);
    disk_.log.push_back({.kind = TestEvent::Kind::kResize, .inode = inode_, .offset = size});
    return {};
  }
  DiskResult<void> sync_data() override {
    const int error = disk_.ask();
    const auto kind = error > 0 ? TestEvent::Kind::kSyncFailed : TestEvent::Kind::kSync;
    disk_.log.push_back({.kind = kind, .inode = inode_});
    if (error > 0) return std::unexpected(error);
    return {};
  }

 private:
  TestDisk& disk_;
  std::shared_ptr<TestInode> inode_;
};

inline DiskResult<std::unique_ptr<DiskFile>> TestDisk::open(const std::string& name, Open how) {
  auto found = folder_.find(name);
  if (how != Open::kCreate) {
    if (found == folder_.end()) return std::unexpected(ENOENT);
    return std::make_unique<TestFile>(*this, found->second);
  }
  if (int error = ask(); error > 0) return std::unexpected(error);
  auto inode = std::make_shared<TestInode>();
  folder_[name] = inode;
  log.push_back({.kind = TestEvent::Kind::kLink, .inode = inode, .name = name});
  return std::make_unique<TestFile>(*this, inode);
}

/// Follows a log and makes the states that power loss between (or within) its events may leave.
class PowerLoss {
 public:
  /// What becomes of what was not synced.
  enum class Unsynced : std::uint8_t { kLost, kKept, kTorn };

  explicit PowerLoss(const TestFolder& durable) : names_(durable) {
    for (const auto& [name, inode] : durable) {
      Inode& known = inodes_[inode.get()];
      known.durable = inode->durable;
      if (inode->cache == inode->durable) continue;
      cached_.push_back({.kind = TestEvent::Kind::kWrite, .inode = inode, .data = inode->cache});
      known.pending.push_back(&cached_.back());
    }
  }

  void apply(const TestEvent& event) {
    Inode& inode = inodes_[event.inode.get()];
    switch (event.kind) {
      case TestEvent::Kind::kWrite:
      case TestEvent::Kind::kResize: inode.pending.push_back(&event); break;
      case TestEvent::Kind::kSync:
        for (const TestEvent* write : inode.pending) put(inode.durable, *write);
        inode.pending.clear();
        break;
      // As Linux does it: what could not be written is forgotten, and no later call tries again.
      case TestEvent::Kind::kSyncFailed: inode.pending.clear(); break;
      case TestEvent::Kind::kSyncFolder:
        for (const TestEvent* change : folder_changes_) put(names_, *change);
        folder_changes_.clear();
        break;
      default: folder_changes_.push_back(&event);
    }
  }

  /// `cut`: a write of which only the first `octets` arrived; null: none.
  TestFolder image(Unsynced unsynced, Rng& rng, const TestEvent* cut = nullptr,
                   std::size_t octets = 0) const {
    TestFolder names = names_;
    std::size_t left = folder_changes_.size();
    if (unsynced == Unsynced::kLost) left = 0;
    const bool subset = unsynced == Unsynced::kTorn && rng() % 2 == 0;
    if (unsynced == Unsynced::kTorn && !subset) left = rng() % (left + 1);
    for (std::size_t i = 0; i < left; ++i)
      if (!subset || rng() % 2 == 0) put(names, *folder_changes_[i]);
    TestFolder image;
    for (const auto& [name, inode] : names) {
      auto copy = std::make_shared<TestInode>();
      copy->durable = content(inode.get(), unsynced, rng, cut, octets);
      copy->cache = copy->durable;
      image[name] = copy;
    }
    return image;
  }

  /// The process was killed, the machine lives: everything is in the cache, and only there.
  TestFolder killed() const {
    Rng rng;
    TestFolder image;
    TestFolder names = names_;
    for (const TestEvent* change : folder_changes_) put(names, *change);
    for (const auto& [name, inode] : names) {
      auto copy = std::make_shared<TestInode>();
      copy->durable = content(inode.get(), Unsynced::kLost, rng, nullptr, 0);
      copy->cache = content(inode.get(), Unsynced::kKept, rng, nullptr, 0);
      image[name] = copy;
    }
    return image;
  }

 private:
  struct Inode {
    ByteVec durable;
    std::vector<const TestEvent*> pending;
  };

  static void put(ByteVec& octets, const TestEvent& event, std::size_t begin = 0,
                  std::size_t size = ~std::size_t{0}) {
    size = std::min(size, event.data.size() - begin);
    const std::uint64_t end = event.offset + begin + size;
    if (octets.size() < end) octets.resize(end);
    if (size != 0)
      std::memcpy(octets.data() + event.offset + begin, event.data.data() + begin, size);
  }
  static void put(TestFolder& names, const TestEvent& event) {
    if (event.kind == TestEvent::Kind::kLink) names[event.name] = event.inode;
    if (event.kind == TestEvent::Kind::kUnlink) names.erase(event.name);
    if (event.kind == TestEvent::Kind::kRename) {
      auto found = names.find(event.name);
      if (found != names.end() && found->second == event.inode) names.erase(found);
      names[event.to] = event.inode;
    }
  }
  ByteVec content(TestInode* key, Unsynced unsynced, Rng& rng, const TestEvent* cut,
                  std::size_t octets) const {
    auto found = inodes_.find(key);
    if (found == inodes_.end()) return {};
    ByteVec content = found->second.durable;
    for (const TestEvent* write : found->second.pending) {
      if (unsynced == Unsynced::kKept) put(content, *write);
      if (unsynced != Unsynced::kTorn) continue;
      if (write->kind == TestEvent::Kind::kResize) {
        if (rng() % 2 == 0) put(content, *write);
        continue;
      }
      // Sectors by themselves; offsets of writes are multiples of a sector or continue one.
      for (std::size_t at = 0; at < write->data.size();) {
        const std::size_t size = kSector - (write->offset + at) % kSector;
        if (rng() % 2 == 0) put(content, *write, at, size);
        at += size;
      }
    }
    if (cut != nullptr && cut->inode.get() == key) put(content, *cut, 0, octets);
    return content;
  }

  TestFolder names_;
  std::map<TestInode*, Inode> inodes_;
  /// What a killed process left in the cache.
  std::deque<TestEvent> cached_;
  std::vector<const TestEvent*> folder_changes_;
};

}  // namespace holdfast::platform::store
