// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 ECHO Request (MS-SMB2 2.2.28).
struct EchoRequest {
  void describe(this auto&, auto& v) {
    v.structure_size(4);
    v.reserved(2);
  }
};
HF_WIRE_BODY(EchoRequest);

/// SMB2 ECHO Response (MS-SMB2 2.2.29).
struct EchoResponse {
  void describe(this auto&, auto& v) {
    v.structure_size(4);
    v.reserved(2);
  }
};
HF_WIRE_BODY(EchoResponse);

}  // namespace holdfast::wire::smb2
