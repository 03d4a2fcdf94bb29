// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ports/network.h"

namespace holdfast::core {

/// The addresses that a client is told to try for further channels (MS-SMB2 3.3.5.15.11): those
/// that somebody listens on (at the port the client has used), and that mean the same to the client
/// as to the server. A loopback or link-local address is told only to a client that has come over
/// one.
///
/// listening: addresses and ports; all zeros is every address, 0.0.0.0 every IPv4 address.
/// local: the server's end of the client's connection.
std::vector<ports::NetworkAddress> channel_addresses(
    const std::vector<ports::NetworkAddress>& machine,
    const std::vector<ports::Endpoint>& listening, const ports::Endpoint& local);

}  // namespace holdfast::core
