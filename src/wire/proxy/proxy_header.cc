// SPDX-License-Identifier: Apache-2.0
#include "wire/proxy/proxy_header.h"

#include <algorithm>

#include "base/failover_limits.h"
#include "base/reader.h"
#include "wire/proxy/address_text.h"

namespace holdfast::wire::proxy {
namespace {

constexpr std::string_view kV1Signature = "PROXY ";
constexpr std::array<std::uint8_t, 12> kV2Signature = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                                       0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::size_t kV2Fixed = 16;
constexpr std::uint8_t kVersion2 = 0x20;
constexpr std::uint8_t kCommandLocal = 0, kCommandProxy = 1;
constexpr std::uint8_t kFamilyUnspecified = 0, kFamilyInet = 1, kFamilyInet6 = 2, kFamilyUnix = 3;
constexpr std::uint8_t kTransportUnspecified = 0, kTransportStream = 1;
constexpr std::size_t kUnixOctets = 216;

Parsed malformed(std::string_view why) { return {Progress::kMalformed, {}, 0, why}; }

bool begins_with(Bytes received, Bytes signature) {
  std::size_t size = std::min(received.size(), signature.size());
  return equal(received.first(size), signature.first(size));
}

/// Cuts off what stands before the next space; the whole when there is none.
std::string_view next_word(std::string_view& line) {
  std::size_t space = line.find(' ');
  std::string_view word = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

/// Section 2.1.
Parsed parse_v1(Bytes received) {
  std::string_view text =
      as_text(received.first(std::min(received.size(), limits::kMaxProxyHeaderV1)));
  std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) {
    if (text.size() == limits::kMaxProxyHeaderV1) return malformed("the line is too long");
    return {};
  }
  Parsed out{Progress::kComplete, {}, end + 2, {}};
  std::string_view line = text.substr(kV1Signature.size(), end - kV1Signature.size());
  std::string_view family = next_word(line);
  // Whatever follows it on the line is to be ignored.
  if (family == "UNKNOWN") return out;
  if (family != "TCP4" && family != "TCP6")
    return malformed("it is neither TCP4, TCP6 nor UNKNOWN");
  auto* parse_address = family == "TCP4" ? parse_v4 : parse_v6;
  auto source = parse_address(next_word(line));
  auto destination = parse_address(next_word(line));
  auto source_port = parse_port(next_word(line));
  auto destination_port = parse_port(line);
  if (!source || !destination || !source_port || !destination_port)
    return malformed("an address or a port is malformed");
  out.header.has_addresses = true;
  out.header.source = {*source, *source_port};
  out.header.destination = {*destination, *destination_port};
  return out;
}

AddressOctets read_address(Reader& r, std::uint8_t family) {
  AddressOctets out{};
  std::size_t size = family == kFamilyInet ? 4 : 16;
  if (family == kFamilyInet) std::ranges::copy(kMappedPrefix, out.begin());
  std::ranges::copy(r.bytes(size), out.end() - static_cast<std::ptrdiff_t>(size));
  return out;
}

/// Section 2.2: family and transport of a header that carries a connection.
Parsed parse_v2_addresses(Parsed out, std::uint8_t family, std::uint8_t transport, Bytes body) {
  if (family == kFamilyUnspecified) return out;
  if (transport > 2) return malformed("the transport is unknown");
  if (transport != kTransportStream && transport != kTransportUnspecified)
    return malformed("it is about datagrams");
  if (family == kFamilyUnix)
    return body.size() < kUnixOctets ? malformed("it is too short for its addresses") : out;
  if (family != kFamilyInet && family != kFamilyInet6) return malformed("the family is unknown");
  Reader r(body);
  Header& h = out.header;
  std::size_t size = family == kFamilyInet ? 12 : 36;
  if (body.size() < size) return malformed("it is too short for its addresses");
  h.source.octets = read_address(r, family);
  h.destination.octets = read_address(r, family);
  h.source.port = r.u16_be();
  h.destination.port = r.u16_be();
  h.has_addresses = true;
  return out;
}

/// Section 2.2.
Parsed parse_v2(Bytes received) {
  if (received.size() < kV2Fixed) return {};
  std::uint8_t version = received[12] & 0xF0, command = received[12] & 0x0F;
  std::size_t length = static_cast<std::size_t>(received[14] << 8 | received[15]);
  if (version != kVersion2) return malformed("the version is unknown");
  if (command != kCommandLocal && command != kCommandProxy)
    return malformed("the command is unknown");
  if (kV2Fixed + length > limits::kMaxProxyHeader) return malformed("it is too long");
  if (received.size() < kV2Fixed + length) return {};
  Parsed out{Progress::kComplete, {}, kV2Fixed + length, {}};
  out.header.version = 2;
  if (command == kCommandLocal) return out;
  return parse_v2_addresses(out, received[13] >> 4, received[13] & 0x0F,
                            received.subspan(kV2Fixed, length));
}

void put_be16(ByteVec& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

}  // namespace

bool Address::is_v4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), octets.begin());
}

Parsed parse_proxy_header(Bytes received) {
  if (received.empty()) return {};
  Bytes v1 = as_bytes(kV1Signature);
  if (begins_with(received, v1)) return received.size() < v1.size() ? Parsed{} : parse_v1(received);
  if (begins_with(received, kV2Signature))
    return received.size() < kV2Signature.size() ? Parsed{} : parse_v2(received);
  return malformed("it does not begin with one");
}

std::string encode_v1(const Header& header) {
  if (!header.has_addresses) return "PROXY UNKNOWN\r\n";
  bool v4 = header.source.is_v4() && header.destination.is_v4();
  auto* text = v4 ? v4_text : v6_text;
  return std::string(kV1Signature) + (v4 ? "TCP4 " : "TCP6 ") + text(header.source.octets) + " " +
         text(header.destination.octets) + " " + std::to_string(header.source.port) + " " +
         std::to_string(header.destination.port) + "\r\n";
}

ByteVec encode_v2(const Header& header, Bytes tlvs) {
  bool v4 = header.source.is_v4() && header.destination.is_v4();
  std::size_t skip = v4 ? 12 : 0;
  ByteVec body;
  if (header.has_addresses) {
    for (const Address* a : {&header.source, &header.destination})
      body.insert(body.end(), a->octets.begin() + static_cast<std::ptrdiff_t>(skip),
                  a->octets.end());
    put_be16(body, header.source.port);
    put_be16(body, header.destination.port);
  }
  body.insert(body.end(), tlvs.begin(), tlvs.end());
  ByteVec out(kV2Signature.begin(), kV2Signature.end());
  std::uint8_t family = v4 ? kFamilyInet : kFamilyInet6;
  out.push_back(kVersion2 | (header.has_addresses ? kCommandProxy : kCommandLocal));
  out.push_back(header.has_addresses ? static_cast<std::uint8_t>(family << 4 | kTransportStream)
                                     : 0);
  put_be16(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

}  // namespace holdfast::wire::proxy
