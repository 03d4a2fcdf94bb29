// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 QUERY_DIRECTORY Request (MS-SMB2 2.2.33). A name of odd length does not decode.
struct QueryDirectoryRequest {
  static constexpr std::uint8_t kFlagRestartScans = 0x01;
  static constexpr std::uint8_t kFlagReturnSingleEntry = 0x02;
  static constexpr std::uint8_t kFlagIndexSpecified = 0x04;
  static constexpr std::uint8_t kFlagReopen = 0x10;

  /// FILE_INFORMATION_CLASS (MS-FSCC 2.4).
  std::uint8_t file_information_class = 0;
  std::uint8_t flags = 0;
  std::uint32_t file_index = 0;
  FileId file_id;
  std::uint32_t output_buffer_length = 0;
  /// The search pattern, UTF-16LE; may be empty.
  Bytes file_name;

  void describe(this auto& self, auto& v) {
    auto pattern = v.region();
    v.structure_size(33);
    v.field(HF_FIELD(file_information_class));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(file_index));
    v.field(HF_FIELD(file_id));
    v.offset16(pattern);
    v.length16(pattern);
    v.field(HF_FIELD(output_buffer_length));
    v.name(pattern, HF_FIELD(file_name));
  }
};
HF_WIRE_BODY(QueryDirectoryRequest);

/// SMB2 QUERY_DIRECTORY Response (MS-SMB2 2.2.34).
struct QueryDirectoryResponse {
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
HF_WIRE_BODY(QueryDirectoryResponse);

/// Writes the 8 octets of the fixed part for length octets of output, which the caller puts
/// directly behind (at kOutputOffset).
void encode_fixed(const QueryDirectoryResponse& response, std::uint32_t length, Writer& writer);

}  // namespace holdfast::wire::smb2
