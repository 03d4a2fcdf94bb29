// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// CompletionFilter (MS-SMB2 2.2.35).
namespace CompletionFilter {
inline constexpr std::uint32_t kFileName = 0x00000001;
inline constexpr std::uint32_t kDirName = 0x00000002;
inline constexpr std::uint32_t kAttributes = 0x00000004;
inline constexpr std::uint32_t kSize = 0x00000008;
inline constexpr std::uint32_t kLastWrite = 0x00000010;
inline constexpr std::uint32_t kLastAccess = 0x00000020;
inline constexpr std::uint32_t kCreation = 0x00000040;
inline constexpr std::uint32_t kEa = 0x00000080;
inline constexpr std::uint32_t kSecurity = 0x00000100;
inline constexpr std::uint32_t kStreamName = 0x00000200;
inline constexpr std::uint32_t kStreamSize = 0x00000400;
inline constexpr std::uint32_t kStreamWrite = 0x00000800;
inline constexpr std::uint32_t kAll = 0x00000FFF;
}  // namespace CompletionFilter

/// SMB2 CHANGE_NOTIFY Request (MS-SMB2 2.2.35).
struct ChangeNotifyRequest {
  static constexpr std::uint16_t kFlagWatchTree = 0x0001;

  std::uint16_t flags = 0;
  std::uint32_t output_buffer_length = 0;
  FileId file_id;
  std::uint32_t completion_filter = 0;

  void describe(this auto& self, auto& v) {
    v.structure_size(32);
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(output_buffer_length));
    v.field(HF_FIELD(file_id));
    v.field(HF_FIELD(completion_filter));
    v.reserved(4);
  }
};
HF_WIRE_BODY(ChangeNotifyRequest);

/// SMB2 CHANGE_NOTIFY Response (MS-SMB2 2.2.36); FILE_NOTIFY_INFORMATION (MS-FSCC 2.7.1) as octets.
struct ChangeNotifyResponse {
  Bytes output_buffer;

  void describe(this auto& self, auto& v) {
    auto out = v.region();
    v.structure_size(9);
    v.offset16(out);
    v.length32(out);
    v.data(out, HF_FIELD(output_buffer));
  }
};
HF_WIRE_BODY(ChangeNotifyResponse);

}  // namespace holdfast::wire::smb2
