// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "platform/vfs_posix/system.h"

namespace holdfast::platform::posix {

struct RawEntry {
  std::string name;
  std::uint64_t inode = 0;
  /// DT_*
  unsigned char type = 0;
};

/// getdents64 over a descriptor of its own, a buffer at a time, without "." and "..". Not
/// thread-safe.
class DirectoryReader {
 public:
  /// Opens anew the directory behind a descriptor of any kind.
  static Result<DirectoryReader> open(const Credentials& who, int directory);

  int fd() const { return fd_.get(); }
  /// The next entry; nullopt: the end.
  Result<std::optional<RawEntry>> next();
  /// Begins anew.
  void rewind();
  /// Until the end or until visit returns false.
  Result<void> for_each(const std::function<bool(const RawEntry&)>& visit);

 private:
  explicit DirectoryReader(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  std::unique_ptr<char[]> buffer_;
  std::size_t position_ = 0;
  std::size_t size_ = 0;
};

}  // namespace holdfast::platform::posix
