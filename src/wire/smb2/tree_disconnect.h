// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 TREE_DISCONNECT Request (MS-SMB2 2.2.11).
struct TreeDisconnectRequest {
  void describe(this auto&, auto& v) {
    v.structure_size(4);
    v.reserved(2);
  }
};
HF_WIRE_BODY(TreeDisconnectRequest);

/// SMB2 TREE_DISCONNECT Response (MS-SMB2 2.2.12).
struct TreeDisconnectResponse {
  void describe(this auto&, auto& v) {
    v.structure_size(4);
    v.reserved(2);
  }
};
HF_WIRE_BODY(TreeDisconnectResponse);

}  // namespace holdfast::wire::smb2
