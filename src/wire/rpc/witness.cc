// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc/witness.h"

#include <algorithm>

namespace holdfast::wire::rpc::witness {
namespace {

constexpr std::size_t kGroupNameUnits = kMaxGroupName + 1;
/// Octets of a WITNESS_INTERFACE_INFO: the name, Version, State and two of padding, IPV4, IPV6,
/// Flags.
constexpr std::size_t kInterfaceOctets = 2 * kGroupNameUnits + 4 + 4 + 4 + 16 + 4;
constexpr std::size_t kAddressInfoOctets = 24;
constexpr std::size_t kAddressListFixed = 12;
constexpr std::size_t kResourceChangeFixed = 8;
/// A notification is about one client's resources.
constexpr std::uint32_t kMaxMessages = 64;

template <std::size_t N>
void read_octets(NdrReader& r, std::array<std::uint8_t, N>& out) {
  Bytes octets = r.octets(N);
  if (octets.size() == N) std::ranges::copy(octets, out.begin());
}

bool done(const NdrReader& r) { return r.ok() && r.remaining() == 0; }

ContextHandle read_handle(NdrReader& r) {
  ContextHandle handle{};
  r.align(4);
  read_octets(r, handle);
  return handle;
}

void write_interface(NdrWriter& w, const InterfaceInfo& info) {
  std::u16string name = utf8_to_utf16(info.group_name);
  name.resize(std::min(name.size(), kMaxGroupName));
  for (std::size_t i = 0; i < kGroupNameUnits; ++i) w.u16(i < name.size() ? name[i] : 0);
  w.u32(info.version);
  w.u16(static_cast<std::uint16_t>(info.state));
  w.align(4);
  w.octets(info.ipv4);
  w.octets(info.ipv6);
  w.u32(info.flags);
}

InterfaceInfo read_interface(NdrReader& r) {
  InterfaceInfo info;
  std::u16string name;
  bool ended = false;
  for (std::size_t i = 0; i < kGroupNameUnits; ++i) {
    auto unit = static_cast<char16_t>(r.u16());
    ended = ended || unit == 0;
    if (!ended) name += unit;
  }
  if (!ended) r.fail();
  info.group_name = utf16_to_utf8(name);
  info.version = r.u32();
  info.state = static_cast<State>(r.u16());
  r.align(4);
  read_octets(r, info.ipv4);
  read_octets(r, info.ipv6);
  info.flags = r.u32();
  return info;
}

/// The message structures are octets within the stub: little-endian, not aligned by NDR.
void append_change(Writer& w, const ResourceChange& change) {
  std::u16string name = utf8_to_utf16(change.resource_name);
  w.u32(static_cast<std::uint32_t>(kResourceChangeFixed + 2 * (name.size() + 1)));
  w.u32(static_cast<std::uint32_t>(change.state));
  for (char16_t unit : name) w.u16(unit);
  w.u16(0);
}

bool read_change(Reader& r, ResourceChange& out) {
  std::uint32_t length = r.u32();
  out.state = static_cast<State>(r.u32());
  if (length < kResourceChangeFixed + 2 || length % 2 != 0) return false;
  Reader name(r.bytes(length - kResourceChangeFixed));
  std::u16string text;
  while (name.remaining() > 2) text += static_cast<char16_t>(name.u16());
  // The last unit, and no other, is the NUL.
  if (name.u16() != 0 || text.find(u'\0') != std::u16string::npos) return false;
  out.resource_name = utf16_to_utf8(text);
  return r.ok();
}

void append_addresses(Writer& w, const std::vector<AddressInfo>& list) {
  w.u32(static_cast<std::uint32_t>(kAddressListFixed + kAddressInfoOctets * list.size()));
  w.u32(0);
  w.u32(static_cast<std::uint32_t>(list.size()));
  for (const AddressInfo& a : list) {
    w.u32(a.flags);
    w.bytes(a.ipv4);
    w.bytes(a.ipv6);
  }
}

bool read_addresses(Reader& r, std::vector<AddressInfo>& out) {
  std::uint32_t length = r.u32();
  r.skip(4);
  std::uint32_t count = r.u32();
  if (!r.ok() || count > r.remaining() / kAddressInfoOctets ||
      length != kAddressListFixed + kAddressInfoOctets * count)
    return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    AddressInfo& a = out.emplace_back();
    a.flags = r.u32();
    std::ranges::copy(r.bytes(4), a.ipv4.begin());
    std::ranges::copy(r.bytes(16), a.ipv6.begin());
  }
  return r.ok();
}

bool read_messages(Bytes octets, std::uint32_t count, Notification& out) {
  if (count > kMaxMessages) return false;
  Reader r(octets);
  for (std::uint32_t i = 0; i < count; ++i) {
    bool fine = out.type == NotificationType::kResourceChange
                    ? read_change(r, out.changes.emplace_back())
                    : read_addresses(r, out.address_lists.emplace_back());
    if (!fine) return false;
  }
  return r.remaining() == 0;
}

}  // namespace

