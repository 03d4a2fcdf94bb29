// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "ports/stream.h"

namespace holdfast::platform {

/// An address that an interface has.
struct ConfiguredAddress {
  std::string interface;
  ports::Endpoint address;
  /// Of 32 or 128.
  unsigned prefix_length = 0;
};

/// The interface whose network the address is in; of several, that of the longest prefix, and of
/// those the first. An address that is there itself counts as the longest of all.
std::optional<std::string> choose_interface(const std::vector<ConfiguredAddress>& configured,
                                            const ports::Endpoint& address);

}  // namespace holdfast::platform
