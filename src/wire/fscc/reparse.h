// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/guid.h"
#include "base/result.h"
#include "base/writer.h"
#include "wire/fscc/constants.h"

namespace holdfast::wire::fscc {

/// Largest reparse data buffer (MS-FSCC 2.1.2): 16 KiB.
inline constexpr std::size_t kMaximumReparseDataBufferSize = 16384;

/// Any reparse data buffer: REPARSE_DATA_BUFFER (MS-FSCC 2.1.2.2) or, for a tag that is not
/// Microsoft's, REPARSE_GUID_DATA_BUFFER (2.1.2.3).
struct ReparseDataBuffer {
  std::uint32_t reparse_tag = 0;
  std::optional<Guid> reparse_guid{};
  /// What follows the header, raw: of NFS and WSL tags all that is known here.
  ByteVec data{};
  bool operator==(const ReparseDataBuffer&) const = default;
};
void append(const ReparseDataBuffer& x, Writer& w);
/// Strict (FSCTL_SET_REPARSE_POINT, MS-FSA 2.1.5.10.37): ReparseDataLength must fill the buffer.
/// Errors: STATUS_IO_REPARSE_DATA_INVALID; STATUS_IO_REPARSE_TAG_INVALID for tags 0 and 1.
Result<ReparseDataBuffer> decode_reparse(Bytes bytes);

/// Data of IO_REPARSE_TAG_SYMLINK (MS-FSCC 2.1.2.4). Names UTF-8, separators as on the wire ('\').
struct SymbolicLinkReparse {
  static constexpr std::uint32_t kRelative = 0x1;
  std::string substitute_name{}, print_name{};
  std::uint32_t flags = 0;
  bool operator==(const SymbolicLinkReparse&) const = default;
};
/// Data of IO_REPARSE_TAG_MOUNT_POINT (MS-FSCC 2.1.2.5).
struct MountPointReparse {
  std::string substitute_name{}, print_name{};
  bool operator==(const MountPointReparse&) const = default;
};
ReparseDataBuffer to_reparse(const SymbolicLinkReparse& x);
ReparseDataBuffer to_reparse(const MountPointReparse& x);
/// STATUS_IO_REPARSE_TAG_MISMATCH for another tag, STATUS_IO_REPARSE_DATA_INVALID.
Result<SymbolicLinkReparse> decode_symlink(const ReparseDataBuffer& x);
Result<MountPointReparse> decode_mount_point(const ReparseDataBuffer& x);

}  // namespace holdfast::wire::fscc
