// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/names.h"

#include <climits>
#include <cstdint>

#include "base/limits.h"
#include "base/utf16.h"
#include "core/path/private_use.h"

namespace holdfast::platform::posix {
namespace {

using namespace core::private_use;

constexpr char32_t kOctetBase = 0xF700;

void append_octets(std::string& out, std::string_view octets) {
  for (char c : octets) append(out, kOctetBase + static_cast<std::uint8_t>(c));
}

/// Length of the UTF-8 (WTF-8) sequence at the start of text; 0 when there is none.
std::size_t sequence_size(std::string_view text) {
  auto first = static_cast<std::uint8_t>(text[0]);
  std::size_t size = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  return size <= text.size() && is_valid_utf8(text.substr(0, size)) ? size : 0;
}

/// The character of a three-octet sequence.
char32_t three_octets(std::string_view s) {
  auto octet = [s](std::size_t i) {
    return static_cast<char32_t>(static_cast<std::uint8_t>(s[i]));
  };
  return (octet(0) & 15) << 12 | (octet(1) & 63) << 6 | (octet(2) & 63);
}

bool is_mapping(char32_t c) {
  return (c > kControlBase && c <= kLastPeriod) ||
         (c >= kOctetBase + 0x80 && c <= kOctetBase + 0xFF);
}

bool is_surrogate(char32_t c, char32_t first) { return c >= first && c < first + 0x400; }

bool is_plain_ascii(std::string_view name) {
  for (char c : name)
    if (static_cast<std::int8_t>(c) < 0x20 || kForbidden.find(c) != std::string_view::npos)
      return false;
  return name.empty() || (name.back() != ' ' && name.back() != '.');
}

char unmapped(char32_t c) {
  if (c < kForbiddenBase) return static_cast<char>(c - kControlBase);
  if (c < kLastSpace) return kForbidden[c - kForbiddenBase];
  if (c == kLastSpace) return ' ';
  if (c == kLastPeriod) return '.';
  return static_cast<char>(c - kOctetBase);
}

}  // namespace

std::string to_wire(std::string_view disk) {
  if (is_plain_ascii(disk)) return std::string(disk);
  std::string out;
  out.reserve(disk.size() + 8);
  char32_t previous = 0;
  while (!disk.empty()) {
    std::size_t size = sequence_size(disk);
    char32_t code = size == 3 ? three_octets(disk) : 0;
    // Two surrogates side by side would come back from UTF-16 as one character.
    bool joins = is_surrogate(previous, 0xD800) && is_surrogate(code, 0xDC00);
    if (size == 1) {
      append_mapped(out, disk[0], disk.size() == 1);
    } else if (size == 0) {
      append_octets(out, disk.substr(0, 1));
    } else if (is_mapping(code) || joins) {
      append_octets(out, disk.substr(0, 3));
    } else {
      out += disk.substr(0, size);
    }
    previous = joins ? 0 : code;
    disk.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

Result<std::string> to_disk(std::string_view wire) {
  std::string out;
  out.reserve(wire.size());
  const std::string_view whole = wire;
  bool mapped = false;
  while (!wire.empty()) {
    std::size_t size = sequence_size(wire);
    auto first = static_cast<std::uint8_t>(wire[0]);
    if (size == 0 || first < 0x20 || first == '/' ||
        kForbidden.find(wire[0]) != std::string_view::npos)
      return fail(NtStatus::kObjectNameInvalid);
    if (size == 3 && is_mapping(three_octets(wire))) {
      out += unmapped(three_octets(wire));
      mapped = true;
    } else {
      out += wire.substr(0, size);
    }
    wire.remove_prefix(size);
  }
  // After the mapping: U+F029 alone would be ".".
  if (out.empty() || out == "." || out == ".." || out.size() > NAME_MAX)
    return fail(NtStatus::kObjectNameInvalid);
  // Octets that add up to a character, and periods that are not last: a second name of one file.
  if (mapped && to_wire(out) != whole) return fail(NtStatus::kObjectNameInvalid);
  return out;
}

Result<std::string> path_to_disk(std::string_view wire) {
  std::string out;
  out.reserve(wire.size());
  std::size_t depth = 0;
  while (!wire.empty()) {
    std::size_t end = wire.find('/');
    if (end == wire.size() - 1 || ++depth > limits::kMaxPathDepth)
      return fail(NtStatus::kObjectNameInvalid);
    auto name = to_disk(wire.substr(0, end));
    if (!name) return fail(name.error());
    if (!out.empty()) out += '/';
    out += *name;
    wire.remove_prefix(end == std::string_view::npos ? wire.size() : end + 1);
  }
  return out;
}

std::string path_to_wire(std::string_view disk) {
  if (disk.empty()) return {};
  std::string out;
  for (;;) {
    std::size_t end = disk.find('/');
    out += to_wire(disk.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '/';
    disk.remove_prefix(end + 1);
  }
}

SplitPath split_path(std::string_view path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string join_path(std::string_view parent, std::string_view name) {
  std::string out(parent);
  if (!out.empty() && !name.empty()) out += '/';
  return out += name;
}

}  // namespace holdfast::platform::posix
