// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// Notification (MS-SMB2 2.2.23.1), acknowledgement (2.2.24.1) and response (2.2.25.1) of an oplock
/// break: all three have this form. peek_structure_size() tells it (24) from a lease break (44,
/// 36).
struct OplockBreak {
  static constexpr std::uint16_t kStructureSize = 24;

  OplockLevel oplock_level = OplockLevel::kNone;
  FileId file_id;

  void describe(this auto& self, auto& v) {
    v.structure_size(kStructureSize);
    v.field(HF_FIELD(oplock_level));
    v.reserved(1);
    v.reserved(4);
    v.field(HF_FIELD(file_id));
  }
};
HF_WIRE_BODY(OplockBreak);

/// SMB2 Lease Break Notification (MS-SMB2 2.2.23.2).
struct LeaseBreakNotification {
  static constexpr std::uint16_t kStructureSize = 44;

  /// Dialect 3.x; else 0.
  std::uint16_t new_epoch = 0;
  /// LeaseFlags::kBreakAckRequired.
  std::uint32_t flags = 0;
  Guid lease_key;
  std::uint32_t current_lease_state = 0;
  std::uint32_t new_lease_state = 0;
  std::uint32_t break_reason = 0;
  std::uint32_t access_mask_hint = 0;
  std::uint32_t share_mask_hint = 0;

  void describe(this auto& self, auto& v) {
    v.structure_size(kStructureSize);
    v.field(HF_FIELD(new_epoch));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(lease_key));
    v.field(HF_FIELD(current_lease_state));
    v.field(HF_FIELD(new_lease_state));
    v.field(HF_FIELD(break_reason));
    v.field(HF_FIELD(access_mask_hint));
    v.field(HF_FIELD(share_mask_hint));
  }
};
HF_WIRE_BODY(LeaseBreakNotification);

/// Lease break acknowledgement (MS-SMB2 2.2.24.2) and response (2.2.25.2): both have this form.
struct LeaseBreakAcknowledgment {
  static constexpr std::uint16_t kStructureSize = 36;

  std::uint32_t flags = 0;
  Guid lease_key;
  std::uint32_t lease_state = 0;
  std::uint64_t lease_duration = 0;

  void describe(this auto& self, auto& v) {
    v.structure_size(kStructureSize);
    v.reserved(2);
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(lease_key));
    v.field(HF_FIELD(lease_state));
    v.field(HF_FIELD(lease_duration));
  }
};
HF_WIRE_BODY(LeaseBreakAcknowledgment);
using LeaseBreakResponse = LeaseBreakAcknowledgment;

}  // namespace holdfast::wire::smb2
