// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/guid.h"
#include "base/nt_time.h"
#include "base/result.h"
#include "base/task.h"
#include "ports/executor.h"
#include "ports/identity.h"
#include "ports/local_changes.h"
#include "ports/volume.h"

/// The file system behind a share. It knows names, bytes and attributes; who may open what beside
/// whom (share modes, locks, leases, access rights in security descriptors) is core's business.
///
/// Paths are relative to the share's root, UTF-8 (WTF-8), components separated by '/', "" = root,
/// without "." and "..". Lookup is case-insensitive and case-preserving. Streams are named beside
/// the path, without ":" and ":$DATA".
namespace holdfast::ports {

/// Who asks, and on which loop the answer is wanted. Valid until the operation has ended.
struct IoContext {
  Executor& loop;
  const Credentials& credentials;
  /// Not null: nothing is touched once it may not be served (kFileForcedClosed).
  const Volume* volume = nullptr;

  bool is_fenced() const {
    return volume != nullptr && !volume->may_serve(loop.clock().monotonic_us());
  }
};

/// Identifies a file system object for as long as it exists, whatever its names.
struct FileKey {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const FileKey&) const = default;
};

/// What a query of a file can tell. Attributes are FILE_ATTRIBUTE_* (MS-FSCC 2.6), complete
/// (DIRECTORY, SPARSE_FILE, REPARSE_POINT included; NORMAL when nothing else is set).
struct FileInfo {
  FileKey key;
  NtTime creation_time;
  NtTime last_access_time;
  NtTime last_write_time;
  NtTime change_time;
  std::uint64_t end_of_file = 0;
  /// Octets of disk the data occupies; of the data alone, not of attributes.
  std::uint64_t allocation_size = 0;
  std::uint32_t attributes = 0;
  /// 0 when it is no reparse point.
  std::uint32_t reparse_tag = 0;
  std::uint32_t link_count = 1;
  /// Octets of a FILE_FULL_EA_INFORMATION list of all EAs; 0 = none.
  std::uint32_t ea_size = 0;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool is_directory = false;
};

/// What to change; unset members stay. Times: see NtTime; attributes as in FileInfo.
struct SetBasic {
  std::optional<NtTime> creation_time;
  std::optional<NtTime> last_access_time;
  std::optional<NtTime> last_write_time;
  std::optional<NtTime> change_time;
  std::optional<std::uint32_t> attributes;
};

struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct Ea {
  /// ASCII, as the client spelled it.
  std::string name;
  std::uint8_t flags = 0;
  /// Empty in a set: remove.
  ByteVec value;
};

struct StreamInfo {
  /// "" is the unnamed data stream (files only).
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t allocation_size = 0;
};

struct DirEntry {
  std::string name;
  /// 8.3 name or empty.
  std::string short_name;
  FileInfo info;
};

/// How much of DirEntry::info a listing needs: names alone save a system call an entry.
enum class DirDetail : std::uint8_t { kNames, kInfo };

/// An open object: a directory, a file, a named stream, or one that is only looked at. Closing is
/// dropping the last reference; operations hold one while they run. Thread-safe.
class File {
 public:
  virtual ~File() = default;

  virtual FileKey key() const = 0;
  virtual bool is_directory() const = 0;
  /// Stream name this was opened with; "" for the object itself.
  virtual const std::string& stream() const = 0;
  /// Its path now, in its real case; kFileDeleted when it has none any more.
  virtual Task<Result<std::string>> path(IoContext io) = 0;
  /// Of a previous version: nothing of it can be changed, and its Vfs is not the share's.
  virtual bool is_previous_version() const { return false; }
  /// Is a service::QuotaFile, which stands for no file.
  virtual bool is_quota_index() const { return false; }
  /// What copy_from() and clone_from() of the same backend know as a source.
  virtual File& underlying() { return *this; }

  virtual Task<Result<FileInfo>> info(IoContext io) = 0;
  virtual Task<Result<void>> set_basic(IoContext io, const SetBasic& change) = 0;

