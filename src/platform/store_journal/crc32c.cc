// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/crc32c.h"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace holdfast::platform::store {
namespace {

constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = crc;
  }
  return table;
}();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(Bytes bytes, std::uint32_t before) {
  std::uint64_t crc = ~before;
  const std::uint8_t* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, p += 8) crc = _mm_crc32_u64(crc, load_u64(p));
  auto low = static_cast<std::uint32_t>(crc);
  for (; left != 0; --left, ++p) low = _mm_crc32_u8(low, *p);
  return ~low;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(Bytes bytes, std::uint32_t before) {
  std::uint32_t crc = ~before;
  for (std::uint8_t octet : bytes) crc = crc >> 8 ^ kTable[(crc ^ octet) & 0xFF];
  return ~crc;
}

std::uint32_t crc32c(Bytes bytes, std::uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return crc32c_sse42(bytes, before);
#endif
  return crc32c_portable(bytes, before);
}

}  // namespace holdfast::platform::store