bool decode_register(Bytes stub, bool extended, RegisterRequest& out) {
  NdrReader r(stub);
  out = {};
  out.version = r.u32();
  out.net_name = r.unique_wide_string();
  if (extended) out.share_name = r.unique_wide_string();
  out.ip_address = r.unique_wide_string();
  out.client_computer_name = r.unique_wide_string();
  if (extended) {
    out.flags = r.u32();
    out.keep_alive_timeout_s = r.u32();
  }
  return r.ok();
}

void encode_register(const RegisterRequest& request, bool extended, Buffer& out) {
  NdrWriter w(out);
  w.u32(request.version);
  w.unique_wide_string(request.net_name);
  if (extended) w.unique_wide_string(request.share_name);
  w.unique_wide_string(request.ip_address);
  w.unique_wide_string(request.client_computer_name);
  if (extended) {
    w.u32(request.flags);
    w.u32(request.keep_alive_timeout_s);
  }
}

bool decode_handle(Bytes stub, ContextHandle& out) {
  NdrReader r(stub);
  out = read_handle(r);
  return r.ok();
}

void encode_handle(const ContextHandle& handle, Buffer& out) { NdrWriter(out).octets(handle); }

bool decode_handle_response(Bytes stub, HandleResponse& out) {
  NdrReader r(stub);
  out.handle = read_handle(r);
  out.status = r.u32();
  return done(r);
}

void encode_handle_response(const HandleResponse& response, Buffer& out) {
  NdrWriter w(out);
  w.octets(response.handle);
  w.u32(response.status);
}

bool decode_interface_list(Bytes stub, InterfaceListResponse& out) {
  NdrReader r(stub);
  out = {};
  if (r.unique()) {
    std::uint32_t count = r.u32();
    if (r.unique()) {
      if (r.conformance(kInterfaceOctets) != count || count > kMaxInterfaces) r.fail();
      for (std::uint32_t i = 0; i < count && r.ok(); ++i)
        out.interfaces.push_back(read_interface(r));
    } else if (count != 0) {
      r.fail();
    }
  }
  out.status = r.u32();
  return done(r);
}

void encode_interface_list(const InterfaceListResponse& response, Buffer& out) {
  NdrWriter w(out);
  bool has_list = response.status == error::kSuccess;
  w.pointer(has_list);
  if (has_list) {
    std::size_t count = std::min(response.interfaces.size(), kMaxInterfaces);
    w.u32(static_cast<std::uint32_t>(count));
    w.pointer(count != 0);
    if (count != 0) w.u32(static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) write_interface(w, response.interfaces[i]);
  }
  w.u32(response.status);
}

bool decode_notify_response(Bytes stub, NotifyResponse& out) {
  NdrReader r(stub);
  out = {};
  if (r.unique()) {
    Notification& n = out.notification.emplace();
    std::uint32_t type = r.u32();
    if (type < 1 || type > 4) return false;
    n.type = static_cast<NotificationType>(type);
    std::uint32_t length = r.u32(), count = r.u32();
    ByteVec octets;
    if (r.unique()) octets = r.conformant_octets();
    if (octets.size() != length || !read_messages(octets, count, n)) return false;
  }
  out.status = r.u32();
  return done(r);
}

void encode_notify_response(const NotifyResponse& response, Buffer& out) {
  NdrWriter w(out);
  w.pointer(response.notification.has_value());
  if (response.notification) {
    const Notification& n = *response.notification;
    Buffer messages;
    Writer m(messages);
    bool of_resources = n.type == NotificationType::kResourceChange;
    for (const ResourceChange& change : n.changes)
      if (of_resources) append_change(m, change);
    for (const std::vector<AddressInfo>& list : n.address_lists)
      if (!of_resources) append_addresses(m, list);
    w.u32(static_cast<std::uint32_t>(n.type));
    w.u32(static_cast<std::uint32_t>(messages.size()));
    w.u32(static_cast<std::uint32_t>(of_resources ? n.changes.size() : n.address_lists.size()));
    w.pointer(true);
    w.conformant_octets(messages.view());
  }
  w.u32(response.status);
}

bool decode_status(Bytes stub, std::uint32_t& status) {
  NdrReader r(stub);
  status = r.u32();
  return done(r);
}

void encode_status(std::uint32_t status, Buffer& out) { NdrWriter(out).u32(status); }

}  // namespace holdfast::wire::rpc::witness
