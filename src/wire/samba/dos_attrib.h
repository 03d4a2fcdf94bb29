// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/nt_time.h"
#include "base/result.h"

namespace holdfast::wire::samba {

/// Name of the extended attribute.
inline constexpr char kDosAttribXattr[] = "user.DOSATTRIB";

/// The value of user.DOSATTRIB, what Samba keeps of a file beside the inode.
struct DosAttrib {
  static constexpr std::uint32_t kAttribValid = 0x01, kEaSizeValid = 0x02, kSizeValid = 0x04,
                                 kAllocSizeValid = 0x08, kCreateTimeValid = 0x10,
                                 kChangeTimeValid = 0x20, kITimeValid = 0x40;
  std::uint32_t valid_flags = 0;
  /// MS-FSCC 2.6.
  std::uint32_t attributes = 0;
  NtTime create_time{};

  bool operator==(const DosAttrib&) const = default;
  bool has_attributes() const { return (valid_flags & kAttribValid) != 0; }
  bool has_create_time() const { return (valid_flags & kCreateTimeValid) != 0; }
};

/// Reads versions 1 to 5 and the text form "0x20" of the oldest Samba.
/// STATUS_INVALID_PARAMETER when it is none of them.
Result<DosAttrib> decode_dos_attrib(Bytes xattr);

/// Writes version 5 (24 octets) with kAttribValid and kCreateTimeValid as in valid_flags.
ByteVec encode(const DosAttrib& x);

}  // namespace holdfast::wire::samba
