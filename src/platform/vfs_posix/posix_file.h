// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>

#include "base/mutex.h"
#include "platform/vfs_posix/attributes.h"
#include "platform/vfs_posix/directory_reader.h"
#include "platform/vfs_posix/share.h"

namespace holdfast::platform::posix {

using ports::DataAccess;
using ports::IoContext;
using ports::Range;

/// An open object or stream. Methods that end in _now make the system calls on the calling thread.
class PosixFile final : public ports::File, public std::enable_shared_from_this<PosixFile> {
 public:
  struct Init {
    /// Open for the data as `access` says, or O_PATH.
    UniqueFd fd;
    DataAccess access = DataAccess::kNone;
    Stat stat;
    /// Where it was found, on disk.
    std::string path;
    std::string stream;
    /// The stream's extended attribute; empty for the object itself.
    std::string stream_xattr;
    /// Its part in what all opens of the file share (LocalGuards::OpenedData); may be null.
    std::shared_ptr<void> use;
  };
  PosixFile(std::shared_ptr<Share> share, Init init);
  ~PosixFile() override;

  FileKey key() const override { return key_; }
  bool is_directory() const override { return is_directory_ && !is_stream(); }
  const std::string& stream() const override { return name_.load()->stream; }
  Task<Result<std::string>> path(IoContext io) override;
  Task<Result<FileInfo>> info(IoContext io) override;
  Task<Result<void>> set_basic(IoContext io, const ports::SetBasic& change) override;

  std::optional<Result<std::size_t>> try_read(std::uint64_t offset, MutBytes out) override;
  Task<Result<std::size_t>> read(IoContext io, std::uint64_t offset, MutBytes out) override;
  Task<Result<void>> write(IoContext io, std::uint64_t offset, Bytes data,
                           bool write_through) override;
  Task<Result<void>> flush(IoContext io) override;
  Task<Result<void>> set_end_of_file(IoContext io, std::uint64_t size) override;
  Task<Result<void>> set_allocation(IoContext io, std::uint64_t size) override;
  Task<Result<void>> set_sparse(IoContext io, bool sparse) override;
  Task<Result<void>> set_compression(IoContext io, bool compressed) override;
  Task<Result<std::optional<ByteVec>>> creation_mark(IoContext io) override;
  Task<void> clear_creation_mark(IoContext io) override;
  Task<Result<void>> zero_range(IoContext io, Range range) override;
  Task<Result<void>> trim_range(IoContext io, Range range) override;
  Task<Result<std::vector<Range>>> allocated_ranges(IoContext io, Range range,
                                                    std::size_t limit) override;
  Task<Result<std::uint64_t>> copy_from(IoContext io, ports::File& source,
                                        std::uint64_t source_offset, std::uint64_t offset,
                                        std::uint64_t length) override;
  Task<Result<void>> clone_from(IoContext io, ports::File& source, std::uint64_t source_offset,
                                std::uint64_t offset, std::uint64_t length) override;

  Task<Result<std::vector<ports::Ea>>> eas(IoContext io) override;
  Task<Result<void>> set_eas(IoContext io, const std::vector<ports::Ea>& eas) override;
  Task<Result<std::vector<ports::StreamInfo>>> streams(IoContext io) override;
  Task<Result<std::optional<ByteVec>>> security(IoContext io) override;
  Task<Result<void>> set_security(IoContext io, const SetSecurity& change) override;
  Task<Result<ByteVec>> reparse_data(IoContext io) override;
  Task<Result<void>> set_reparse_data(IoContext io, Bytes data) override;
  Task<Result<void>> delete_reparse_data(IoContext io, std::uint32_t tag) override;

  Task<Result<void>> read_directory(IoContext io, bool restart, ports::DirDetail detail,
                                    std::size_t limit, std::vector<ports::DirEntry>& out) override;
  Task<Result<ports::DirEntry>> find_entry(IoContext io, std::string_view name) override;
  Task<Result<void>> check_empty(IoContext io) override;
  Task<Result<void>> check_removable(IoContext io) override;

