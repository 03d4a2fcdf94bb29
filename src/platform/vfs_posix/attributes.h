// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/vfs_posix/share.h"
#include "wire/samba/dos_attrib.h"

namespace holdfast::platform::posix {

using ports::FileInfo;
using ports::SetBasic;

/// What an extended attribute's name says that it is.
enum class XattrKind : std::uint8_t {
  /// Not in the user namespace, or kept there by Holdfast or Samba.
  kHidden,
  kDosAttrib,
  kReparse,
  kChangeTime,
  kEa,
  kStream,
};
XattrKind kind_of_xattr(std::string_view name);

inline constexpr std::string_view kUserPrefix = "user.";
inline constexpr std::string_view kStreamPrefix = "user.DosStream.";
inline constexpr std::string_view kStreamSuffix = ":$DATA";
/// Samba's (4.21) place for reparse data that is no Unix object.
inline constexpr char kReparseXattr[] = "user.SmbReparse";
/// Holdfast's own: a change time that a client has set, which Linux has no call for. 16 octets:
/// that time, and the inode's change time when it was written, both as FILETIME. It counts as long
/// as the inode's change time is that one.
inline constexpr char kChangeTimeXattr[] = "user.holdfast.change_time";

/// Holdfast's own: ports::CreateHow::creation_mark.
inline constexpr char kCreationXattr[] = "user.holdfast.creation";

/// Everything that a query tells of the object itself; xattrs must be those of that object.
Result<FileInfo> load_info(const Share& share, const Stat& st, const Xattrs& xattrs);
/// Of an open descriptor of any kind.
Result<FileInfo> load_info(const Share& share, int fd);

/// Whether it is a symbolic link kept as reparse data, which clients resolve.
bool is_client_symlink(int fd);

/// Reads, changes and writes user.DOSATTRIB.
struct DosChange {
  /// FILE_ATTRIBUTE_* that take these values; `mask` says which.
  std::uint32_t attributes = 0;
  std::uint32_t mask = 0;
  std::optional<NtTime> creation_time;
};
Result<void> change_dos_attributes(Share& share, const Credentials& who, int fd,
                                   const DosChange& change);
Result<void> change_basic(Share& share, const Credentials& who, int fd, const SetBasic& change);

/// FILE_ATTRIBUTE_COMPRESSED, as the file system's own flag.
Result<void> change_compression(const Credentials& who, int fd, bool compressed);

/// Whether who, refused by the kernel, may still change attributes and times as Windows allows it:
/// to the owner, and to whoever may write the data.
bool may_change_attributes(const Credentials& who, int fd);

}  // namespace holdfast::platform::posix
