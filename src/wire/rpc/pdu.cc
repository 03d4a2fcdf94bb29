// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc/pdu.h"

#include "base/reader.h"

namespace holdfast::wire::rpc {
namespace {

constexpr std::size_t kTrailerSize = kAuthTrailerSize;
/// alloc_hint, context id, opnum or cancel count.
constexpr std::size_t kCallHead = 8;

SyntaxId read_syntax(Reader& r) {
  SyntaxId id;
  id.uuid = Guid::from(r.bytes(16));
  id.version = r.u16();
  id.version_minor = r.u16();
  return id;
}

void write_syntax(Writer& w, const SyntaxId& id) {
  w.bytes(id.uuid.view());
  w.u16(id.version);
  w.u16(id.version_minor);
}

/// Writes a PDU: header, what `body` writes, and the length of both.
template <class Body>
ByteVec encode(Header header, PduType type, Body&& body) {
  Buffer octets(256);
  Writer w(octets);
  w.u8(header.version);
  w.u8(header.version_minor);
  w.u8(static_cast<std::uint8_t>(type));
  w.u8(header.flags);
  // What follows is little-endian, whatever the header says.
  w.bytes(Header().representation);
  w.u16(0);
  w.u16(0);
  w.u32(header.call_id);
  body(w);
  HF_ASSERT(w.position() <= 0xFFFF);
  w.patch_u16(8, static_cast<std::uint16_t>(w.position()));
  return to_vec(octets);
}

}  // namespace

std::optional<std::uint8_t> asked_features(const SyntaxId& transfer_syntax) {
  constexpr std::uint8_t kPrefix[8] = {0x2C, 0x1C, 0xB7, 0x6C, 0x12, 0x98, 0x40, 0x45};
  Bytes uuid = transfer_syntax.uuid.view();
  if (!equal(uuid.first(8), kPrefix) || transfer_syntax.version != 1) return std::nullopt;
  return uuid[8];
}

std::optional<Header> decode_header(Bytes octets) {
  Reader r(octets);
  Header h;
  h.version = r.u8();
  h.version_minor = r.u8();
  h.type = static_cast<PduType>(r.u8());
  h.flags = r.u8();
  Bytes representation = r.bytes(4);
  if (!r.ok()) return std::nullopt;
  std::memcpy(h.representation.data(), representation.data(), 4);
  const bool little = h.little_endian();
  h.fragment_length = little ? r.u16() : r.u16_be();
  h.auth_length = little ? r.u16() : r.u16_be();
  h.call_id = little ? r.u32() : r.u32_be();
  if (!r.ok()) return std::nullopt;
  return h;
}

std::optional<Pdu> split_pdu(Bytes fragment) {
  std::optional<Header> header = decode_header(fragment);
  if (!header || header->fragment_length != fragment.size()) return std::nullopt;
  Pdu pdu{*header, fragment.subspan(kHeaderSize), std::nullopt};
  if (header->auth_length == 0) return pdu;
  if (pdu.body.size() < kTrailerSize + header->auth_length) return std::nullopt;
  Reader r(pdu.body.last(kTrailerSize + header->auth_length));
  AuthTrailer& auth = pdu.auth.emplace();
  auth.type = r.u8();
  auth.level = r.u8();
  auth.pad_length = r.u8();
  r.skip(1);
  auth.context_id = r.u32();
  auth.credentials = r.rest();
  pdu.body = pdu.body.first(pdu.body.size() - kTrailerSize - header->auth_length);
  if (auth.pad_length > pdu.body.size()) return std::nullopt;
  pdu.body = pdu.body.first(pdu.body.size() - auth.pad_length);
  return pdu;
}

std::optional<Bind> decode_bind(const Pdu& pdu) {
  Reader r(pdu.body);
  Bind bind;
  bind.max_transmit = r.u16();
  bind.max_receive = r.u16();
  bind.association_group = r.u32();
  const std::size_t count = r.u8();
  r.skip(3);
  if (!r.ok() || count > kMaxContexts) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    ContextElement& element = bind.contexts.emplace_back();
    element.id = r.u16();
    const std::size_t syntaxes = r.u8();
    r.skip(1);
    element.abstract_syntax = read_syntax(r);
    if (!r.ok() || syntaxes > kMaxTransferSyntaxes) return std::nullopt;
    for (std::size_t j = 0; j < syntaxes; ++j) element.transfer_syntaxes.push_back(read_syntax(r));
  }
  if (!r.ok()) return std::nullopt;
  return bind;
}

