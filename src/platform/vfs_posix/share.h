// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/mutex.h"
#include "platform/vfs_posix/closer.h"
#include "platform/vfs_posix/directory_indexes.h"
#include "platform/vfs_posix/posix_vfs.h"

namespace holdfast::platform::posix {

class LocalGuards;

/// What the file system under a share can do, found out once.
struct Features {
  /// User extended attributes: attributes, EAs, streams.
  bool xattrs = false;
  /// security.NTACL may be set; else user.NTACL is used.
  bool security_xattrs = false;
  /// preadv2(RWF_NOWAIT). Where it is refused, memory_only says whether reads never wait.
  bool nowait_reads = false;
  bool memory_only = false;
  /// Attributes that do not fit into the inode take a block, which st_blocks counts as data's.
  bool counts_xattr_blocks = false;
  bool reflink = false;
  bool sparse = false;
  /// FS_COMPR_FL: what is written to a file with it is compressed (btrfs).
  bool compression = false;
  /// Calls may wait for another machine or process: nothing is done on a loop's thread.
  bool remote = false;
  bool read_only = false;
};

/// An object found by its path.
struct Found {
  /// O_PATH.
  UniqueFd fd;
  /// On disk, in real case, from the root.
  std::string path;
};

/// How names are compared: as Windows does, or octet by octet for clients that speak the SMB3 POSIX
/// extensions.
enum class Names : std::uint8_t { kFolded, kExact };

/// Where an object is, or would be: an open directory and a name in it.
struct Place {
  UniqueFd parent;
  std::string parent_path;
  /// On disk, as given.
  std::string name;
  FileKey parent_key;

  std::string path() const;
};

/// What a Vfs and its files have in common; lives as long as one of them. Thread-safe.
class Share {
 public:
  Share(PosixVfsOptions options, UniqueFd root, const Features& features);

  const PosixVfsOptions& options() const { return options_; }
  const Features& features() const { return features_; }
  int root() const { return root_.get(); }
  FileKey root_key() const { return root_key_; }
  DirectoryIndexes& indexes() { return indexes_; }
  Closer& closer() { return closer_; }
  /// Null: other programs are not asked.
  LocalGuards* guards() const { return guards_.get(); }

  /// Is this on disk, from the root, the server's own or in it (PosixVfsOptions::reserved_name)?
  bool is_reserved(std::string_view disk_path) const;
  /// Finds an object: as it is spelled, else ignoring case, component by component. A symbolic link
  /// is followed beneath the root unless no_follow. kObjectNameNotFound, kObjectPathNotFound,
  /// kAccessDenied (also for a link that leads out), kWouldBlock.
  Result<Found> find(const Credentials& who, const std::string& disk_path, bool no_follow,
                     Blocking blocking, Names names = Names::kFolded);
  /// Finds the directory that a path's last component is or would be in. The path may not be "".
  Result<Place> find_place(const Credentials& who, const std::string& disk_path, Blocking blocking,
                           Names names = Names::kFolded);
  /// The name in the directory that is `name` to a client.
  Result<std::optional<std::string>> find_name(int directory, FileKey key, std::string_view name,
                                               Blocking blocking, Names names = Names::kFolded);

  /// Held while a name is looked for and then made in a directory, so that "A" and "a" cannot both
  /// be.
  Mutex& name_lock(FileKey directory) { return name_locks_[stripe(directory)]; }
  /// Held while a value in an extended attribute is read, changed and written.
  Mutex& value_lock(FileKey object) { return value_locks_[stripe(object)]; }

 private:
  static constexpr std::size_t kStripes = 64;
  static std::size_t stripe(FileKey k) { return (k.inode ^ k.inode >> 7 ^ k.device) % kStripes; }

  Result<Found> find_directory(const Credentials& who, std::string_view disk_path,
                               Blocking blocking, Names names);
  Result<Found> find_in(const Credentials& who, const Found& directory, std::string_view name,
                        int flags, Blocking blocking);

  const PosixVfsOptions options_;
  const UniqueFd root_;
  const Features features_;
  /// Null on what is remote: its leases and locks may take another machine's answer.
  const std::shared_ptr<LocalGuards> guards_;
  FileKey root_key_;
  DirectoryIndexes indexes_;
  Closer closer_;
  std::array<Mutex, kStripes> name_locks_;
  std::array<Mutex, kStripes> value_locks_;
};

}  // namespace holdfast::platform::posix
