// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace holdfast::wire::auth {

/// Object identifiers as the content of their DER encoding.
namespace oid {
inline constexpr std::array<std::uint8_t, 6> kSpnego{0x2B, 6, 1, 5, 5, 2};
/// 1.3.6.1.4.1.311.2.2.10
inline constexpr std::array<std::uint8_t, 10> kNtlm{0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10};
/// 1.2.840.113554.1.2.2
inline constexpr std::array<std::uint8_t, 9> kKerberos{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 1, 2, 2};
/// 1.2.840.48018.1.2.2: the one that Windows 2000 sent by mistake, and which stayed
/// (MS-SPNG 1.3.4).
inline constexpr std::array<std::uint8_t, 9> kMsKerberos{0x2A, 0x86, 0x48, 0x82, 0xF7,
                                                         0x12, 1,    2,    2};
/// 1.3.6.1.4.1.311.2.2.30
inline constexpr std::array<std::uint8_t, 10> kNegoEx{0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 30};
}  // namespace oid

/// More mechanisms than this in one token are malformed.
inline constexpr std::size_t kMaxMechTypes = 32;
/// Longer object identifiers are malformed; the longest known has 16 octets.
inline constexpr std::size_t kMaxOidSize = 64;

/// RFC 4178 4.2.2.
enum class NegState : std::uint8_t {
  kAcceptCompleted = 0,
  kAcceptIncomplete = 1,
  kReject = 2,
  kRequestMic = 3,
};

/// NegTokenInit (RFC 4178 4.2.1) and NegTokenInit2 (MS-SPNG 2.2.1).
struct NegTokenInit {
  /// OIDs in the sender's order of preference; never empty when decoded.
  std::vector<Bytes> mech_types;
  /// The DER encoding of the MechTypeList as it was received: what a mechListMIC covers.
  Bytes mech_type_list;
  std::optional<Bytes> mech_token;
  std::optional<Bytes> mech_list_mic;
  /// NegHints.hintName of a NegTokenInit2.
  std::optional<Bytes> hint_name;
};

/// NegTokenResp (RFC 4178 4.2.2).
struct NegTokenResp {
  std::optional<NegState> state;
  std::optional<Bytes> supported_mech;
  std::optional<Bytes> response_token;
  std::optional<Bytes> mech_list_mic;
};

using SpnegoToken = std::variant<NegTokenInit, NegTokenResp>;

/// What a GSS-API frame holds (RFC 2743 3.1).
struct GssFrame {
  Bytes mechanism;
  Bytes inner;
};
std::optional<GssFrame> decode_gss_frame(Bytes token);
ByteVec encode_gss_frame(Bytes mechanism, Bytes inner);

/// Decodes a token of either form: a NegTokenInit stands in a GSS-API frame (one without is
/// accepted), a NegTokenResp stands alone. nullopt: malformed, or no SPNEGO at all.
std::optional<SpnegoToken> decode_spnego(Bytes token);

/// The DER encoding of a MechTypeList: what a mechListMIC covers.
ByteVec encode_mech_type_list(std::span<const Bytes> mech_types);

/// A client's first token, in its GSS-API frame. mech_type_list, hint_name of `init` are not used.
ByteVec encode_spnego_init(const NegTokenInit& init);
/// A server's NegTokenInit2 in its GSS-API frame, with the hint that Windows sends.
ByteVec encode_spnego_hint(std::span<const Bytes> mech_types);
ByteVec encode_spnego_resp(const NegTokenResp& resp);

}  // namespace holdfast::wire::auth