  /// Reads without waiting when everything is in memory; nullopt: use read().
  virtual std::optional<Result<std::size_t>> try_read(std::uint64_t offset, MutBytes out) = 0;
  /// Up to out.size() octets; fewer only at the end of the file. 0 at or behind the end.
  virtual Task<Result<std::size_t>> read(IoContext io, std::uint64_t offset, MutBytes out) = 0;
  /// All of data or an error. write_through: durable when it returns.
  virtual Task<Result<void>> write(IoContext io, std::uint64_t offset, Bytes data,
                                   bool write_through) = 0;
  virtual Task<Result<void>> flush(IoContext io) = 0;
  virtual Task<Result<void>> set_end_of_file(IoContext io, std::uint64_t size) = 0;
  /// Reserves (or gives back) space; a size below the end of file truncates (MS-FSA 2.1.5.15.1).
  virtual Task<Result<void>> set_allocation(IoContext io, std::uint64_t size) = 0;
  /// Sets FILE_ATTRIBUTE_SPARSE_FILE; taking it away allocates what was left out
  /// (MS-FSA 2.1.5.10.38).
  virtual Task<Result<void>> set_sparse(IoContext io, bool sparse) = 0;
  /// What is written from now on is compressed or not; of a directory, what is created in it
  /// (FILE_ATTRIBUTE_COMPRESSED). kNotSupported where VolumeInfo says so.
  virtual Task<Result<void>> set_compression(IoContext io, bool compressed) = 0;
  /// Makes [offset, offset+length) read as zeros; on a sparse file gives the space back.
  virtual Task<Result<void>> zero_range(IoContext io, Range range) = 0;
  /// The data in range is not needed any more and may read as zeros, or not; gives the space back
  /// where that can be done (MS-FSA 2.1.5.10.6).
  virtual Task<Result<void>> trim_range(IoContext io, Range range) = 0;
  /// The parts of range that hold data, ascending, at most limit of them (one more exists: the last
  /// element has length 0). A file that is not sparse has one, up to its end (MS-FSA 2.1.5.10.22).
  virtual Task<Result<std::vector<Range>>> allocated_ranges(IoContext io, Range range,
                                                            std::size_t limit) = 0;
  /// Copies inside the server; the ranges may not overlap in one file. Returns octets copied.
  virtual Task<Result<std::uint64_t>> copy_from(IoContext io, File& source,
                                                std::uint64_t source_offset, std::uint64_t offset,
                                                std::uint64_t length) = 0;
  /// Shares extents with the source (FICLONERANGE): what would lie behind the end of this file is
  /// left out. kInvalidDeviceRequest where the file system cannot, kInvalidParameter for ranges
  /// that are not of whole clusters and for another volume.
  virtual Task<Result<void>> clone_from(IoContext io, File& source, std::uint64_t source_offset,
                                        std::uint64_t offset, std::uint64_t length) = 0;

  virtual Task<Result<std::vector<Ea>>> eas(IoContext io) = 0;
  virtual Task<Result<void>> set_eas(IoContext io, const std::vector<Ea>& eas) = 0;
  virtual Task<Result<std::vector<StreamInfo>>> streams(IoContext io) = 0;
  /// The stored self-relative security descriptor; nullopt when none is stored.
  virtual Task<Result<std::optional<ByteVec>>> security(IoContext io) = 0;
  /// Stores it unless it is empty, and sets owner, group and mode where given and allowed.
  struct SetSecurity {
    ByteVec descriptor;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    std::optional<std::uint32_t> mode;
    /// Takes the stored descriptor away: owner, group and mode alone decide.
    bool remove_descriptor = false;
  };
  virtual Task<Result<void>> set_security(IoContext io, const SetSecurity& change) = 0;
  /// Reparse data as in FSCTL_GET_REPARSE_POINT, whole buffer with its header.
  virtual Task<Result<ByteVec>> reparse_data(IoContext io) = 0;
  virtual Task<Result<void>> set_reparse_data(IoContext io, Bytes data) = 0;
  virtual Task<Result<void>> delete_reparse_data(IoContext io, std::uint32_t tag) = 0;

  /// Directories: appends up to limit further entries ("." and ".." first) to out; restart begins
  /// anew. Nothing appended: the end.
  virtual Task<Result<void>> read_directory(IoContext io, bool restart, DirDetail detail,
                                            std::size_t limit, std::vector<DirEntry>& out) = 0;
  /// Directories: the one entry of this name (case-insensitive).
  virtual Task<Result<DirEntry>> find_entry(IoContext io, std::string_view name) = 0;
  /// Directories: kDirectoryNotEmpty or success.
  virtual Task<Result<void>> check_empty(IoContext io) = 0;
  /// Whether the caller may remove the object's name, as far as can be told without doing it:
  /// kAccessDenied, kMediaWriteProtected or success. Says nothing on whether a directory is empty.
  virtual Task<Result<void>> check_removable(IoContext io) = 0;

  /// CreateHow::creation_mark; nullopt: it has none, or not any more.
  virtual Task<Result<std::optional<ByteVec>>> creation_mark(IoContext io) {
    (void)io;
    co_return std::optional<ByteVec>{};
  }
  virtual Task<void> clear_creation_mark(IoContext io) {
    (void)io;
    co_return;
  }
};

using FilePtr = std::shared_ptr<File>;

/// What the handle must be able to do with the data.
enum class DataAccess : std::uint8_t { kNone, kRead, kWrite, kReadWrite };

struct OpenHow {
  DataAccess access = DataAccess::kNone;
  /// "" = the object itself.
  std::string stream;
  /// Open the link or reparse point itself instead of where it leads.
  bool open_reparse_point = false;
};

