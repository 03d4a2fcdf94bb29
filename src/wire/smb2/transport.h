// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// Direct TCP transport packet header: a zero octet and the length of what follows, 24 bits, big
/// endian (MS-SMB2 2.1). NetBIOS session service (port 139) differs in the first octet only: 0x81
/// is a session request, 0x85 a keep-alive (RFC 1002 4.3).
struct FrameHeader {
  static constexpr std::size_t kSize = 4;
  static constexpr std::uint32_t kMaxLength = 0x00FFFFFF;

  std::uint8_t type = 0;
  /// Octets that follow.
  std::uint32_t length = 0;
};

/// False when fewer than four octets are there.
[[nodiscard]] bool decode(Bytes octets, FrameHeader& out);
/// Writes the four octets into `four`, for instance a Buffer's prepend(4). length must fit 24 bits.
void encode(const FrameHeader& frame, MutBytes four);
std::string print(const FrameHeader& frame);

}  // namespace holdfast::wire::smb2
