// SPDX-License-Identifier: Apache-2.0
#include "service/logon/ntlm_crypto.h"

#include <algorithm>
#include <string>

#include "base/assert.h"
#include "base/utf16.h"
#include "wire/auth/ntlm.h"

namespace holdfast::service {
namespace {

namespace flag = wire::auth::ntlm_flag;

ByteVec upcased_utf16le(std::string_view text) {
  ByteVec out;
  for (char16_t unit : utf8_to_utf16(text)) {
    const char16_t upper = upcase(unit);
    out.push_back(static_cast<std::uint8_t>(upper));
    out.push_back(static_cast<std::uint8_t>(upper >> 8));
  }
  return out;
}

/// The magic constants of MS-NLMP 3.4.5.2 and 3.4.5.3 with their terminating zero.
Digest16 derive(Bytes key, NtlmSecurity::Side sender, std::string_view purpose) {
  std::string magic = "session key to ";
  magic += sender == NtlmSecurity::Side::kClient ? "client-to-server" : "server-to-client";
  magic += " ";
  magic += purpose;
  magic += " key magic constant";
  magic.push_back('\0');
  return crypto::md5({key, as_bytes(magic)});
}

std::size_t sealing_key_size(std::uint32_t flags) {
  if (flags & flag::k128) return 16;
  return flags & flag::k56 ? 7 : 5;
}

}  // namespace

Digest16 nt_hash(std::string_view password) { return crypto::md4(to_utf16le(password)); }

Digest16 ntowf_v2(const Digest16& nt_hash, std::string_view user, std::string_view domain) {
  return crypto::hmac_md5(nt_hash, {upcased_utf16le(user), to_utf16le(domain)});
}

Digest16 ntlmv2_proof(const Digest16& response_key, Bytes server_challenge, Bytes client_data) {
  return crypto::hmac_md5(response_key, {server_challenge, client_data});
}

ByteVec lmv2_response(const Digest16& response_key, Bytes server_challenge,
                      Bytes client_challenge) {
  ByteVec out = to_vec(crypto::hmac_md5(response_key, {server_challenge, client_challenge}));
  out.insert(out.end(), client_challenge.begin(), client_challenge.end());
  return out;
}

Digest16 ntlmv2_session_base_key(const Digest16& response_key, const Digest16& proof) {
  return crypto::hmac_md5(response_key, Bytes(proof));
}

Digest16 rc4_once(const Digest16& key, Bytes octets16) {
  Digest16 out{};
  HF_ASSERT(octets16.size() == out.size());
  crypto::Rc4(key).apply(octets16, out);
  return out;
}

Digest16 ntlm_mic(const Digest16& exported_session_key, Bytes negotiate, Bytes challenge,
                  Bytes authenticate) {
  HF_ASSERT(authenticate.size() >= wire::auth::kNtlmMicOffset + wire::auth::kNtlmMicSize);
  constexpr std::array<std::uint8_t, wire::auth::kNtlmMicSize> kZeros{};
  return crypto::hmac_md5(
      exported_session_key,
      {negotiate, challenge, authenticate.first(wire::auth::kNtlmMicOffset), Bytes(kZeros),
       authenticate.subspan(wire::auth::kNtlmMicOffset + wire::auth::kNtlmMicSize)});
}

NtlmSecurity::NtlmSecurity(Side side, std::uint32_t flags, const Digest16& exported_session_key)
    : flags_(flags),
      send_(make(side, flags, exported_session_key)),
      receive_(make(side == Side::kClient ? Side::kServer : Side::kClient, flags,
                    exported_session_key)) {}

NtlmSecurity::Direction NtlmSecurity::make(Side sender, std::uint32_t flags, const Digest16& key) {
  const Bytes sealing_base = Bytes(key).first(sealing_key_size(flags));
  return Direction{derive(key, sender, "signing"),
                   crypto::Rc4(derive(sealing_base, sender, "sealing"))};
}

std::array<std::uint8_t, 16> NtlmSecurity::mac(Direction& direction, Bytes message) const {
  std::array<std::uint8_t, 16> signature{};
  store_u32(signature.data(), 1);
  store_u32(signature.data() + 12, direction.sequence++);
  const Digest16 digest =
      crypto::hmac_md5(direction.signing_key, {Bytes(signature).subspan(12), message});
  const MutBytes checksum = MutBytes(signature).subspan(4, 8);
  std::ranges::copy(Bytes(digest).first(8), checksum.begin());
  if (flags_ & flag::kKeyExchange) direction.sealing.apply(checksum, checksum);
  return signature;
}

ByteVec NtlmSecurity::sign(Bytes message) { return to_vec(mac(send_, message)); }

bool NtlmSecurity::verify(Bytes message, Bytes signature) {
  return equal_constant_time(mac(receive_, message), signature);
}

ByteVec NtlmSecurity::seal(MutBytes message, MutBytes secret) {
  // The signature is over the clear text but uses the key stream after the message.
  const ByteVec clear = to_vec(message);
  send_.sealing.apply(secret, secret);
  return to_vec(mac(send_, clear));
}

bool NtlmSecurity::unseal(MutBytes message, MutBytes secret, Bytes signature) {
  receive_.sealing.apply(secret, secret);
  return equal_constant_time(mac(receive_, message), signature);
}

ByteVec NtlmSecurity::sign_mech_list(Bytes list) {
  const crypto::Rc4 before = send_.sealing;
  ByteVec signature = sign(list);
  send_.sealing = before;
  return signature;
}

bool NtlmSecurity::verify_mech_list(Bytes list, Bytes signature) {
  const crypto::Rc4 before = receive_.sealing;
  const bool right = verify(list, signature);
  receive_.sealing = before;
  return right;
}

}  // namespace holdfast::service
