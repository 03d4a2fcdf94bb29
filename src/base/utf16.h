// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast {

/// Names travel as UTF-16LE and live in Holdfast and on disk as UTF-8. An unpaired surrogate, which
/// Windows allows in a name, becomes its three-octet generalised UTF-8 form (WTF-8), so that every
/// UTF-16 name makes the round trip.

/// UTF-16LE octets (an odd last one is ignored) to UTF-8.
std::string utf16le_to_utf8(Bytes utf16le);
/// UTF-8 (or WTF-8) to UTF-16LE octets; nullopt when the text is not valid.
std::optional<ByteVec> utf8_to_utf16le(std::string_view utf8);
/// As utf8_to_utf16le for texts of our own making; invalid octets become U+FFFD.
ByteVec to_utf16le(std::string_view utf8);
/// UTF-8 to UTF-16 code units; invalid octets become U+FFFD.
std::u16string utf8_to_utf16(std::string_view utf8);
std::string utf16_to_utf8(std::u16string_view utf16);
bool is_valid_utf8(std::string_view text);

/// Upper case of one UTF-16 code unit, as a Windows volume's upcase table maps it: one to one,
/// within the basic plane, without locale.
char16_t upcase(char16_t unit);
/// The key under which two names are the same name to Windows: each UTF-16 unit upcased, as UTF-8.
/// Octets that are not UTF-8 are kept as they are.
std::string fold_name(std::string_view utf8);
/// True when both names have the same fold_name; does not allocate for ASCII.
bool same_name(std::string_view a, std::string_view b);

}  // namespace holdfast
