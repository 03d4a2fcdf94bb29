// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 ERROR Response (MS-SMB2 2.2.2).
struct ErrorResponse {
  /// Nonzero only in dialect 3.1.1: error_data is then that many contexts (ErrorContextList).
  std::uint8_t error_context_count = 0;
  Bytes error_data;

  void describe(this auto& self, auto& v) {
    auto octets = v.region();
    v.structure_size(9);
    v.field(HF_FIELD(error_context_count));
    v.reserved(1);
    v.length32(octets);
    v.inline_data(octets, HF_FIELD(error_data));
  }
};
HF_WIRE_BODY(ErrorResponse);

/// SMB2 ERROR Context Response (MS-SMB2 2.2.2.1).
struct ErrorContext {
  static constexpr std::uint32_t kDefault = 0x00000000;
  static constexpr std::uint32_t kShareRedirect = 0x72645253;

  std::uint32_t error_id = kDefault;
  Bytes error_context_data;

  void describe(this auto& self, auto& v) {
    auto octets = v.region();
    v.length32(octets);
    v.field(HF_FIELD(error_id));
    v.inline_data(octets, HF_FIELD(error_context_data));
  }
};

/// The contexts in ErrorResponse::error_data, each 8-byte aligned (MS-SMB2 2.2.2).
struct ErrorContextList {
  static constexpr std::size_t kMaxContexts = 16;

  std::vector<ErrorContext> contexts;

  void describe(this auto& self, auto& v) {
    v.aligned_list_to_end(HF_FIELD(contexts), kMaxContexts, 8);
  }
};
HF_WIRE_STRUCT(ErrorContextList);

/// Symbolic Link Error Response, error data of STATUS_STOPPED_ON_SYMLINK (MS-SMB2 2.2.2.2.1).
struct SymbolicLinkErrorResponse {
  static constexpr std::uint32_t kFlagRelative = 0x00000001;

  /// Octets at the end of the path of the request that were not walked.
  std::uint16_t unparsed_path_length = 0;
  std::uint32_t flags = 0;
  /// UTF-16LE both.
  Bytes substitute_name;
  Bytes print_name;
};
HF_WIRE_STRUCT(SymbolicLinkErrorResponse);

/// MOVE_DST_IPADDR (MS-SMB2 2.2.2.2.2.1).
struct MoveDstIpaddr {
  static constexpr std::uint32_t kV4 = 0x00000001;
  static constexpr std::uint32_t kV6 = 0x00000002;

  std::uint32_t type = kV4;
  /// IPv4: the first four octets.
  std::array<std::uint8_t, 16> address{};

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(type));
    v.reserved(4);
    v.field(HF_FIELD(address));
  }
};

/// Share Redirect Error Context Response (MS-SMB2 2.2.2.2.2).
struct ShareRedirectErrorContext {
  static constexpr std::size_t kMaxAddresses = 64;

  std::uint16_t target_type = 0;
  std::vector<MoveDstIpaddr> ip_addr_move_list;
  /// UTF-16LE.
  Bytes resource_name;

  void describe(this auto& self, auto& v) {
    auto name = v.region();
    auto addresses = v.region();
    v.fixed_u32(48);  // StructureSize
    v.fixed_u32(3);   // NotificationType: SHARE_MOVE_NOTIFICATION
    v.offset32(name);
    v.length32(name);
    v.reserved(2);
    v.field(HF_FIELD(target_type));
    v.count32(addresses);
    v.list(addresses, HF_FIELD(ip_addr_move_list), kMaxAddresses);
    v.name(name, HF_FIELD(resource_name));
  }
};
HF_WIRE_STRUCT(ShareRedirectErrorContext);

}  // namespace holdfast::wire::smb2
