// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 LOGOFF Request (MS-SMB2 2.2.7).
struct LogoffRequest {
  void describe(this auto&, auto& v) {
    v.structure_size(4);
    v.reserved(2);
  }
};
HF_WIRE_BODY(LogoffRequest);

/// SMB2 LOGOFF Response (MS-SMB2 2.2.8).
struct LogoffResponse {
  void describe(this auto&, auto& v) {
    v.structure_size(4);
    v.reserved(2);
  }
};
HF_WIRE_BODY(LogoffResponse);

}  // namespace holdfast::wire::smb2
