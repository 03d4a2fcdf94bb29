// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace holdfast::platform::store {

/// What a call of a Disk answers: a value, or the errno.
template <class T>
using DiskResult = std::expected<T, int>;

/// One file of a Disk. Calls block; different files may be used by different threads at once.
class DiskFile {
 public:
  virtual ~DiskFile() = default;
  virtual DiskResult<std::uint64_t> size() = 0;
  /// Both may move less than asked; pread moves nothing at the end of the file.
  virtual DiskResult<std::size_t> pread(MutBytes out, std::uint64_t offset) = 0;
  virtual DiskResult<std::size_t> pwrite(Bytes data, std::uint64_t offset) = 0;
  /// Reserves space up to `size`, which becomes the file's size.
  virtual DiskResult<void> allocate(std::uint64_t size) = 0;
  virtual DiskResult<void> sync_data() = 0;
};

/// One folder of a file system: all that the journal knows of the world. The real one is
/// posix_disk.h; that of the tests loses power.
class Disk {
 public:
  enum class Open : std::uint8_t {
    kRead,
    /// For reading and writing; it must be there.
    kWrite,
    /// As kWrite; made anew, and emptied if it is there.
    kCreate,
    /// As kWrite; every read and write goes past the page cache, as far as the file system can.
    /// Offsets, sizes and addresses must be multiples of 4,096.
    kDirect,
  };
  virtual ~Disk() = default;
  virtual DiskResult<std::vector<std::string>> list() = 0;
  virtual DiskResult<std::unique_ptr<DiskFile>> open(const std::string& name, Open how) = 0;
  virtual DiskResult<void> rename(const std::string& from, const std::string& to) = 0;
  virtual DiskResult<void> unlink(const std::string& name) = 0;
  /// Makes what was created, renamed and unlinked durable.
  virtual DiskResult<void> sync_folder() = 0;
  /// Takes the lock file `name` for as long as the Disk lives. EWOULDBLOCK: somebody has it.
  virtual DiskResult<void> lock(const std::string& name) = 0;
  /// For messages.
  virtual const std::string& path() const = 0;
};

/// Repeat until all is moved; EIO when it does not go on.
DiskResult<void> write_all(DiskFile& file, Bytes data, std::uint64_t offset);
/// Less than `size` octets only at the end of the file.
DiskResult<ByteVec> read_some(DiskFile& file, std::uint64_t offset, std::size_t size);

}  // namespace holdfast::platform::store
