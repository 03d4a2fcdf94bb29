// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 FLUSH Request (MS-SMB2 2.2.17).
struct FlushRequest {
  /// Zero from Windows; macOS asks for a full sync (F_FULLFSYNC) with 0xFFFF.
  std::uint16_t reserved1 = 0;
  FileId file_id;

  void describe(this auto& self, auto& v) {
    v.structure_size(24);
    v.field(HF_FIELD(reserved1));
    v.reserved(4);
    v.field(HF_FIELD(file_id));
  }
};
HF_WIRE_BODY(FlushRequest);

/// SMB2 FLUSH Response (MS-SMB2 2.2.18).
struct FlushResponse {
  void describe(this auto&, auto& v) {
    v.structure_size(4);
    v.reserved(2);
  }
};
HF_WIRE_BODY(FlushResponse);

}  // namespace holdfast::wire::smb2
