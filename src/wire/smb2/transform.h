// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 TRANSFORM_HEADER before an encrypted message, 52 octets (MS-SMB2 2.2.41).
struct TransformHeader {
  static constexpr std::size_t kSize = 52;
  /// The authenticated data of the AEAD is the header from here to its end.
  static constexpr std::size_t kNonceOffset = 20;
  static constexpr std::uint16_t kEncrypted = 0x0001;

  std::array<std::uint8_t, 16> signature{};
  /// 11 octets for CCM, 12 for GCM; the rest zero.
  std::array<std::uint8_t, 16> nonce{};
  /// Octets of the message before encryption.
  std::uint32_t original_message_size = 0;
  /// Dialect 3.1.1: flags, kEncrypted. Dialects 3.0 and 3.0.2: EncryptionAlgorithm, 1 =
  /// AES-128-CCM.
  std::uint16_t flags = kEncrypted;
  std::uint64_t session_id = 0;

  void describe(this auto& self, auto& v) {
    v.fixed_u32(0x424D53FD);  // 0xFD 'S' 'M' 'B'
    v.field(HF_FIELD(signature));
    v.field(HF_FIELD(nonce));
    v.field(HF_FIELD(original_message_size));
    v.reserved(2);
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(session_id));
  }
};
HF_WIRE_STRUCT(TransformHeader);

}  // namespace holdfast::wire::smb2
