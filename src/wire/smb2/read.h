// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 READ Request (MS-SMB2 2.2.19).
struct ReadRequest {
  static constexpr std::uint8_t kFlagReadUnbuffered = 0x01;
  static constexpr std::uint8_t kFlagRequestCompressed = 0x02;

  /// Where the client would like the data in the response; a hint.
  std::uint8_t padding = 0x50;
  std::uint8_t flags = 0;
  std::uint32_t length = 0;
  std::uint64_t offset = 0;
  FileId file_id;
  std::uint32_t minimum_count = 0;
  Channel channel = Channel::kNone;
  std::uint32_t remaining_bytes = 0;
  /// Only with a channel; RDMA descriptors.
  Bytes read_channel_info;

  void describe(this auto& self, auto& v) {
    auto info = v.region();
    v.structure_size(49);
    v.field(HF_FIELD(padding));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(length));
    v.field(HF_FIELD(offset));
    v.field(HF_FIELD(file_id));
    v.field(HF_FIELD(minimum_count));
    v.field(HF_FIELD(channel));
    v.field(HF_FIELD(remaining_bytes));
    v.offset16(info);
    v.length16(info);
    // Without a channel these two fields are to be ignored, whatever they hold.
    if (self.channel != Channel::kNone) v.optional_data(info, HF_FIELD(read_channel_info), 1);
  }
};
HF_WIRE_BODY(ReadRequest);

/// SMB2 READ Response (MS-SMB2 2.2.20).
struct ReadResponse {
  /// Where encode puts the data, counted from the SMB2 header.
  static constexpr std::size_t kDataOffset = kHeaderSize + 16;
  static constexpr std::uint32_t kFlagRdmaTransform = 0x00000001;

  std::uint32_t data_remaining = 0;
  /// Reserved2 before dialect 3.1.1.
  std::uint32_t flags = 0;
  Bytes data;

  void describe(this auto& self, auto& v) {
    auto octets = v.region();
    v.structure_size(17);
    v.offset8(octets);
    v.reserved(1);
    v.length32(octets);
    v.field(HF_FIELD(data_remaining));
    v.field(HF_FIELD(flags));
    v.data(octets, HF_FIELD(data));
  }
};
HF_WIRE_BODY(ReadResponse);

/// Writes the 16 octets of the fixed part for data_length octets of data, which the caller puts
/// directly behind (at kDataOffset); response.data is not looked at. A response without data needs
/// one zero octet behind, since StructureSize counts it.
void encode_fixed(const ReadResponse& response, std::uint32_t data_length, Writer& writer);

}  // namespace holdfast::wire::smb2
