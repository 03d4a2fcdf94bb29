// SPDX-License-Identifier: Apache-2.0
#include "wire/auth/ntlm.h"

#include <algorithm>

#include "base/reader.h"
#include "base/utf16.h"

namespace holdfast::wire::auth {
namespace {

constexpr std::array<std::uint8_t, 8> kSignature{'N', 'T', 'L', 'M', 'S', 'S', 'P', 0};
constexpr std::size_t kNegotiateHeader = 32;
constexpr std::size_t kChallengeHeader = 48;
constexpr std::size_t kAuthenticateHeader = 64;
constexpr std::size_t kVersionSize = 8;

/// A {Len, MaxLen, BufferOffset} field.
struct Field {
  std::uint16_t size = 0;
  std::uint32_t offset = 0;
};

Field read_field(Reader& r) {
  Field field;
  field.size = r.u16();
  r.skip(2);  // MaxLen, ignored on receipt.
  field.offset = r.u32();
  return field;
}

Bytes payload(Reader& r, Field field) { return r.at(field.offset, field.size); }

bool read_header(Reader& r, NtlmMessageType type) {
  return equal(r.bytes(8), kSignature) && r.u32() == static_cast<std::uint32_t>(type) && r.ok();
}

NtlmVersion read_version(Reader& r) {
  NtlmVersion v;
  v.major = r.u8();
  v.minor = r.u8();
  v.build = r.u16();
  r.skip(3);
  v.revision = r.u8();
  return v;
}

/// OEM code pages are not converted: beyond ASCII the text becomes U+FFFD and matches no account;
/// on the way out, '?'.
std::string to_text(Bytes octets, std::uint32_t flags) {
  if (flags & ntlm_flag::kUnicode) return utf16le_to_utf8(octets);
  std::string text;
  for (std::uint8_t octet : octets) {
    if (octet < 0x80)
      text += static_cast<char>(octet);
    else
      text += "\xEF\xBF\xBD";
  }
  return text;
}

ByteVec from_text(const std::string& text, std::uint32_t flags) {
  if (flags & ntlm_flag::kUnicode) return to_utf16le(text);
  ByteVec octets;
  for (char16_t unit : utf8_to_utf16(text))
    octets.push_back(unit < 0x80 ? static_cast<std::uint8_t>(unit) : '?');
  return octets;
}

void put(ByteVec& out, Bytes octets) { out.insert(out.end(), octets.begin(), octets.end()); }
void put_u16(ByteVec& out, std::uint16_t v) {
  std::uint8_t octets[2];
  store_u16(octets, v);
  put(out, octets);
}
void put_u32(ByteVec& out, std::uint32_t v) {
  std::uint8_t octets[4];
  store_u32(octets, v);
  put(out, octets);
}
void put_u64(ByteVec& out, std::uint64_t v) {
  std::uint8_t octets[8];
  store_u64(octets, v);
  put(out, octets);
}

/// The fixed part grows at the front, the payload behind it; fields point to where the payload will
/// be when the fixed part has its whole size.
class MessageWriter {
 public:
  MessageWriter(NtlmMessageType type, std::size_t fixed_size) : fixed_size_(fixed_size) {
    put(fixed_, kSignature);
    put_u32(fixed_, static_cast<std::uint32_t>(type));
  }
  ByteVec& fixed() { return fixed_; }
  void field(Bytes octets) {
    const auto size = static_cast<std::uint16_t>(std::min<std::size_t>(octets.size(), 0xFFFF));
    put_u16(fixed_, size);
    put_u16(fixed_, size);
    put_u32(fixed_, static_cast<std::uint32_t>(fixed_size_ + payload_.size()));
    put(payload_, octets.first(size));
  }
  void version(const std::optional<NtlmVersion>& version) {
    const NtlmVersion v = version.value_or(NtlmVersion{.revision = 0});
    fixed_.push_back(v.major);
    fixed_.push_back(v.minor);
    put_u16(fixed_, v.build);
    put(fixed_, std::array<std::uint8_t, 3>{});
    fixed_.push_back(v.revision);
  }
  ByteVec finish() {
    put(fixed_, payload_);
    return std::move(fixed_);
  }

