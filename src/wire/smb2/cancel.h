// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 CANCEL Request (MS-SMB2 2.2.30).
struct CancelRequest {
  void describe(this auto&, auto& v) {
    v.structure_size(4);
    v.reserved(2);
  }
};
HF_WIRE_BODY(CancelRequest);

}  // namespace holdfast::wire::smb2