ByteVec encode_bind(Header header, const Bind& bind) {
  HF_ASSERT(bind.contexts.size() <= kMaxContexts);
  const PduType type =
      header.type == PduType::kAlterContext ? PduType::kAlterContext : PduType::kBind;
  return encode(header, type, [&](Writer& w) {
    w.u16(bind.max_transmit);
    w.u16(bind.max_receive);
    w.u32(bind.association_group);
    w.u8(static_cast<std::uint8_t>(bind.contexts.size()));
    w.zeros(3);
    for (const ContextElement& element : bind.contexts) {
      w.u16(element.id);
      w.u8(static_cast<std::uint8_t>(element.transfer_syntaxes.size()));
      w.zeros(1);
      write_syntax(w, element.abstract_syntax);
      for (const SyntaxId& syntax : element.transfer_syntaxes) write_syntax(w, syntax);
    }
  });
}

std::optional<BindAck> decode_bind_ack(const Pdu& pdu) {
  Reader r(pdu.body);
  BindAck ack;
  ack.max_transmit = r.u16();
  ack.max_receive = r.u16();
  ack.association_group = r.u32();
  Bytes address = r.bytes(r.u16());
  if (!address.empty() && address.back() == 0) address = address.first(address.size() - 1);
  ack.secondary_address = as_text(address);
  r.align(4);  // the header is a multiple of four, so the body's begin is as good
  const std::size_t count = r.u8();
  r.skip(3);
  if (!r.ok() || count > kMaxContexts) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    ContextResult& result = ack.results.emplace_back();
    result.result = r.u16();
    result.reason = r.u16();
    result.transfer_syntax = read_syntax(r);
  }
  if (!r.ok()) return std::nullopt;
  return ack;
}

ByteVec encode_bind_ack(Header header, const BindAck& ack) {
  HF_ASSERT(ack.results.size() <= kMaxContexts && ack.secondary_address.size() < 256);
  const PduType type = header.type == PduType::kAlterContextResponse
                           ? PduType::kAlterContextResponse
                           : PduType::kBindAck;
  return encode(header, type, [&](Writer& w) {
    w.u16(ack.max_transmit);
    w.u16(ack.max_receive);
    w.u32(ack.association_group);
    if (ack.secondary_address.empty()) {
      w.u16(0);
    } else {
      w.u16(static_cast<std::uint16_t>(ack.secondary_address.size() + 1));
      w.bytes(as_bytes(ack.secondary_address));
      w.zeros(1);
    }
    w.align(4);
    w.u8(static_cast<std::uint8_t>(ack.results.size()));
    w.zeros(3);
    for (const ContextResult& result : ack.results) {
      w.u16(result.result);
      w.u16(result.reason);
      write_syntax(w, result.transfer_syntax);
    }
  });
}

std::optional<BindNak> decode_bind_nak(const Pdu& pdu) {
  Reader r(pdu.body);
  BindNak nak{r.u16()};
  if (!r.ok()) return std::nullopt;
  return nak;
}

ByteVec encode_bind_nak(Header header, const BindNak& nak) {
  return encode(header, PduType::kBindNak, [&](Writer& w) {
    w.u16(nak.reason);
    // The versions of the protocol that are spoken: one, 5.0.
    w.u8(1);
    w.u8(5);
    w.u8(0);
    w.align(4);
  });
}

std::optional<Request> decode_request(const Pdu& pdu) {
  Reader r(pdu.body);
  Request request;
  r.skip(4);
  request.context_id = r.u16();
  request.opnum = r.u16();
  if (pdu.header.has(pfc::kObjectUuid)) request.object = Guid::from(r.bytes(16));
  request.stub = r.rest();
  if (!r.ok()) return std::nullopt;
  return request;
}

