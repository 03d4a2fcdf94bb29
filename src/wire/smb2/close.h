// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 CLOSE Request (MS-SMB2 2.2.15).
struct CloseRequest {
  static constexpr std::uint16_t kFlagPostqueryAttrib = 0x0001;

  std::uint16_t flags = 0;
  FileId file_id;

  void describe(this auto& self, auto& v) {
    v.structure_size(24);
    v.field(HF_FIELD(flags));
    v.reserved(4);
    v.field(HF_FIELD(file_id));
  }
};
HF_WIRE_BODY(CloseRequest);

/// SMB2 CLOSE Response (MS-SMB2 2.2.16). All zero beside flags unless flags have
/// CloseRequest::kFlagPostqueryAttrib.
struct CloseResponse {
  std::uint16_t flags = 0;
  NtTime creation_time;
  NtTime last_access_time;
  NtTime last_write_time;
  NtTime change_time;
  std::uint64_t allocation_size = 0;
  std::uint64_t end_of_file = 0;
  std::uint32_t file_attributes = 0;

  void describe(this auto& self, auto& v) {
    v.structure_size(60);
    v.field(HF_FIELD(flags));
    v.reserved(4);
    v.field(HF_FIELD(creation_time));
    v.field(HF_FIELD(last_access_time));
    v.field(HF_FIELD(last_write_time));
    v.field(HF_FIELD(change_time));
    v.field(HF_FIELD(allocation_size));
    v.field(HF_FIELD(end_of_file));
    v.field(HF_FIELD(file_attributes));
  }
};
HF_WIRE_BODY(CloseResponse);

}  // namespace holdfast::wire::smb2
