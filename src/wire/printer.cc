// SPDX-License-Identifier: Apache-2.0
#include "wire/printer.h"

#include "base/utf16.h"

namespace holdfast::wire {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

}  // namespace

void Printer::label(std::string_view name) {
  const char last = text_.back();
  if (last != '{' && last != '[') text_.push_back(' ');
  if (name.empty()) return;
  text_.append(name).push_back('=');
}

void Printer::number(std::uint64_t value) {
  if (value < 10) {
    text_.push_back(kDigits[value]);
    return;
  }
  text_.append("0x");
  int shift = 60;
  while ((value >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) text_.push_back(kDigits[value >> shift & 0xF]);
}

void Printer::hex(Bytes octets) {
  for (std::uint8_t octet : octets) {
    text_.push_back(kDigits[octet >> 4]);
    text_.push_back(kDigits[octet & 0xF]);
  }
}

void Printer::text(const char* name, std::string_view value) {
  label(name);
  text_.append(value);
}

void Printer::buffer(const char* name, const Bytes& x) {
  label(name);
  text_.push_back('<');
  text_.append(std::to_string(x.size()));
  if (detail_ == Detail::kOctets) {
    text_.push_back(':');
    hex(x);
  }
  text_.push_back('>');
}

void Printer::name(const Region&, const char* field_name, const Bytes& x) {
  if (detail_ == Detail::kOctets) return buffer(field_name, x);
  label(field_name);
  text_.push_back('"');
  for (char c : utf16le_to_utf8(x)) {
    // A name must not end a line of a log or pretend to be one.
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7F || c == '"') {
      text_.append("\\x");
      text_.push_back(kDigits[octet >> 4]);
      text_.push_back(kDigits[octet & 0xF]);
    } else {
      text_.push_back(c);
    }
  }
  text_.push_back('"');
}

}  // namespace holdfast::wire
