// SPDX-License-Identifier: Apache-2.0
#include "app/config/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <sstream>

namespace holdfast::app {

std::optional<ports::Endpoint> parse_address(std::string_view address, std::uint16_t port) {
  if (address == "*") address = "::";
  if (address == "localhost") address = "127.0.0.1";
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  std::string text(address);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    std::uint8_t octets[4];
    std::memcpy(octets, &v4, 4);
    return ports::Endpoint::v4(octets[0], octets[1], octets[2], octets[3], port);
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return std::nullopt;
  ports::Endpoint endpoint;
  std::memcpy(endpoint.address.data(), &v6, 16);
  endpoint.port = port;
  return endpoint;
}

std::optional<ports::AddressRange> parse_address_range(std::string_view text) {
  std::size_t slash = text.find('/');
  std::optional<ports::Endpoint> base = parse_address(text.substr(0, slash), 0);
  if (!base || text.starts_with('*')) return std::nullopt;
  ports::AddressRange range{*base, 128};
  if (slash == std::string_view::npos) return range;
  std::string_view bits = text.substr(slash + 1);
  unsigned length = 0, longest = base->is_v4() ? 32 : 128;
  auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), length);
  if (error != std::errc() || end != bits.data() + bits.size() || length > longest)
    return std::nullopt;
  range.prefix_length = length + 128 - longest;
  for (unsigned bit = range.prefix_length; bit < 128; ++bit)
    if ((base->address[bit / 8] & (0x80 >> bit % 8)) != 0) return std::nullopt;
  return range;
}

std::optional<ports::MovingAddress> parse_moving_address(std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::optional<ports::Endpoint> address = parse_address(text.substr(0, slash), 0);
  if (!address || *address == ports::Endpoint{}) return std::nullopt;
  std::string_view bits = text.substr(slash + 1);
  unsigned length = 0;
  auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), length);
  if (error != std::errc() || end != bits.data() + bits.size() || length == 0 ||
      length > (address->is_v4() ? 32u : 128u))
    return std::nullopt;
  return ports::MovingAddress{*address, length, ""};
}

std::optional<ports::NetworkAddress> parse_channel_address(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string word;
  words >> word;
  std::optional<ports::Endpoint> address = parse_address(word, 0);
  if (!address || *address == ports::Endpoint{}) return std::nullopt;
  ports::NetworkAddress out{*address, 0, 1'000'000'000, false};
  while (words >> word) {
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    std::string_view unit(end, word.data() + word.size());
    if (word == "rss") {
      out.rss = true;
    } else if (error == std::errc() && number != 0 && number <= 1'000'000 &&
               (unit == "Mbit" || unit == "Gbit")) {
      out.bits_per_second = number * (unit == "Mbit" ? 1'000'000 : 1'000'000'000);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace holdfast::app
