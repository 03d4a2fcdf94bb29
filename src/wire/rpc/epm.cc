// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc/epm.h"

#include <algorithm>

namespace holdfast::wire::rpc::epm {
namespace {

/// A floor: both halves behind their lengths. False: malformed.
bool read_floor(Reader& r, Bytes& left, Bytes& right) {
  left = r.bytes(r.u16());
  right = r.bytes(r.u16());
  return r.ok() && !left.empty();
}

/// Floors 1 and 2: identifier, UUID and major version; the minor version is in the right half.
bool read_syntax(Bytes left, Bytes right, SyntaxId& out) {
  Reader l(left), r(right);
  if (l.u8() != protocol::kUuid) return false;
  out.uuid = Guid::from(l.bytes(16));
  out.version = l.u16();
  out.version_minor = r.u16();
  return l.ok() && r.ok();
}

void write_syntax(Writer& w, const SyntaxId& syntax) {
  w.u16(19);
  w.u8(protocol::kUuid);
  w.bytes(syntax.uuid.view());
  w.u16(syntax.version);
  w.u16(2);
  w.u16(syntax.version_minor);
}

Handle read_handle(NdrReader& r) {
  Handle handle{};
  r.align(4);
  Bytes octets = r.octets(handle.size());
  if (octets.size() == handle.size()) std::ranges::copy(octets, handle.begin());
  return handle;
}

void write_handle(NdrWriter& w, const Handle& handle) {
  w.align(4);
  w.octets(handle);
}

std::optional<Guid> read_object(NdrReader& r) {
  std::uint32_t referent = 0;
  if (r.full(referent) == NdrReader::Full::kNull) return std::nullopt;
  return Guid::from(r.octets(16));
}

void write_object(NdrWriter& w, const std::optional<Guid>& object) {
  w.pointer(object.has_value());
  if (object) w.octets(object->view());
}

/// twr_t: the conformance, the length once more, the octets.
ByteVec read_twr(NdrReader& r) {
  const std::uint32_t count = r.u32(), length = r.u32();
  if (count != length || length > kMaxTower || length == 0) r.fail();
  return r.ok() ? to_vec(r.octets(length)) : ByteVec();
}

void write_twr(NdrWriter& w, Bytes tower) {
  w.u32(static_cast<std::uint32_t>(tower.size()));
  w.u32(static_cast<std::uint32_t>(tower.size()));
  w.octets(tower);
}

/// The head of a conformant varying array whose elements take at least `least` octets.
std::uint32_t read_varying(NdrReader& r, std::uint32_t& maximum, std::size_t least) {
  maximum = r.u32();
  const std::uint32_t offset = r.u32(), count = r.u32();
  if (offset != 0 || count > maximum || maximum > kMaxTowers || count > r.remaining() / least)
    r.fail();
  return r.ok() ? count : 0;
}

}  // namespace

std::optional<Tower> decode_tower(Bytes octets) {
  Reader r(octets);
  const std::size_t floors = r.u16();
  Tower tower;
  tower.rpc_protocol = tower.transport = 0;
  if (!r.ok() || floors < 3 || floors > kMaxFloors) return std::nullopt;
  for (std::size_t i = 0; i < floors; ++i) {
    Bytes left, right;
    if (!read_floor(r, left, right)) return std::nullopt;
    if (i == 0 && !read_syntax(left, right, tower.interface)) return std::nullopt;
    if (i == 1 && !read_syntax(left, right, tower.transfer_syntax)) return std::nullopt;
    if (i == 2) tower.rpc_protocol = left[0];
    if (i == 3) tower.transport = left[0];
    if (i == 3 && left[0] == protocol::kTcp) {
      Reader port(right);
      tower.port = port.u16_be();
      if (!port.ok()) return std::nullopt;
    }
    if (i == 4 && left[0] == protocol::kIp && right.size() == 4)
      std::ranges::copy(right, tower.ipv4.begin());
  }
  return tower;
}

ByteVec encode_tower(const Tower& tower) {
  Buffer out(96);
  Writer w(out);
  w.u16(5);
  write_syntax(w, tower.interface);
  write_syntax(w, tower.transfer_syntax);
  w.u16(1);
  w.u8(protocol::kConnectionOriented);
  w.u16(2);
  w.u16(0);
  w.u16(1);
  w.u8(protocol::kTcp);
  w.u16(2);
  w.u16_be(tower.port);
  w.u16(1);
  w.u8(protocol::kIp);
  w.u16(4);
  w.bytes(tower.ipv4);
  return to_vec(out.view());
}

bool decode_map_request(Bytes stub, MapRequest& out) {
  NdrReader r(stub);
  out = {};
  out.object = read_object(r);
  std::uint32_t referent = 0;
  if (r.full(referent) == NdrReader::Full::kNew) out.tower = read_twr(r);
  out.handle = read_handle(r);
  out.max_towers = r.u32();
  return r.ok();
}

void encode_map_request(const MapRequest& request, Buffer& out) {
  NdrWriter w(out);
  write_object(w, request.object);
  w.pointer(!request.tower.empty());
  if (!request.tower.empty()) write_twr(w, request.tower);
  write_handle(w, request.handle);
  w.u32(request.max_towers);
}

bool decode_map_response(Bytes stub, MapResponse& out) {
  NdrReader r(stub);
  out = {};
  out.handle = read_handle(r);
  const std::uint32_t count = r.u32();
  const std::uint32_t actual = read_varying(r, out.max_towers, 4);
  if (count != actual) return false;
  std::uint32_t present = 0;
  for (std::uint32_t i = 0; i < actual; ++i) present += r.unique() ? 1 : 0;
  for (std::uint32_t i = 0; i < present && r.ok(); ++i) out.towers.push_back(read_twr(r));
  out.status = r.u32();
  return r.ok() && present == actual;
}

void encode_map_response(const MapResponse& response, Buffer& out) {
  NdrWriter w(out);
  const auto count = static_cast<std::uint32_t>(response.towers.size());
  write_handle(w, response.handle);
  w.u32(count);
  w.u32(std::max(response.max_towers, count));
  w.u32(0);
  w.u32(count);
  for (std::uint32_t i = 0; i < count; ++i) w.pointer(true);
  for (const ByteVec& tower : response.towers) write_twr(w, tower);
  w.u32(response.status);
}

bool decode_lookup_request(Bytes stub, LookupRequest& out) {
  NdrReader r(stub);
  out = {};
  const std::uint32_t inquiry = r.u32();
  out.object = read_object(r);
  std::uint32_t referent = 0;
  if (r.full(referent) != NdrReader::Full::kNull) {
    SyntaxId& id = out.interface.emplace();
    r.align(4);
    id.uuid = Guid::from(r.octets(16));
    id.version = r.u16();
    id.version_minor = r.u16();
  }
  const std::uint32_t versions = r.u32();
  out.handle = read_handle(r);
  out.max_entries = r.u32();
  if (inquiry > 3 || (versions > 5)) return false;
  out.inquiry = static_cast<Inquiry>(inquiry);
  out.versions = static_cast<Versions>(versions);
  return r.ok();
}

void encode_lookup_request(const LookupRequest& request, Buffer& out) {
  NdrWriter w(out);
  w.u32(static_cast<std::uint32_t>(request.inquiry));
  write_object(w, request.object);
  w.pointer(request.interface.has_value());
  if (request.interface) {
    w.octets(request.interface->uuid.view());
    w.u16(request.interface->version);
    w.u16(request.interface->version_minor);
  }
  w.u32(static_cast<std::uint32_t>(request.versions));
  write_handle(w, request.handle);
  w.u32(request.max_entries);
}

bool decode_lookup_response(Bytes stub, LookupResponse& out) {
  NdrReader r(stub);
  out = {};
  out.handle = read_handle(r);
  const std::uint32_t count = r.u32();
  const std::uint32_t actual = read_varying(r, out.max_entries, 28);
  if (count != actual) return false;
  for (std::uint32_t i = 0; i < actual && r.ok(); ++i) {
    Entry& entry = out.entries.emplace_back();
    r.align(4);
    entry.object = Guid::from(r.octets(16));
    if (!r.unique()) r.fail();
    const std::uint32_t offset = r.u32(), length = r.u32();
    if (offset != 0 || length == 0 || length > kMaxAnnotation) r.fail();
    Bytes text = r.ok() ? r.octets(length) : Bytes();
    if (text.empty() || std::ranges::find(text, std::uint8_t{0}) != text.end() - 1) r.fail();
    if (r.ok()) entry.annotation = as_text(text.first(text.size() - 1));
  }
  for (Entry& entry : out.entries)
    if (r.ok()) entry.tower = read_twr(r);
  out.status = r.u32();
  return r.ok();
}

void encode_lookup_response(const LookupResponse& response, Buffer& out) {
  NdrWriter w(out);
  const auto count = static_cast<std::uint32_t>(response.entries.size());
  write_handle(w, response.handle);
  w.u32(count);
  w.u32(std::max(response.max_entries, count));
  w.u32(0);
  w.u32(count);
  for (const Entry& entry : response.entries) {
    w.align(4);
    w.octets(entry.object.view());
    w.pointer(true);
    const std::string text = entry.annotation.substr(0, kMaxAnnotation - 1);
    w.u32(0);
    w.u32(static_cast<std::uint32_t>(text.size() + 1));
    w.octets(as_bytes(text));
    w.u8(0);
  }
  for (const Entry& entry : response.entries) write_twr(w, entry.tower);
  w.u32(response.status);
}

bool decode_handle(Bytes stub, Handle& out) {
  NdrReader r(stub);
  out = read_handle(r);
  return r.ok();
}

}  // namespace holdfast::wire::rpc::epm
