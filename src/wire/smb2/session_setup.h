// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 SESSION_SETUP Request (MS-SMB2 2.2.5).
struct SessionSetupRequest {
  /// Flags: bind the connection to the session (multi-channel).
  static constexpr std::uint8_t kFlagBinding = 0x01;

  std::uint8_t flags = 0;
  /// SecurityMode bits.
  std::uint8_t security_mode = 0;
  std::uint32_t capabilities = 0;
  std::uint32_t channel = 0;
  std::uint64_t previous_session_id = 0;
  /// SPNEGO or raw NTLM token.
  Bytes security_buffer;

  void describe(this auto& self, auto& v) {
    auto token = v.region();
    v.structure_size(25);
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(security_mode));
    v.field(HF_FIELD(capabilities));
    v.field(HF_FIELD(channel));
    v.offset16(token);
    v.length16(token);
    v.field(HF_FIELD(previous_session_id));
    v.data(token, HF_FIELD(security_buffer));
  }
};
HF_WIRE_BODY(SessionSetupRequest);

/// SMB2 SESSION_SETUP Response (MS-SMB2 2.2.6).
struct SessionSetupResponse {
  static constexpr std::uint16_t kFlagIsGuest = 0x0001;
  static constexpr std::uint16_t kFlagIsNull = 0x0002;
  static constexpr std::uint16_t kFlagEncryptData = 0x0004;

  std::uint16_t session_flags = 0;
  Bytes security_buffer;

  void describe(this auto& self, auto& v) {
    auto token = v.region();
    v.structure_size(9);
    v.field(HF_FIELD(session_flags));
    v.offset16(token);
    v.length16(token);
    v.data(token, HF_FIELD(security_buffer));
  }
};
HF_WIRE_BODY(SessionSetupResponse);

}  // namespace holdfast::wire::smb2
