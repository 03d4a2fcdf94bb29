// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 CREATE Request (MS-SMB2 2.2.13). A name of odd length does not decode.
struct CreateRequest {
  std::uint8_t security_flags = 0;
  OplockLevel requested_oplock_level = OplockLevel::kNone;
  ImpersonationLevel impersonation_level = ImpersonationLevel::kImpersonation;
  std::uint64_t smb_create_flags = 0;
  std::uint32_t desired_access = 0;
  std::uint32_t file_attributes = 0;
  std::uint32_t share_access = 0;
  CreateDisposition create_disposition = CreateDisposition::kOpen;
  std::uint32_t create_options = 0;
  /// UTF-16LE, relative to the share; empty for its root.
  Bytes name;
  /// The chain of create contexts, for decode(Bytes, CreateContextList&) in create_context.h.
  Bytes create_contexts;

  void describe(this auto& self, auto& v) {
    auto file_name = v.region();
    auto contexts = v.region();
    v.structure_size(57);
    v.field(HF_FIELD(security_flags));
    v.field(HF_FIELD(requested_oplock_level));
    v.field(HF_FIELD(impersonation_level));
    v.field(HF_FIELD(smb_create_flags));
    v.reserved(8);
    v.field(HF_FIELD(desired_access));
    v.field(HF_FIELD(file_attributes));
    v.field(HF_FIELD(share_access));
    v.field(HF_FIELD(create_disposition));
    v.field(HF_FIELD(create_options));
    v.offset16(file_name);
    v.length16(file_name);
    v.offset32(contexts);
    v.length32(contexts);
    v.name(file_name, HF_FIELD(name));
    v.optional_data(contexts, HF_FIELD(create_contexts), 8);
  }
};
HF_WIRE_BODY(CreateRequest);

/// SMB2 CREATE Response (MS-SMB2 2.2.14).
struct CreateResponse {
  static constexpr std::uint8_t kFlagReparsePoint = 0x01;
  /// Where the create contexts begin, counted from the SMB2 header: directly after the fixed part.
  static constexpr std::size_t kContextsOffset = kHeaderSize + 88;

  OplockLevel oplock_level = OplockLevel::kNone;
  std::uint8_t flags = 0;
  CreateAction create_action = CreateAction::kOpened;
  NtTime creation_time;
  NtTime last_access_time;
  NtTime last_write_time;
  NtTime change_time;
  std::uint64_t allocation_size = 0;
  std::uint64_t end_of_file = 0;
  std::uint32_t file_attributes = 0;
  FileId file_id;
  /// Encoded chain (create_context.h), or empty.
  Bytes create_contexts;

  void describe(this auto& self, auto& v) {
    auto contexts = v.region();
    v.structure_size(89, OddOctet::kOmitted);
    v.field(HF_FIELD(oplock_level));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(create_action));
    v.field(HF_FIELD(creation_time));
    v.field(HF_FIELD(last_access_time));
    v.field(HF_FIELD(last_write_time));
    v.field(HF_FIELD(change_time));
    v.field(HF_FIELD(allocation_size));
    v.field(HF_FIELD(end_of_file));
    v.field(HF_FIELD(file_attributes));
    v.reserved(4);
    v.field(HF_FIELD(file_id));
    v.offset32(contexts);
    v.length32(contexts);
    v.optional_data(contexts, HF_FIELD(create_contexts), 8);
  }
};
HF_WIRE_BODY(CreateResponse);

}  // namespace holdfast::wire::smb2
