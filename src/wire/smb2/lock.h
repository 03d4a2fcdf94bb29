// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/limits.h"
#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// SMB2_LOCK_ELEMENT (MS-SMB2 2.2.26.1).
struct LockElement {
  static constexpr std::uint32_t kFlagSharedLock = 0x00000001;
  static constexpr std::uint32_t kFlagExclusiveLock = 0x00000002;
  static constexpr std::uint32_t kFlagUnlock = 0x00000004;
  static constexpr std::uint32_t kFlagFailImmediately = 0x00000010;

  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint32_t flags = 0;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(offset));
    v.field(HF_FIELD(length));
    v.field(HF_FIELD(flags));
    v.reserved(4);
  }
};

/// SMB2 LOCK Request (MS-SMB2 2.2.26). More than limits::kMaxLockElements do not decode; none do
/// (the server answers LockCount 0 itself).
struct LockRequest {
  /// LockSequenceNumber (low 4 bits) and LockSequenceIndex (28 bits); reserved in dialect 2.0.2.
  std::uint32_t lock_sequence = 0;
  FileId file_id;
  std::vector<LockElement> locks;

  std::uint8_t lock_sequence_number() const { return lock_sequence & 0xF; }
  std::uint32_t lock_sequence_index() const { return lock_sequence >> 4; }

  void describe(this auto& self, auto& v) {
    auto elements = v.region();
    v.structure_size(48);
    v.count16(elements);
    v.field(HF_FIELD(lock_sequence));
    v.field(HF_FIELD(file_id));
    v.list(elements, HF_FIELD(locks), limits::kMaxLockElements);
  }
};
HF_WIRE_BODY(LockRequest);

/// SMB2 LOCK Response (MS-SMB2 2.2.27).
struct LockResponse {
  void describe(this auto&, auto& v) {
    v.structure_size(4);
    v.reserved(2);
  }
};
HF_WIRE_BODY(LockResponse);

}  // namespace holdfast::wire::smb2