struct CreateHow {
  DataAccess access = DataAccess::kReadWrite;
  bool directory = false;
  /// Create this stream of the (existing) object; "" = the object.
  std::string stream;
  /// Settable FILE_ATTRIBUTE_* bits.
  std::uint32_t attributes = 0;
  std::uint64_t allocation_size = 0;
  /// Stored with the object before its name appears, if set.
  std::optional<ByteVec> security;
  std::optional<std::uint32_t> mode;
  std::vector<Ea> eas;
  /// Which request made it: stored with the object before its name appears (with a directory, soon
  /// afterwards), where that can be done.
  std::optional<ByteVec> creation_mark;
  /// Not compressed, whatever the directory says (FILE_NO_COMPRESSION, MS-SMB2 2.2.13).
  bool no_compression = false;
};

struct Opened {
  FilePtr file;
  FileInfo info;
  /// Path in its real case.
  std::string path;
};

/// The symbolic link in a path that clients resolve themselves.
struct SymlinkStop {
  /// Octets of the path up to and with the link's own name.
  std::size_t parsed = 0;
  /// As File::reparse_data(), with the tag SYMLINK.
  ByteVec reparse_data;
};

struct VolumeInfo {
  std::string label;
  std::string file_system_name;
  std::uint32_t serial_number = 0;
  NtTime creation_time;
  std::uint64_t total_units = 0;
  std::uint64_t caller_free_units = 0;
  std::uint64_t free_units = 0;
  std::uint32_t sectors_per_unit = 8;
  std::uint32_t bytes_per_sector = 512;
  /// FILE_SUPPORTS_* (MS-FSCC 2.5.1).
  std::uint32_t attributes = 0;
  std::uint32_t max_component_units = 255;
  /// File::trim_range() gives space back.
  bool trims = false;
  Guid object_id;
};

/// One share's file system. Thread-safe.
///
/// Errors of path operations: kObjectNameNotFound (the parent exists), kObjectPathNotFound,
/// kObjectNameInvalid, kAccessDenied, kObjectNameCollision, kStoppedOnSymlink, kDiskFull,
/// kMediaWriteProtected, kTooManyOpenedFiles, kIoDeviceError.
class Vfs {
 public:
  virtual ~Vfs() = default;

  /// Opens what exists, without any side effect on it (nothing is truncated or created).
  virtual Task<Result<Opened>> open(IoContext io, std::string_view path, const OpenHow& how) = 0;
  /// After open() said kStoppedOnSymlink, kObjectPathNotFound or kObjectNameNotFound: the first
  /// symbolic link in the path that clients resolve; nullopt when there is none.
  virtual Task<Result<std::optional<SymlinkStop>>> find_symlink(IoContext io,
                                                                std::string_view path) = 0;
  /// Creates what must not exist (kObjectNameCollision) and opens it.
  virtual Task<Result<Opened>> create(IoContext io, std::string_view path,
                                      const CreateHow& how) = 0;
  /// Overwrites an open file: end of file 0, named streams and EAs removed, attributes set
  /// (MS-FSA 2.1.5.1.2.1).
  virtual Task<Result<FileInfo>> overwrite(IoContext io, File& file, const CreateHow& how) = 0;
  /// Removes the name of an open object (or the stream it stands for). Fails when the name leads to
  /// another object by now.
  virtual Task<Result<void>> remove(IoContext io, File& file) = 0;
  /// The same, and whether it is for good: true when the loss of the machine does not bring the
  /// name back; false when it is removed, but the disk failed to say so.
  virtual Task<Result<bool>> remove_durably(IoContext io, File& file) = 0;
  /// Gives an open object another name; returns its new path in real case.
  virtual Task<Result<std::string>> rename(IoContext io, File& file, std::string_view new_path,
                                           bool replace_if_exists) = 0;
  /// Renames an open named stream within its file. "": it becomes the unnamed one, which must be
  /// empty, and replace_if_exists set; the handle leads nowhere then (kFileDeleted).
  virtual Task<Result<void>> rename_stream(IoContext io, File& stream, std::string_view new_stream,
                                           bool replace_if_exists) = 0;
  virtual Task<Result<void>> link(IoContext io, File& file, std::string_view new_path,
                                  bool replace_if_exists) = 0;
  virtual Task<Result<VolumeInfo>> volume_info(IoContext io) = 0;

  /// The same file system with names compared octet by octet, for clients that speak the SMB3 POSIX
  /// extensions; nullptr where it cannot. Files of the one may be given to the other.
  virtual std::shared_ptr<Vfs> with_exact_names() { return nullptr; }
  /// Tells sink, as long as both live, what others do in this open directory and, tree, below it;
  /// never what was done through this process. Several watches of one Vfs have one sink, and
  /// each change is told once. nullptr: cannot be told here.
  virtual Task<std::shared_ptr<ChangeWatch>> watch_local_changes(
      IoContext io, FilePtr directory, bool tree, std::weak_ptr<LocalChangeSink> sink) {
    (void)io, (void)directory, (void)tree, (void)sink;
    co_return nullptr;
  }
};

}  // namespace holdfast::ports
