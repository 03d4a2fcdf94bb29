// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>

#include "ports/stream.h"

namespace holdfast::ports {

/// An IP address that moves between machines.
struct MovingAddress {
  /// The port is not used.
  Endpoint address;
  /// Bits of the network, of 32 or 128; 0: the address alone.
  unsigned prefix_length = 0;
  /// Empty: the interface whose network the address is in.
  std::string interface;
};

/// Gives this machine an address and takes it away. The errors are sentences for an administrator.
/// Calls may block for a moment (run_blocking); from any thread.
class AddressHolder {
 public:
  virtual ~AddressHolder() = default;

  struct Held {
    std::string interface;
    unsigned prefix_length = 0;
    /// The machine had it before.
    bool was_there = false;
  };
  /// The address is this machine's when it returns; there is no wait for duplicates: whoever calls
  /// knows that the earlier holder is gone.
  virtual std::expected<Held, std::string> take(const MovingAddress& address) = 0;
  /// An address that is not there is no error.
  virtual std::expected<void, std::string> release(const MovingAddress& address) = 0;
  /// Tells the neighbours once where the address is now (gratuitous ARP, RFC 5227 3; unsolicited
  /// neighbour advertisement, RFC 4861 7.2.6). For an address that this machine has.
  virtual std::expected<void, std::string> announce(const MovingAddress& address) = 0;
};

}  // namespace holdfast::ports
