// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 QUERY_INFO Request (MS-SMB2 2.2.37).
struct QueryInfoRequest {
  /// flags, for FileFullEaInformation (MS-FSCC 2.4.15).
  static constexpr std::uint32_t kFlagRestartScan = 0x00000001;
  static constexpr std::uint32_t kFlagReturnSingleEntry = 0x00000002;
  static constexpr std::uint32_t kFlagIndexSpecified = 0x00000004;

  InfoType info_type = InfoType::kFile;
  /// FILE_INFORMATION_CLASS or FS_INFORMATION_CLASS (MS-FSCC 2.4, 2.5); 0 for security.
  std::uint8_t file_info_class = 0;
  std::uint32_t output_buffer_length = 0;
  /// SecurityInformation bits, or the EA index with kFlagIndexSpecified.
  std::uint32_t additional_information = 0;
  std::uint32_t flags = 0;
  FileId file_id;
  /// FILE_GET_EA_INFORMATION list or SMB2_QUERY_QUOTA_INFO; else empty.
  Bytes input_buffer;

  void describe(this auto& self, auto& v) {
    auto in = v.region();
    v.structure_size(41);
    v.field(HF_FIELD(info_type));
    v.field(HF_FIELD(file_info_class));
    v.field(HF_FIELD(output_buffer_length));
    v.offset16(in);
    v.reserved(2);
    v.length32(in);
    v.field(HF_FIELD(additional_information));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(file_id));
    v.optional_data(in, HF_FIELD(input_buffer), 1);
  }
};
HF_WIRE_BODY(QueryInfoRequest);

/// SMB2 QUERY_INFO Response (MS-SMB2 2.2.38).
struct QueryInfoResponse {
  /// Where encode puts the output, counted from the SMB2 header.
  static constexpr std::size_t kOutputOffset = kHeaderSize + 8;

  Bytes output_buffer;

  void describe(this auto& self, auto& v) {
    auto out = v.region();
    v.structure_size(9);
    v.offset16(out);
    v.length32(out);
    v.data(out, HF_FIELD(output_buffer));
  }
};
HF_WIRE_BODY(QueryInfoResponse);

/// Writes the 8 octets of the fixed part for length octets of output, which the caller puts
/// directly behind (at kOutputOffset).
void encode_fixed(const QueryInfoResponse& response, std::uint32_t length, Writer& writer);

/// SMB2_QUERY_QUOTA_INFO, the input buffer of a quota query (MS-SMB2 2.2.37.1).
struct QueryQuotaInfo {
  std::uint8_t return_single = 0;
  std::uint8_t restart_scan = 0;
  std::uint32_t sid_list_length = 0;
  std::uint32_t start_sid_length = 0;
  std::uint32_t start_sid_offset = 0;
  Bytes sid_buffer;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(return_single));
    v.field(HF_FIELD(restart_scan));
    v.reserved(2);
    v.field(HF_FIELD(sid_list_length));
    v.field(HF_FIELD(start_sid_length));
    v.field(HF_FIELD(start_sid_offset));
    v.trailing_data(HF_FIELD(sid_buffer));
  }
};
HF_WIRE_STRUCT(QueryQuotaInfo);

}  // namespace holdfast::wire::smb2
