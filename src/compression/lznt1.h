// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"

namespace holdfast::compression {

/// LZNT1 (MS-XCA 2.5); see compress() and decompress() in codec.h.
std::optional<std::size_t> compress_lznt1(Bytes in, MutBytes out);
[[nodiscard]] bool decompress_lznt1(Bytes in, MutBytes out);

}  // namespace holdfast::compression
