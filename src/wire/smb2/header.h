// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "wire/smb2/types.h"

namespace holdfast::wire::smb2 {

/// MS-SMB2 2.2.1.2.
enum class Command : std::uint16_t {
  kNegotiate = 0,
  kSessionSetup = 1,
  kLogoff = 2,
  kTreeConnect = 3,
  kTreeDisconnect = 4,
  kCreate = 5,
  kClose = 6,
  kFlush = 7,
  kRead = 8,
  kWrite = 9,
  kLock = 10,
  kIoctl = 11,
  kCancel = 12,
  kEcho = 13,
  kQueryDirectory = 14,
  kChangeNotify = 15,
  kQueryInfo = 16,
  kSetInfo = 17,
  kOplockBreak = 18,
  kServerToClientNotification = 19,
};
inline constexpr std::size_t kCommandCount = 20;

/// "CREATE"; "?" for a number without a name.
std::string_view name_of(Command command);

/// MS-SMB2 2.2.1.2.
namespace HeaderFlags {
inline constexpr std::uint32_t kServerToRedir = 0x00000001;
inline constexpr std::uint32_t kAsyncCommand = 0x00000002;
inline constexpr std::uint32_t kRelatedOperations = 0x00000004;
inline constexpr std::uint32_t kSigned = 0x00000008;
inline constexpr std::uint32_t kPriorityMask = 0x00000070;
inline constexpr std::uint32_t kDfsOperations = 0x10000000;
inline constexpr std::uint32_t kReplayOperation = 0x20000000;
}  // namespace HeaderFlags

/// The SMB2 packet header, 64 octets, asynchronous (MS-SMB2 2.2.1.1) or synchronous (2.2.1.2) as
/// flags say. decode fails on another protocol id or StructureSize and looks at nothing else.
struct Header {
  static constexpr std::size_t kSignatureOffset = 48;

  std::uint16_t credit_charge = 0;
  /// NTSTATUS of a response; of a request ChannelSequence (low 16 bits, dialect 3.x).
  std::uint32_t status = 0;
  Command command = Command::kNegotiate;
  /// Requested in a request, granted in a response.
  std::uint16_t credits = 0;
  std::uint32_t flags = 0;
  /// Octets from this header to the next one of a compound; 0 in the last.
  std::uint32_t next_command = 0;
  std::uint64_t message_id = 0;
  /// Only with HeaderFlags::kAsyncCommand.
  std::uint64_t async_id = 0;
  /// Only without HeaderFlags::kAsyncCommand: reserved (clients put a process id here), and tree
  /// id.
  std::uint32_t reserved = 0;
  std::uint32_t tree_id = 0;
  std::uint64_t session_id = 0;
  std::array<std::uint8_t, 16> signature{};

  bool is_async() const { return (flags & HeaderFlags::kAsyncCommand) != 0; }
  bool is_response() const { return (flags & HeaderFlags::kServerToRedir) != 0; }
  bool is_signed() const { return (flags & HeaderFlags::kSigned) != 0; }
  bool is_related() const { return (flags & HeaderFlags::kRelatedOperations) != 0; }
  bool is_replay() const { return (flags & HeaderFlags::kReplayOperation) != 0; }
  std::uint16_t channel_sequence() const { return static_cast<std::uint16_t>(status); }
  NtStatus nt_status() const { return static_cast<NtStatus>(status); }

  void describe(this auto& self, auto& v) {
    v.fixed_u32(0x424D53FE);  // 0xFE 'S' 'M' 'B'
    v.structure_size(64);
    v.field(HF_FIELD(credit_charge));
    v.field(HF_FIELD(status));
    v.field(HF_FIELD(command));
    v.field(HF_FIELD(credits));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(next_command));
    v.field(HF_FIELD(message_id));
    if (self.is_async()) {
      v.field(HF_FIELD(async_id));
    } else {
      v.field(HF_FIELD(reserved));
      v.field(HF_FIELD(tree_id));
    }
    v.field(HF_FIELD(session_id));
    v.field(HF_FIELD(signature));
  }
};
HF_WIRE_STRUCT(Header);

/// What the first four octets of a frame's content say it is.
enum class ProtocolId : std::uint8_t { kUnknown, kSmb1, kSmb2, kTransform, kCompression };
ProtocolId protocol_of(Bytes frame_content);

}  // namespace holdfast::wire::smb2
