// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"

namespace holdfast::compression {

/// LZ77+Huffman (MS-XCA 2.1, 2.2); see compress() and decompress() in codec.h.
std::optional<std::size_t> compress_lz77_huffman(Bytes in, MutBytes out);
[[nodiscard]] bool decompress_lz77_huffman(Bytes in, MutBytes out);

}  // namespace holdfast::compression
