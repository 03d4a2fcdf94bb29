// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace holdfast::platform::store {

/// CRC-32C (Castagnoli; RFC 3720 appendix B.4) of `bytes`, continued from the CRC of what was
/// before.
std::uint32_t crc32c(Bytes bytes, std::uint32_t before = 0);

/// The same without the processor's instruction, for the test that compares both.
std::uint32_t crc32c_portable(Bytes bytes, std::uint32_t before = 0);

}  // namespace holdfast::platform::store