 private:
  std::size_t fixed_size_;
  ByteVec fixed_;
  ByteVec payload_;
};

std::uint32_t with_flag(std::uint32_t flags, std::uint32_t flag, bool set) {
  return set ? flags | flag : flags & ~flag;
}

}  // namespace

std::optional<std::vector<AvPair>> decode_av_pairs(Bytes list) {
  std::vector<AvPair> pairs;
  Reader r(list);
  while (r.remaining() != 0) {
    const auto id = static_cast<AvId>(r.u16());
    const std::uint16_t size = r.u16();
    if (r.ok() && id == AvId::kEol) return pairs;
    const Bytes value = r.bytes(size);
    if (!r.ok() || pairs.size() == kMaxAvPairs) return std::nullopt;
    pairs.push_back({id, value});
  }
  return pairs;
}

ByteVec encode_av_pairs(const std::vector<AvPair>& pairs) {
  ByteVec out;
  for (const AvPair& pair : pairs) {
    put_u16(out, static_cast<std::uint16_t>(pair.id));
    put_u16(out, static_cast<std::uint16_t>(pair.value.size()));
    put(out, pair.value);
  }
  put_u32(out, 0);
  return out;
}

std::optional<Bytes> find_av_pair(const std::vector<AvPair>& pairs, AvId id) {
  for (const AvPair& pair : pairs)
    if (pair.id == id) return pair.value;
  return std::nullopt;
}

std::optional<NtlmMessageType> ntlm_message_type(Bytes token) {
  Reader r(token);
  if (!equal(r.bytes(8), kSignature)) return std::nullopt;
  const std::uint32_t type = r.u32();
  if (!r.ok() || type < 1 || type > 3) return std::nullopt;
  return static_cast<NtlmMessageType>(type);
}

std::optional<NtlmNegotiate> decode_ntlm_negotiate(Bytes token) {
  Reader r(token);
  if (!read_header(r, NtlmMessageType::kNegotiate)) return std::nullopt;
  NtlmNegotiate message;
  message.flags = r.u32();
  if (!r.ok()) return std::nullopt;
  if (r.remaining() < 16) return message;
  const Field domain = read_field(r);
  const Field workstation = read_field(r);
  if ((message.flags & ntlm_flag::kVersion) && r.remaining() >= kVersionSize)
    message.version = read_version(r);
  if (message.flags & ntlm_flag::kOemDomainSupplied) message.domain = payload(r, domain);
  if (message.flags & ntlm_flag::kOemWorkstationSupplied)
    message.workstation = payload(r, workstation);
  if (!r.ok()) return std::nullopt;
  return message;
}

ByteVec encode_ntlm_negotiate(const NtlmNegotiate& message) {
  std::uint32_t flags = message.flags;
  flags = with_flag(flags, ntlm_flag::kOemDomainSupplied, !message.domain.empty());
  flags = with_flag(flags, ntlm_flag::kOemWorkstationSupplied, !message.workstation.empty());
  flags = with_flag(flags, ntlm_flag::kVersion, message.version.has_value());
  MessageWriter w(NtlmMessageType::kNegotiate, kNegotiateHeader + kVersionSize);
  put_u32(w.fixed(), flags);
  w.field(message.domain);
  w.field(message.workstation);
  w.version(message.version);
  return w.finish();
}

std::optional<NtlmChallenge> decode_ntlm_challenge(Bytes token) {
  Reader r(token);
  if (!read_header(r, NtlmMessageType::kChallenge)) return std::nullopt;
  NtlmChallenge message;
  const Field target_name = read_field(r);
  message.flags = r.u32();
  const Bytes challenge = r.bytes(8);
  r.skip(8);
  const Field target_info = read_field(r);
  if ((message.flags & ntlm_flag::kVersion) && r.remaining() >= kVersionSize)
    message.version = read_version(r);
  message.target_name = to_text(payload(r, target_name), message.flags);
  if (message.flags & ntlm_flag::kTargetInfo) message.target_info = payload(r, target_info);
  if (!r.ok()) return std::nullopt;
  std::ranges::copy(challenge, message.server_challenge.begin());
  return message;
}

ByteVec encode_ntlm_challenge(const NtlmChallenge& message) {
  std::uint32_t flags = message.flags;
  flags = with_flag(flags, ntlm_flag::kTargetInfo, !message.target_info.empty());
  flags = with_flag(flags, ntlm_flag::kVersion, message.version.has_value());
  MessageWriter w(NtlmMessageType::kChallenge, kChallengeHeader + kVersionSize);
  w.field(from_text(message.target_name, flags));
  put_u32(w.fixed(), flags);
  put(w.fixed(), message.server_challenge);
  put_u64(w.fixed(), 0);
  w.field(message.target_info);
  w.version(message.version);
  return w.finish();
}

std::optional<NtlmAuthenticate> decode_ntlm_authenticate(Bytes token) {
  Reader r(token);
  if (!read_header(r, NtlmMessageType::kAuthenticate)) return std::nullopt;
  // LmChallengeResponse, NtChallengeResponse, DomainName, UserName, Workstation,
  // EncryptedRandomSessionKey, in this order.
  std::array<Field, 6> fields;
  std::array<Bytes, 6> values;
  std::size_t payload_begin = token.size();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    fields[i] = read_field(r);
    values[i] = payload(r, fields[i]);
    if (fields[i].size != 0) payload_begin = std::min<std::size_t>(payload_begin, fields[i].offset);
  }
  NtlmAuthenticate message;
  message.flags = r.u32();
  if (!r.ok() || payload_begin < r.position()) return std::nullopt;
  message.lm_response = values[0];
  message.nt_response = values[1];
  message.domain = to_text(values[2], message.flags);
  message.user = to_text(values[3], message.flags);
  message.workstation = to_text(values[4], message.flags);
  message.encrypted_session_key = values[5];
  const bool has_version = payload_begin >= kAuthenticateHeader + kVersionSize;
  if (has_version && (message.flags & ntlm_flag::kVersion)) message.version = read_version(r);
  if (payload_begin >= kNtlmMicOffset + kNtlmMicSize) {
    message.mic.emplace();
    std::ranges::copy(token.subspan(kNtlmMicOffset, kNtlmMicSize), message.mic->begin());
  }
  return message;
}

