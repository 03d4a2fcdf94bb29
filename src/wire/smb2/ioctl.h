// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 IOCTL Request (MS-SMB2 2.2.31). OutputOffset and OutputCount, which are zero in a request,
/// are ignored.
struct IoctlRequest {
  /// flags: the request is an FSCTL. Without it, it is an IOCTL, which no server takes.
  static constexpr std::uint32_t kFlagIsFsctl = 0x00000001;

  std::uint32_t ctl_code = 0;
  FileId file_id;
  std::uint32_t max_input_response = 0;
  std::uint32_t max_output_response = 0;
  std::uint32_t flags = kFlagIsFsctl;
  Bytes input;

  void describe(this auto& self, auto& v) {
    auto in = v.region();
    v.structure_size(57);
    v.reserved(2);
    v.field(HF_FIELD(ctl_code));
    v.field(HF_FIELD(file_id));
    v.offset32(in);
    v.length32(in);
    v.field(HF_FIELD(max_input_response));
    v.reserved(8);
    v.field(HF_FIELD(max_output_response));
    v.field(HF_FIELD(flags));
    v.reserved(4);
    v.optional_data(in, HF_FIELD(input), 1);
  }
};
HF_WIRE_BODY(IoctlRequest);

/// SMB2 IOCTL Response (MS-SMB2 2.2.32).
struct IoctlResponse {
  /// Where encode puts the output when there is no input, counted from the SMB2 header.
  static constexpr std::size_t kOutputOffset = kHeaderSize + 48;

  std::uint32_t ctl_code = 0;
  FileId file_id;
  std::uint32_t flags = 0;
  /// Echo of input, for the few FSCTLs that have one; else empty.
  Bytes input;
  Bytes output;

  void describe(this auto& self, auto& v) {
    auto in = v.region();
    auto out = v.region();
    v.structure_size(49, OddOctet::kOmitted);
    v.reserved(2);
    v.field(HF_FIELD(ctl_code));
    v.field(HF_FIELD(file_id));
    v.offset32(in);
    v.length32(in);
    v.offset32(out);
    v.length32(out);
    v.field(HF_FIELD(flags));
    v.reserved(4);
    v.data(in, HF_FIELD(input));
    v.data(out, HF_FIELD(output), 8);
  }
};
HF_WIRE_BODY(IoctlResponse);

/// Writes the 48 octets of the fixed part for output_length octets of output, which the caller puts
/// directly behind (at kOutputOffset); response.input must be empty, response.output is not looked
/// at.
void encode_fixed(const IoctlResponse& response, std::uint32_t output_length, Writer& writer);

}  // namespace holdfast::wire::smb2
