// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"

namespace holdfast::compression {

/// Plain LZ77 (MS-XCA 2.3, 2.4); see compress() and decompress() in codec.h.
std::optional<std::size_t> compress_lz77(Bytes in, MutBytes out);
[[nodiscard]] bool decompress_lz77(Bytes in, MutBytes out);

}  // namespace holdfast::compression