  int fd() const { return fd_.get(); }
  Share& share() const { return *share_; }
  bool is_stream() const { return is_stream_; }
  bool is_link() const { return is_link_; }
  const std::string& stream_xattr() const { return name_.load()->xattr; }
  /// Its name is gone: closing it may free all of its data.
  void set_removed() { removed_ = true; }
  void set_stream(std::string stream, std::string xattr);

  Result<FileInfo> info_now() const;
  Result<FileInfo> info_now(const Stat& st) const;
  /// The disk path at which it was last seen.
  std::string known_path() const;
  void set_known_path(std::string path);
  /// The directory and name that lead to this object now: where it was last seen, or where the
  /// kernel says it is. kFileDeleted when no name does.
  Result<Place> locate_now() const;
  /// A descriptor through which data can be written even when this was not opened so.
  Result<UniqueFd> writable_now(const Credentials& who) const;
  Result<void> truncate_now(const Credentials& who, std::uint64_t size);

 private:
  Result<bool> leads_here(const Place& place) const;
  bool can_read() const {
    return access_ == DataAccess::kRead || access_ == DataAccess::kReadWrite;
  }
  bool can_write() const {
    return access_ == DataAccess::kWrite || access_ == DataAccess::kReadWrite;
  }
  Result<std::size_t> read_now(std::uint64_t offset, MutBytes out) const;
  Result<void> write_now(std::uint64_t offset, Bytes data, bool write_through) const;
  Task<Result<void>> write_by_loop(IoContext io, std::uint64_t offset, Bytes data,
                                   bool write_through);
  Result<std::size_t> read_stream_now(std::uint64_t offset, MutBytes out) const;
  Result<void> write_stream_now(const Credentials& who, std::uint64_t offset, Bytes data) const;
  Result<void> resize_stream_now(const Credentials& who, std::uint64_t size) const;
  Result<void> allocate_now(const Credentials& who, std::uint64_t size);
  Result<void> zero_now(Range range) const;
  Result<void> trim_now(Range range) const;
  Result<void> set_sparse_now(const Credentials& who, bool sparse) const;
  Result<std::vector<Range>> ranges_now(Range range, std::size_t limit) const;
  Result<std::uint64_t> copy_now(const Credentials& who, PosixFile& source,
                                 std::uint64_t source_offset, std::uint64_t offset,
                                 std::uint64_t length);
  Result<void> clone_now(const Credentials& who, PosixFile& source, std::uint64_t source_offset,
                         std::uint64_t offset, std::uint64_t length);
  Result<ByteVec> reparse_now() const;
  Result<void> set_reparse_now(const Credentials& who, Bytes data);
  Result<void> delete_reparse_now(const Credentials& who, std::uint32_t tag);
  Result<void> is_empty_now() const;
  FileIo* loop_io(IoContext io) const;

  struct StreamNames {
    std::string stream;
    std::string xattr;
  };
  struct Listing;
  Result<void> list_now(const Credentials& who, bool restart, ports::DirDetail detail,
                        std::size_t limit, std::vector<ports::DirEntry>& out);
  Result<void> append_entry(const Credentials& who, const RawEntry& raw, ports::DirDetail detail,
                            std::vector<ports::DirEntry>& out);
  Result<FileInfo> entry_info(const Credentials& who, int directory, const std::string& name) const;

  const std::shared_ptr<Share> share_;
  const DataAccess access_;
  const FileKey key_;
  const bool is_directory_;
  const bool is_link_;
  const bool is_regular_;
  const bool is_stream_;
  std::atomic<bool> removed_ = false;
  mutable Mutex mutex_;
  UniqueFd fd_;
  std::shared_ptr<void> use_;
  std::string path_;
  std::vector<std::unique_ptr<const StreamNames>> names_;
  std::atomic<const StreamNames*> name_ = nullptr;
  std::unique_ptr<Listing> listing_;
};

}  // namespace holdfast::platform::posix
