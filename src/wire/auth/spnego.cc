// SPDX-License-Identifier: Apache-2.0
#include "wire/auth/spnego.h"

#include "wire/auth/der.h"

namespace holdfast::wire::auth {
namespace {

/// The content of the OCTET STRING that is all of `content`.
std::optional<Bytes> octet_string(Bytes content) {
  return der_unwrap(content, der_tag::kOctetString);
}

bool decode_mech_types(Bytes content, NegTokenInit& out) {
  std::optional<DerElement> list = DerReader(content).next(der_tag::kSequence);
  if (!list) return false;
  out.mech_type_list = list->whole;
  DerReader oids(list->content);
  while (!oids.at_end()) {
    std::optional<DerElement> mech = oids.next(der_tag::kOid);
    if (!mech || mech->content.empty() || mech->content.size() > kMaxOidSize) return false;
    if (out.mech_types.size() == kMaxMechTypes) return false;
    out.mech_types.push_back(mech->content);
  }
  return !out.mech_types.empty();
}

/// [3] of a NegTokenInit is its mechListMIC; of a NegTokenInit2 it is negHints (MS-SPNG 2.2.1).
bool decode_init_3(Bytes content, NegTokenInit& out) {
  std::optional<DerElement> inner = DerReader(content).next();
  if (!inner) return false;
  if (inner->tag == der_tag::kOctetString) {
    out.mech_list_mic = inner->content;
    return true;
  }
  if (inner->tag != der_tag::kSequence) return false;
  if (std::optional<Bytes> name = der_unwrap(inner->content, der_tag::context(0)))
    out.hint_name = der_unwrap(*name, der_tag::kGeneralString);
  return true;
}

bool decode_init_field(unsigned number, Bytes content, NegTokenInit& out) {
  switch (number) {
    case 0: return decode_mech_types(content, out);
    case 2: return (out.mech_token = octet_string(content)).has_value();
    case 3: return decode_init_3(content, out);
    case 4: return (out.mech_list_mic = octet_string(content)).has_value();
    default: return true;  // reqFlags, which no mechanism honours, and whatever may come later.
  }
}

bool decode_resp_field(unsigned number, Bytes content, NegTokenResp& out) {
  switch (number) {
    case 0: {
      std::optional<Bytes> state = der_unwrap(content, der_tag::kEnumerated);
      if (!state || state->size() != 1 || (*state)[0] > 3) return false;
      out.state = static_cast<NegState>((*state)[0]);
      return true;
    }
    case 1: return (out.supported_mech = der_unwrap(content, der_tag::kOid)).has_value();
    case 2: return (out.response_token = octet_string(content)).has_value();
    case 3: return (out.mech_list_mic = octet_string(content)).has_value();
    default: return true;
  }
}

/// Walks the context-tagged fields of a SEQUENCE, each at most once and in ascending order.
template <class Token, class Field>
std::optional<SpnegoToken> decode_fields(Bytes content, Field field) {
  std::optional<Bytes> sequence = der_unwrap(content, der_tag::kSequence);
  if (!sequence) return std::nullopt;
  Token token;
  int last = -1;
  DerReader fields(*sequence);
  while (!fields.at_end()) {
    std::optional<DerElement> element = fields.next();
    if (!element || (element->tag & 0xE0) != der_tag::context(0)) return std::nullopt;
    const int number = element->tag & 0x1F;
    if (number <= last) return std::nullopt;
    last = number;
    if (!field(static_cast<unsigned>(number), element->content, token)) return std::nullopt;
  }
  return token;
}

ByteVec context_octets(unsigned number, Bytes octets) {
  const ByteVec inner = der_wrap(der_tag::kOctetString, {octets});
  return der_wrap(der_tag::context(number), {inner});
}

ByteVec frame_init(std::initializer_list<Bytes> fields) {
  const ByteVec sequence = der_wrap(der_tag::kSequence, fields);
  return encode_gss_frame(oid::kSpnego, der_wrap(der_tag::context(0), {sequence}));
}

}  // namespace

std::optional<GssFrame> decode_gss_frame(Bytes token) {
  std::optional<Bytes> content = der_unwrap(token, der_tag::kGssFrame);
  if (!content) return std::nullopt;
  std::optional<DerElement> mechanism = DerReader(*content).next(der_tag::kOid);
  if (!mechanism || mechanism->content.empty()) return std::nullopt;
  return GssFrame{mechanism->content, content->subspan(mechanism->whole.size())};
}

ByteVec encode_gss_frame(Bytes mechanism, Bytes inner) {
  const ByteVec oid = der_wrap(der_tag::kOid, {mechanism});
  return der_wrap(der_tag::kGssFrame, {oid, inner});
}

std::optional<SpnegoToken> decode_spnego(Bytes token) {
  if (std::optional<GssFrame> frame = decode_gss_frame(token)) {
    if (!equal(frame->mechanism, oid::kSpnego)) return std::nullopt;
    token = frame->inner;
  }
  if (std::optional<Bytes> resp = der_unwrap(token, der_tag::context(1)))
    return decode_fields<NegTokenResp>(*resp, decode_resp_field);
  std::optional<Bytes> init = der_unwrap(token, der_tag::context(0));
  if (!init) return std::nullopt;
  std::optional<SpnegoToken> decoded = decode_fields<NegTokenInit>(*init, decode_init_field);
  if (!decoded || std::get<NegTokenInit>(*decoded).mech_types.empty()) return std::nullopt;
  return decoded;
}

ByteVec encode_mech_type_list(std::span<const Bytes> mech_types) {
  ByteVec oids;
  for (Bytes mech : mech_types) {
    const ByteVec oid = der_wrap(der_tag::kOid, {mech});
    oids.insert(oids.end(), oid.begin(), oid.end());
  }
  return der_wrap(der_tag::kSequence, {oids});
}

ByteVec encode_spnego_init(const NegTokenInit& init) {
  const ByteVec list = encode_mech_type_list(init.mech_types);
  const ByteVec mechs = der_wrap(der_tag::context(0), {list});
  const ByteVec token = init.mech_token ? context_octets(2, *init.mech_token) : ByteVec();
  const ByteVec mic = init.mech_list_mic ? context_octets(3, *init.mech_list_mic) : ByteVec();
  return frame_init({mechs, token, mic});
}

ByteVec encode_spnego_hint(std::span<const Bytes> mech_types) {
  const ByteVec list = encode_mech_type_list(mech_types);
  const ByteVec mechs = der_wrap(der_tag::context(0), {list});
  const ByteVec text =
      der_wrap(der_tag::kGeneralString, {as_bytes("not_defined_in_RFC4178@please_ignore")});
  const ByteVec name = der_wrap(der_tag::context(0), {text});
  const ByteVec sequence = der_wrap(der_tag::kSequence, {name});
  const ByteVec hints = der_wrap(der_tag::context(3), {sequence});
  return frame_init({mechs, hints});
}

ByteVec encode_spnego_resp(const NegTokenResp& resp) {
  ByteVec state, mech;
  if (resp.state) {
    const std::uint8_t value = static_cast<std::uint8_t>(*resp.state);
    const ByteVec inner = der_wrap(der_tag::kEnumerated, {Bytes(&value, 1)});
    state = der_wrap(der_tag::context(0), {inner});
  }
  if (resp.supported_mech) {
    const ByteVec inner = der_wrap(der_tag::kOid, {*resp.supported_mech});
    mech = der_wrap(der_tag::context(1), {inner});
  }
  const ByteVec token = resp.response_token ? context_octets(2, *resp.response_token) : ByteVec();
  const ByteVec mic = resp.mech_list_mic ? context_octets(3, *resp.mech_list_mic) : ByteVec();
  const ByteVec sequence = der_wrap(der_tag::kSequence, {state, mech, token, mic});
  return der_wrap(der_tag::context(1), {sequence});
}

}  // namespace holdfast::wire::auth
