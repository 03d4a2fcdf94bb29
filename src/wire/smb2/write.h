// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 WRITE Request (MS-SMB2 2.2.21).
struct WriteRequest {
  static constexpr std::uint32_t kFlagWriteThrough = 0x00000001;
  static constexpr std::uint32_t kFlagWriteUnbuffered = 0x00000002;
  /// Where encode puts the data when there is no channel, counted from the SMB2 header. Clients may
  /// put it elsewhere.
  static constexpr std::size_t kDataOffset = kHeaderSize + 48;

  std::uint64_t offset = 0;
  FileId file_id;
  Channel channel = Channel::kNone;
  std::uint32_t remaining_bytes = 0;
  std::uint32_t flags = 0;
  /// Its size is Length. Empty when the data comes through a channel.
  Bytes data;
  /// Only with a channel; RDMA descriptors.
  Bytes write_channel_info;

  void describe(this auto& self, auto& v) {
    auto octets = v.region();
    auto info = v.region();
    v.structure_size(49);
    v.offset16(octets);
    v.length32(octets);
    v.field(HF_FIELD(offset));
    v.field(HF_FIELD(file_id));
    v.field(HF_FIELD(channel));
    v.field(HF_FIELD(remaining_bytes));
    v.offset16(info);
    v.length16(info);
    v.field(HF_FIELD(flags));
    // First, because its offset has 16 bits only; without a channel these fields are to be ignored.
    if (self.channel != Channel::kNone) v.optional_data(info, HF_FIELD(write_channel_info), 1);
    v.data(octets, HF_FIELD(data));
  }
};
HF_WIRE_BODY(WriteRequest);

/// Writes the 48 octets of the fixed part for data_length octets of data, which the caller puts
/// directly behind (at kDataOffset); request.channel must be kNone, request.data is not looked at.
void encode_fixed(const WriteRequest& request, std::uint32_t data_length, Writer& writer);

/// SMB2 WRITE Response (MS-SMB2 2.2.22).
struct WriteResponse {
  std::uint32_t count = 0;
  std::uint32_t remaining = 0;

  void describe(this auto& self, auto& v) {
    v.structure_size(17, OddOctet::kOmitted);
    v.reserved(2);
    v.field(HF_FIELD(count));
    v.field(HF_FIELD(remaining));
    v.reserved(4);
  }
};
HF_WIRE_BODY(WriteResponse);

}  // namespace holdfast::wire::smb2
