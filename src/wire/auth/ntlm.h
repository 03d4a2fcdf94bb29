// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/nt_time.h"

namespace holdfast::wire::auth {

/// NEGOTIATE flags (MS-NLMP 2.2.2.5).
namespace ntlm_flag {
inline constexpr std::uint32_t kUnicode = 0x00000001;
inline constexpr std::uint32_t kOem = 0x00000002;
inline constexpr std::uint32_t kRequestTarget = 0x00000004;
inline constexpr std::uint32_t kSign = 0x00000010;
inline constexpr std::uint32_t kSeal = 0x00000020;
inline constexpr std::uint32_t kDatagram = 0x00000040;
inline constexpr std::uint32_t kLmKey = 0x00000080;
inline constexpr std::uint32_t kNtlm = 0x00000200;
inline constexpr std::uint32_t kAnonymous = 0x00000800;
inline constexpr std::uint32_t kOemDomainSupplied = 0x00001000;
inline constexpr std::uint32_t kOemWorkstationSupplied = 0x00002000;
inline constexpr std::uint32_t kAlwaysSign = 0x00008000;
inline constexpr std::uint32_t kTargetTypeDomain = 0x00010000;
inline constexpr std::uint32_t kTargetTypeServer = 0x00020000;
inline constexpr std::uint32_t kExtendedSessionSecurity = 0x00080000;
inline constexpr std::uint32_t kIdentify = 0x00100000;
inline constexpr std::uint32_t kRequestNonNtSessionKey = 0x00400000;
inline constexpr std::uint32_t kTargetInfo = 0x00800000;
inline constexpr std::uint32_t kVersion = 0x02000000;
inline constexpr std::uint32_t k128 = 0x20000000;
inline constexpr std::uint32_t kKeyExchange = 0x40000000;
inline constexpr std::uint32_t k56 = 0x80000000;
}  // namespace ntlm_flag

/// AV_PAIR.AvId (MS-NLMP 2.2.2.1).
enum class AvId : std::uint16_t {
  kEol = 0,
  kNbComputerName = 1,
  kNbDomainName = 2,
  kDnsComputerName = 3,
  kDnsDomainName = 4,
  kDnsTreeName = 5,
  kFlags = 6,
  kTimestamp = 7,
  kSingleHost = 8,
  kTargetName = 9,
  kChannelBindings = 10,
};
/// Bit of AvId::kFlags: the AUTHENTICATE_MESSAGE has a MIC.
inline constexpr std::uint32_t kAvFlagMicPresent = 0x00000002;

struct AvPair {
  AvId id = AvId::kEol;
  Bytes value;
};
/// More pairs than this in one list are malformed.
inline constexpr std::size_t kMaxAvPairs = 64;

/// Pairs up to the MsvAvEOL, without it. A list that ends without one is accepted; nullopt: a pair
/// is truncated, or there are too many.
std::optional<std::vector<AvPair>> decode_av_pairs(Bytes list);
/// The pairs and the MsvAvEOL.
ByteVec encode_av_pairs(const std::vector<AvPair>& pairs);
/// The first pair with this id.
std::optional<Bytes> find_av_pair(const std::vector<AvPair>& pairs, AvId id);

/// VERSION (MS-NLMP 2.2.2.10). For debugging only; nothing depends on it.
struct NtlmVersion {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint16_t build = 0;
  /// NTLMSSP_REVISION_W2K3.
  std::uint8_t revision = 15;
  bool operator==(const NtlmVersion&) const = default;
};

enum class NtlmMessageType : std::uint32_t { kNegotiate = 1, kChallenge = 2, kAuthenticate = 3 };

/// The MessageType of a raw NTLMSSP token; nullopt when it does not begin with the signature.
std::optional<NtlmMessageType> ntlm_message_type(Bytes token);

/// NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1).
struct NtlmNegotiate {
  std::uint32_t flags = 0;
  /// OEM character set; empty unless kOemDomainSupplied, kOemWorkstationSupplied.
  Bytes domain;
  Bytes workstation;
  std::optional<NtlmVersion> version;
};
/// Messages that end after the flags, as some clients send them, are accepted.
std::optional<NtlmNegotiate> decode_ntlm_negotiate(Bytes token);
/// kVersion, kOem*Supplied are set as the members say.
ByteVec encode_ntlm_negotiate(const NtlmNegotiate& message);

/// CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2).
struct NtlmChallenge {
  std::uint32_t flags = 0;
  std::array<std::uint8_t, 8> server_challenge{};
  /// UTF-8 here; on the wire as kUnicode says.
  std::string target_name;
  /// AV_PAIRs as octets.
  Bytes target_info;
  std::optional<NtlmVersion> version;
};
std::optional<NtlmChallenge> decode_ntlm_challenge(Bytes token);
ByteVec encode_ntlm_challenge(const NtlmChallenge& message);

/// AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3).
struct NtlmAuthenticate {
  std::uint32_t flags = 0;
  Bytes lm_response;
  Bytes nt_response;
  /// UTF-8 here; on the wire as kUnicode says.
  std::string domain;
  std::string user;
  std::string workstation;
  Bytes encrypted_session_key;
  std::optional<NtlmVersion> version;
  /// The MIC field. Whether there is one cannot be seen from the message: when decoded it is what
  /// stands in its place, if no payload does; AvId::kFlags says whether it is a MIC.
  std::optional<std::array<std::uint8_t, 16>> mic;
};
/// Where the MIC field is, octets from the message's begin.
inline constexpr std::size_t kNtlmMicOffset = 72;
inline constexpr std::size_t kNtlmMicSize = 16;

std::optional<NtlmAuthenticate> decode_ntlm_authenticate(Bytes token);
/// The MIC field is written if mic is set; the version field if mic or version is.
ByteVec encode_ntlm_authenticate(const NtlmAuthenticate& message);

/// NTLMv2_RESPONSE with its NTLMv2_CLIENT_CHALLENGE (MS-NLMP 2.2.2.8, 2.2.2.7).
struct Ntlmv2Response {
  /// NTProofStr, 16 octets.
  Bytes proof;
  /// The NTLMv2_CLIENT_CHALLENGE as octets: "temp" in MS-NLMP 3.3.2.
  Bytes client_data;
  NtTime timestamp;
  /// 8 octets.
  Bytes client_challenge;
  std::vector<AvPair> av_pairs;
};
/// Octets of the smallest NTLMv2_RESPONSE: proof and fixed part. NTLMv1 has 24.
inline constexpr std::size_t kMinNtlmv2Response = 16 + 28;
inline constexpr std::size_t kNtlmv1ResponseSize = 24;

std::optional<Ntlmv2Response> decode_ntlmv2_response(Bytes nt_response);
/// The NTLMv2_CLIENT_CHALLENGE ("temp"): target_info is the encoded AV_PAIRs with their MsvAvEOL.
ByteVec encode_ntlmv2_client_data(NtTime timestamp, Bytes client_challenge, Bytes target_info);

}  // namespace holdfast::wire::auth
