// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/guid.h"
#include "base/writer.h"

/// Connection-oriented DCE/RPC PDUs (C706 chapter 12, MS-RPCE 2.2.2) in the little-endian data
/// representation. Decoded views live no longer than the octets they were decoded from.
namespace holdfast::wire::rpc {

enum class PduType : std::uint8_t {
  kRequest = 0,
  kResponse = 2,
  kFault = 3,
  kBind = 11,
  kBindAck = 12,
  kBindNak = 13,
  kAlterContext = 14,
  kAlterContextResponse = 15,
  kAuth3 = 16,
  kShutdown = 17,
  kCancel = 18,
  kOrphaned = 19,
};

/// Header.flags (C706 12.6.3.1, MS-RPCE 2.2.2.3).
namespace pfc {
inline constexpr std::uint8_t kFirstFragment = 0x01;
inline constexpr std::uint8_t kLastFragment = 0x02;
/// In bind and its answers: header signing. In requests: a cancel was pending.
inline constexpr std::uint8_t kSupportHeaderSign = 0x04;
inline constexpr std::uint8_t kConcurrentMultiplexing = 0x10;
inline constexpr std::uint8_t kDidNotExecute = 0x20;
inline constexpr std::uint8_t kMaybe = 0x40;
inline constexpr std::uint8_t kObjectUuid = 0x80;
inline constexpr std::uint8_t kWhole = kFirstFragment | kLastFragment;
}  // namespace pfc

/// Statuses of a fault PDU (C706 appendix E, MS-RPCE 2.2.2.9; the last are Windows errors).
namespace fault_status {
inline constexpr std::uint32_t kOperationRange = 0x1C010002;
inline constexpr std::uint32_t kUnknownInterface = 0x1C010003;
inline constexpr std::uint32_t kProtocolError = 0x1C01000B;
inline constexpr std::uint32_t kCancelled = 0x1C00000D;
inline constexpr std::uint32_t kNoMemory = 0x1C00001B;
inline constexpr std::uint32_t kContextMismatch = 0x1C00001A;
inline constexpr std::uint32_t kInvalidContextId = 0x1C00001C;
inline constexpr std::uint32_t kAccessDenied = 0x00000005;
inline constexpr std::uint32_t kBadStubData = 0x000006F7;
inline constexpr std::uint32_t kServerTooBusy = 0x1C010014;
/// RPC_S_SEC_PKG_ERROR: a signature is wrong.
inline constexpr std::uint32_t kSecurityPackageError = 0x00000721;
}  // namespace fault_status

/// bind_nak provider_reject_reason (C706 12.6.3.1, MS-RPCE 2.2.2.5).
namespace nak_reason {
inline constexpr std::uint16_t kNotSpecified = 0;
inline constexpr std::uint16_t kLocalLimitExceeded = 2;
inline constexpr std::uint16_t kProtocolVersion = 4;
inline constexpr std::uint16_t kAuthenticationType = 8;
}  // namespace nak_reason

inline constexpr std::size_t kHeaderSize = 16;
/// Every implementation takes fragments of this size (C706 12.6.3.5, MustRecvFragSize).
inline constexpr std::uint16_t kMinFragment = 1432;
inline constexpr std::size_t kMaxContexts = 32;
inline constexpr std::size_t kMaxTransferSyntaxes = 16;

/// The common header, 16 octets (C706 12.6.3.1).
struct Header {
  std::uint8_t version = 5;
  std::uint8_t version_minor = 0;
  PduType type = PduType::kRequest;
  std::uint8_t flags = pfc::kWhole;
  /// Data representation; the first octet 0x10: little-endian integers and ASCII.
  std::array<std::uint8_t, 4> representation{0x10, 0, 0, 0};
  std::uint16_t fragment_length = 0;
  std::uint16_t auth_length = 0;
  std::uint32_t call_id = 0;

