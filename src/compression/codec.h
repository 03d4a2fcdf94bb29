// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace holdfast::compression {

/// The algorithms of SMB 3.1.1 that turn octets into fewer octets, with their numbers there
/// (MS-SMB2 2.2.3.1.3).
enum class Algorithm : std::uint16_t {
  kLznt1 = 1,
  kLz77 = 2,
  kLz77Huffman = 3,
  kLz4 = 5,
};

/// Compresses `in` into `out` and returns the octets written; nullopt when they do not fit. A
/// caller who wants to gain gives less room than `in` has. `in` has less than 2 GiB.
std::optional<std::size_t> compress(Algorithm algorithm, Bytes in, MutBytes out);

/// Decompresses `in` into `out`, all of which it must fill exactly; false when it does not, or is
/// malformed. Nothing outside of `out` is written, whatever `in` says; on failure its content is
/// unspecified.
[[nodiscard]] bool decompress(Algorithm algorithm, Bytes in, MutBytes out);

/// Whether compressing `data` with this algorithm is likely to make it smaller by an eighth,
/// judged by a few samples.
bool looks_compressible(Algorithm algorithm, Bytes data);

/// Octets at the front of `data` that equal its first octet, and at its end that equal its last one
/// (MS-SMB2 3.1.4.4.1).
std::size_t run_at_front(Bytes data);
std::size_t run_at_back(Bytes data);

}  // namespace holdfast::compression
