// SPDX-License-Identifier: Apache-2.0
#include "base/utf16.h"

#include "base/upcase_table.h"

namespace holdfast {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_high(char32_t c) { return c >= 0xD800 && c <= 0xDBFF; }
bool is_low(char32_t c) { return c >= 0xDC00 && c <= 0xDFFF; }

void append_utf8(std::string& out, char32_t c) {
  auto put = [&out](char32_t octet) { out += static_cast<char>(octet); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | c >> 6), put(0x80 | (c & 63));
  if (c < 0x10000) return put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
  put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 63)), put(0x80 | (c >> 6 & 63)), put(0x80 | (c & 63));
}

struct Decoded {
  char32_t code = kReplacement;
  std::size_t size = 1;
  bool valid = false;
};

/// One code point of generalised UTF-8 (surrogates allowed, overlong forms not).
Decoded decode_utf8(std::string_view text) {
  auto octet = [&text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  std::uint8_t first = octet(0);
  if (first < 0x80) return {first, 1, true};
  std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return {};
  char32_t code = first & (0x7F >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((octet(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (octet(i) & 63);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[size] || code > 0x10FFFF) return {};
  return {code, size, true};
}

template <class Put>
bool each_unit(std::string_view utf8, Put&& put) {
  bool valid = true;
  while (!utf8.empty()) {
    Decoded d = decode_utf8(utf8);
    valid &= d.valid;
    utf8.remove_prefix(d.size);
    if (d.code >= 0x10000) {
      put(static_cast<char16_t>(0xD800 + ((d.code - 0x10000) >> 10)));
      put(static_cast<char16_t>(0xDC00 + ((d.code - 0x10000) & 0x3FF)));
    } else {
      put(static_cast<char16_t>(d.code));
    }
  }
  return valid;
}

template <class Unit>
std::string units_to_utf8(std::size_t count, Unit&& unit) {
  std::string out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    char32_t c = unit(i);
    if (is_high(c) && i + 1 < count && is_low(unit(i + 1))) {
      c = 0x10000 + ((c - 0xD800) << 10) + (unit(i + 1) - 0xDC00);
      ++i;
    }
    append_utf8(out, c);
  }
  return out;
}

}  // namespace

std::string utf16le_to_utf8(Bytes utf16le) {
  return units_to_utf8(utf16le.size() / 2, [utf16le](std::size_t i) -> char32_t {
    return load_u16(utf16le.data() + 2 * i);
  });
}

std::string utf16_to_utf8(std::u16string_view utf16) {
  return units_to_utf8(utf16.size(), [utf16](std::size_t i) -> char32_t { return utf16[i]; });
}

std::optional<ByteVec> utf8_to_utf16le(std::string_view utf8) {
  ByteVec out;
  out.reserve(2 * utf8.size());
  bool valid = each_unit(utf8, [&out](char16_t u) {
    out.push_back(static_cast<std::uint8_t>(u));
    out.push_back(static_cast<std::uint8_t>(u >> 8));
  });
  if (!valid) return std::nullopt;
  return out;
}

ByteVec to_utf16le(std::string_view utf8) {
  ByteVec out;
  out.reserve(2 * utf8.size());
  each_unit(utf8, [&out](char16_t u) {
    out.push_back(static_cast<std::uint8_t>(u));
    out.push_back(static_cast<std::uint8_t>(u >> 8));
  });
  return out;
}

std::u16string utf8_to_utf16(std::string_view utf8) {
  std::u16string out;
  out.reserve(utf8.size());
  each_unit(utf8, [&out](char16_t u) { out += u; });
  return out;
}

bool is_valid_utf8(std::string_view text) {
  return each_unit(text, [](char16_t) {});
}

char16_t upcase(char16_t unit) {
  if (unit < 0x80) return unit >= 'a' && unit <= 'z' ? static_cast<char16_t>(unit - 32) : unit;
  return kUpcasePages[kUpcasePageOf[unit >> 8]][unit & 255] == 0
             ? unit
             : static_cast<char16_t>(unit + kUpcasePages[kUpcasePageOf[unit >> 8]][unit & 255]);
}

std::string fold_name(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    auto c = static_cast<std::uint8_t>(utf8[0]);
    if (c < 0x80) {
      out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
      utf8.remove_prefix(1);
      continue;
    }
    Decoded d = decode_utf8(utf8);
    if (d.valid && d.code < 0x10000) {
      append_utf8(out, upcase(static_cast<char16_t>(d.code)));
    } else {
      out.append(utf8.substr(0, d.size));
    }
    utf8.remove_prefix(d.size);
  }
  return out;
}

bool same_name(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  for (; i < a.size() && i < b.size(); ++i) {
    auto x = static_cast<std::uint8_t>(a[i]), y = static_cast<std::uint8_t>(b[i]);
    if ((x | y) >= 0x80) return fold_name(a.substr(i)) == fold_name(b.substr(i));
    if (upcase(x) != upcase(y)) return false;
  }
  return a.size() == b.size();
}

}  // namespace holdfast