  bool little_endian() const { return (representation[0] & 0xF0) == 0x10; }
  /// What every text and number in Holdfast's answers is: little-endian, ASCII, IEEE.
  bool supported_representation() const {
    return representation[0] == 0x10 && representation[1] == 0;
  }
  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

/// An interface or a transfer syntax, and its version.
struct SyntaxId {
  Guid uuid;
  std::uint16_t version = 0;
  std::uint16_t version_minor = 0;
  bool operator==(const SyntaxId&) const = default;
};

/// A GUID from its text, "8a885d04-1ceb-11c9-9fe8-08002b104860", at compile time.
consteval Guid make_uuid(const char (&text)[37]) {
  constexpr int kOrder[16] = {6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34};
  auto digit = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  Guid guid;
  for (int i = 0; i < 16; ++i)
    guid.octets[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(digit(text[kOrder[i]]) << 4 | digit(text[kOrder[i] + 1]));
  return guid;
}

/// NDR (C706 chapter 14), version 2.
inline constexpr SyntaxId kNdr32{make_uuid("8a885d04-1ceb-11c9-9fe8-08002b104860"), 2, 0};
/// NDR64 (MS-RPCE 2.2.4.12).
inline constexpr SyntaxId kNdr64{make_uuid("71710533-beba-4937-8319-b5dbef9ccc36"), 1, 0};

/// Bits of bind time feature negotiation (MS-RPCE 2.2.2.14).
namespace bind_feature {
inline constexpr std::uint16_t kSecurityContextMultiplexing = 0x1;
inline constexpr std::uint16_t kKeepConnectionOnOrphan = 0x2;
}  // namespace bind_feature

/// The first octet of the bitmask when the syntax is not one but asks for features (MS-RPCE
/// 3.3.1.5.3); nullopt for a real transfer syntax.
std::optional<std::uint8_t> asked_features(const SyntaxId& transfer_syntax);

/// One presentation context that a client proposes.
struct ContextElement {
  std::uint16_t id = 0;
  SyntaxId abstract_syntax;
  std::vector<SyntaxId> transfer_syntaxes;
};

/// The body of bind and alter_context.
struct Bind {
  std::uint16_t max_transmit = 0;
  std::uint16_t max_receive = 0;
  std::uint32_t association_group = 0;
  std::vector<ContextElement> contexts;
};

/// Result of one proposed context (C706 12.6.3.1 p_result_t, MS-RPCE 2.2.2.4).
struct ContextResult {
  static constexpr std::uint16_t kAcceptance = 0;
  static constexpr std::uint16_t kProviderRejection = 2;
  static constexpr std::uint16_t kNegotiateAck = 3;
  static constexpr std::uint16_t kAbstractSyntaxNotSupported = 1;
  static constexpr std::uint16_t kTransferSyntaxesNotSupported = 2;
  static constexpr std::uint16_t kLocalLimitExceeded = 3;

  std::uint16_t result = kAcceptance;
  /// With kNegotiateAck: the features granted.
  std::uint16_t reason = 0;
  /// All zeros unless accepted.
  SyntaxId transfer_syntax;
  bool operator==(const ContextResult&) const = default;
};

/// The body of bind_ack and alter_context_resp.
struct BindAck {
  std::uint16_t max_transmit = 0;
  std::uint16_t max_receive = 0;
  std::uint32_t association_group = 0;
  /// "\\PIPE\\srvsvc"; empty in alter_context_resp.
  std::string secondary_address;
  std::vector<ContextResult> results;
};

struct BindNak {
  std::uint16_t reason = nak_reason::kNotSpecified;
};

/// A request fragment without its header; alloc_hint is only a hint and is not kept.
struct Request {
  std::uint16_t context_id = 0;
  std::uint16_t opnum = 0;
  std::optional<Guid> object;
  Bytes stub;
};

struct Response {
  std::uint32_t alloc_hint = 0;
  std::uint16_t context_id = 0;
  Bytes stub;
};

struct Fault {
  std::uint16_t context_id = 0;
  std::uint32_t status = 0;
};

/// AuthTrailer.type (MS-RPCE 2.2.1.1.7).
namespace auth_type {
inline constexpr std::uint8_t kNone = 0;
inline constexpr std::uint8_t kSpnego = 9;
inline constexpr std::uint8_t kNtlm = 10;
}  // namespace auth_type

/// AuthTrailer.level (MS-RPCE 2.2.1.1.8); each does what those before it do.
namespace auth_level {
inline constexpr std::uint8_t kNone = 1;
inline constexpr std::uint8_t kConnect = 2;
inline constexpr std::uint8_t kCall = 3;
inline constexpr std::uint8_t kPacket = 4;
inline constexpr std::uint8_t kIntegrity = 5;
inline constexpr std::uint8_t kPrivacy = 6;
}  // namespace auth_level

inline constexpr std::size_t kAuthTrailerSize = 8;
/// What a stub is padded to before a trailer (MS-RPCE 2.2.2.11).
inline constexpr std::size_t kAuthAlignment = 16;

/// sec_trailer (MS-RPCE 2.2.2.11), 8 octets before the credentials.
struct AuthTrailer {
  std::uint8_t type = 0;
  std::uint8_t level = 0;
  std::uint8_t pad_length = 0;
  std::uint32_t context_id = 0;
  Bytes credentials;
};

/// A PDU cut to its parts. body is what stands between header and trailer, without padding.
struct Pdu {
  Header header;
  Bytes body;
  std::optional<AuthTrailer> auth;
};

/// The header alone, in either byte order; nullopt: fewer than 16 octets.
std::optional<Header> decode_header(Bytes octets);
/// One whole fragment (fragment_length octets). nullopt: lengths that contradict each other.
std::optional<Pdu> split_pdu(Bytes fragment);

std::optional<Bind> decode_bind(const Pdu& pdu);
std::optional<BindAck> decode_bind_ack(const Pdu& pdu);
std::optional<BindNak> decode_bind_nak(const Pdu& pdu);
std::optional<Request> decode_request(const Pdu& pdu);
std::optional<Response> decode_response(const Pdu& pdu);
std::optional<Fault> decode_fault(const Pdu& pdu);

/// Each: a whole fragment; fragment_length, type and representation of the header are set here.
ByteVec encode_bind(Header header, const Bind& bind);
ByteVec encode_bind_ack(Header header, const BindAck& ack);
ByteVec encode_bind_nak(Header header, const BindNak& nak);
ByteVec encode_request(Header header, const Request& request);
ByteVec encode_response(Header header, const Response& response);
ByteVec encode_fault(Header header, const Fault& fault);

/// The body of an rpc_auth_3 PDU is four octets of no meaning (MS-RPCE 2.2.2.10).
ByteVec encode_auth3(Header header);
/// A co_cancel or orphaned PDU (C706 12.6.4.2, 12.6.4.11): a header alone.
ByteVec encode_cancel(Header header);

/// Puts padding and a trailer behind an encoded fragment and tells of both in its header;
/// pad_length is set here. Room for credentials.size() octets comes last, holding them.
void append_auth(ByteVec& fragment, const AuthTrailer& trailer);

/// Where what a security provider protects lies in a fragment with a trailer (MS-RPCE
/// 3.3.1.5.2.2): stub and padding, which it encrypts, and everything before the credentials, which
/// it signs when headers are signed.
struct ProtectedParts {
  std::size_t stub_begin = 0;
  /// Behind the padding; the trailer begins here.
  std::size_t stub_end = 0;
  std::size_t credentials_begin = 0;
};
/// For a fragment that split_pdu() has accepted and that has a trailer; nullopt: its body is too
/// short to be a request's or a response's.
std::optional<ProtectedParts> protected_parts(const Pdu& pdu);

/// Octets of a response fragment before its stub.
inline constexpr std::size_t kResponseOverhead = kHeaderSize + 8;

}  // namespace holdfast::wire::rpc