ByteVec encode_ntlm_authenticate(const NtlmAuthenticate& message) {
  const bool has_version = message.version || message.mic;
  const std::size_t fixed_size = message.mic
                                     ? kNtlmMicOffset + kNtlmMicSize
                                     : kAuthenticateHeader + (has_version ? kVersionSize : 0);
  const std::uint32_t flags =
      with_flag(message.flags, ntlm_flag::kVersion, message.version.has_value());
  // The payload's order is Windows': names, responses, key; the fields' order is another.
  const ByteVec domain = from_text(message.domain, flags), user = from_text(message.user, flags),
                workstation = from_text(message.workstation, flags);
  const std::array<Bytes, 6> payload_order{domain,
                                           user,
                                           workstation,
                                           message.lm_response,
                                           message.nt_response,
                                           message.encrypted_session_key};
  constexpr std::array<std::size_t, 6> kFieldOrder{3, 4, 0, 1, 2, 5};
  std::array<std::size_t, 6> offsets{};
  std::size_t offset = fixed_size;
  for (std::size_t i = 0; i < 6; ++i) offsets[i] = offset, offset += payload_order[i].size();

  ByteVec out;
  put(out, kSignature);
  put_u32(out, static_cast<std::uint32_t>(NtlmMessageType::kAuthenticate));
  for (std::size_t i : kFieldOrder) {
    put_u16(out, static_cast<std::uint16_t>(payload_order[i].size()));
    put_u16(out, static_cast<std::uint16_t>(payload_order[i].size()));
    put_u32(out, static_cast<std::uint32_t>(offsets[i]));
  }
  put_u32(out, flags);
  if (has_version) {
    const NtlmVersion v = message.version.value_or(NtlmVersion{.revision = 0});
    put(out, std::array<std::uint8_t, 2>{v.major, v.minor});
    put_u16(out, v.build);
    put(out, std::array<std::uint8_t, 4>{0, 0, 0, v.revision});
  }
  if (message.mic) put(out, *message.mic);
  for (Bytes piece : payload_order) put(out, piece);
  return out;
}

std::optional<Ntlmv2Response> decode_ntlmv2_response(Bytes nt_response) {
  Reader r(nt_response);
  Ntlmv2Response response;
  response.proof = r.bytes(16);
  const std::uint8_t type = r.u8(), highest_type = r.u8();
  r.skip(6);
  response.timestamp = {r.u64()};
  response.client_challenge = r.bytes(8);
  r.skip(4);
  if (!r.ok() || type != 1 || highest_type != 1) return std::nullopt;
  std::optional<std::vector<AvPair>> pairs = decode_av_pairs(r.rest());
  if (!pairs) return std::nullopt;
  response.client_data = nt_response.subspan(16);
  response.av_pairs = std::move(*pairs);
  return response;
}

ByteVec encode_ntlmv2_client_data(NtTime timestamp, Bytes client_challenge, Bytes target_info) {
  ByteVec out;
  put(out, std::array<std::uint8_t, 8>{1, 1});
  put_u64(out, timestamp.ticks);
  put(out, client_challenge);
  put_u32(out, 0);
  put(out, target_info);
  put_u32(out, 0);
  return out;
}

}  // namespace holdfast::wire::auth