ByteVec encode_request(Header header, const Request& request) {
  if (request.object) header.flags |= pfc::kObjectUuid;
  return encode(header, PduType::kRequest, [&](Writer& w) {
    w.u32(static_cast<std::uint32_t>(request.stub.size()));
    w.u16(request.context_id);
    w.u16(request.opnum);
    if (request.object) w.bytes(request.object->view());
    w.bytes(request.stub);
  });
}

std::optional<Response> decode_response(const Pdu& pdu) {
  Reader r(pdu.body);
  Response response;
  response.alloc_hint = r.u32();
  response.context_id = r.u16();
  r.skip(2);
  response.stub = r.rest();
  if (!r.ok()) return std::nullopt;
  return response;
}

ByteVec encode_response(Header header, const Response& response) {
  return encode(header, PduType::kResponse, [&](Writer& w) {
    w.u32(response.alloc_hint);
    w.u16(response.context_id);
    w.zeros(2);
    w.bytes(response.stub);
  });
}

std::optional<Fault> decode_fault(const Pdu& pdu) {
  Reader r(pdu.body);
  Fault fault;
  r.skip(4);
  fault.context_id = r.u16();
  r.skip(2);
  fault.status = r.u32();
  if (!r.ok()) return std::nullopt;
  return fault;
}

ByteVec encode_fault(Header header, const Fault& fault) {
  return encode(header, PduType::kFault, [&](Writer& w) {
    w.u32(0);
    w.u16(fault.context_id);
    w.zeros(2);
    w.u32(fault.status);
    w.zeros(4);
  });
}

ByteVec encode_auth3(Header header) {
  return encode(header, PduType::kAuth3, [&](Writer& w) { w.zeros(4); });
}

ByteVec encode_cancel(Header header) {
  const PduType type = header.type == PduType::kOrphaned ? PduType::kOrphaned : PduType::kCancel;
  return encode(header, type, [&](Writer&) {});
}

void append_auth(ByteVec& fragment, const AuthTrailer& trailer) {
  const auto type = static_cast<PduType>(fragment[2]);
  const bool has_stub = type == PduType::kRequest || type == PduType::kResponse;
  // A stub is aligned from where it begins, which is half an alignment behind the PDU's begin.
  const std::size_t alignment = has_stub ? kAuthAlignment : 4;
  const std::size_t base = has_stub ? kHeaderSize + kCallHead : 0;
  const std::size_t pad = (alignment - (fragment.size() - base) % alignment) % alignment;
  fragment.resize(fragment.size() + pad);
  const std::uint8_t head[4] = {trailer.type, trailer.level, static_cast<std::uint8_t>(pad), 0};
  fragment.insert(fragment.end(), std::begin(head), std::end(head));
  fragment.resize(fragment.size() + 4);
  store_u32(fragment.data() + fragment.size() - 4, trailer.context_id);
  fragment.insert(fragment.end(), trailer.credentials.begin(), trailer.credentials.end());
  HF_ASSERT(fragment.size() <= 0xFFFF);
  store_u16(fragment.data() + 8, static_cast<std::uint16_t>(fragment.size()));
  store_u16(fragment.data() + 10, static_cast<std::uint16_t>(trailer.credentials.size()));
}

std::optional<ProtectedParts> protected_parts(const Pdu& pdu) {
  const PduType type = pdu.header.type;
  const bool has_stub = type == PduType::kRequest || type == PduType::kResponse;
  std::size_t before_stub = has_stub ? kCallHead : 0;
  if (pdu.header.type == PduType::kRequest && pdu.header.has(pfc::kObjectUuid)) before_stub += 16;
  if (!pdu.auth || pdu.body.size() < before_stub) return std::nullopt;
  ProtectedParts parts;
  parts.stub_begin = kHeaderSize + before_stub;
  parts.stub_end = kHeaderSize + pdu.body.size() + pdu.auth->pad_length;
  parts.credentials_begin = parts.stub_end + kTrailerSize;
  return parts;
}

}  // namespace holdfast::wire::rpc
