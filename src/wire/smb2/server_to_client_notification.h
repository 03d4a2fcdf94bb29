// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2 SERVER_TO_CLIENT_NOTIFICATION (MS-SMB2 2.2.44.1), with SMB2_NOTIFY_SESSION_CLOSED
/// (2.2.44.2) as the one notification that exists.
struct ServerToClientNotification {
  static constexpr std::uint32_t kNotifySessionClosed = 0x00000000;

  std::uint32_t notification_type = kNotifySessionClosed;

  void describe(this auto& self, auto& v) {
    v.structure_size(4);
    v.reserved(2);
    v.field(HF_FIELD(notification_type));
    v.reserved(4);
  }
};
HF_WIRE_BODY(ServerToClientNotification);

}  // namespace holdfast::wire::smb2
