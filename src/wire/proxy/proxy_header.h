// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast::wire::proxy {

/// An IPv6 or IPv4-mapped address in network order, and a port.
struct Address {
  std::array<std::uint8_t, 16> octets{};
  std::uint16_t port = 0;

  bool is_v4() const;
  bool operator==(const Address&) const = default;
};

struct Header {
  std::uint8_t version = 1;
  /// False: the proxy speaks for itself (LOCAL, a health check), or knows no addresses; they are
  /// then zeros.
  bool has_addresses = false;
  /// The client.
  Address source;
  /// What it connected to.
  Address destination;

  bool operator==(const Header&) const = default;
};

enum class Progress : std::uint8_t { kComplete, kIncomplete, kMalformed };

struct Parsed {
  Progress progress = Progress::kIncomplete;
  Header header;
  /// Octets of the header, when complete.
  std::size_t size = 0;
  /// What is wrong, when malformed; static.
  std::string_view error;
};

/// Parses the beginning of a connection. Never incomplete with limits::kMaxProxyHeader octets.
Parsed parse_proxy_header(Bytes received);

/// "PROXY TCP4 192.0.2.1 198.51.100.1 50000 445\r\n"; of addresses of two kinds as TCP6.
std::string encode_v1(const Header& header);
/// Version 2 with such octets behind the addresses.
ByteVec encode_v2(const Header& header, Bytes tlvs = {});

}  // namespace holdfast::wire::proxy
