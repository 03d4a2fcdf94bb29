// SPDX-License-Identifier: Apache-2.0
#include "core/path/path.h"

#include "base/limits.h"
#include "base/utf16.h"
#include "core/path/private_use.h"

namespace holdfast::core {
namespace {

/// MS-FSCC 2.1.5.2: never in a component, whatever the file system.
bool is_forbidden(char c) {
  auto u = static_cast<unsigned char>(c);
  return u < 0x20 || c == '"' || c == '*' || c == '<' || c == '>' || c == '?' || c == '|' ||
         c == '/';
}

std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (char c : text) {
    auto u = static_cast<unsigned char>(c);
    units += (u & 0xC0) != 0x80;
    units += u >= 0xF0;
  }
  return units;
}

NtStatus check_component(std::string_view name) {
  if (name.empty()) return NtStatus::kObjectNameInvalid;
  for (char c : name)
    if (is_forbidden(c)) return NtStatus::kObjectNameInvalid;
  if (utf16_units(name) > limits::kMaxComponentUnits) return NtStatus::kObjectNameInvalid;
  return NtStatus::kSuccess;
}

/// Takes "name:stream:type" apart (MS-FSCC 2.1.4, 2.1.5.3).
NtStatus split_stream(std::string_view& last, ParsedPath& out) {
  std::size_t colon = last.find(':');
  if (colon == std::string_view::npos) return NtStatus::kSuccess;
  std::string_view stream = last.substr(colon + 1);
  last = last.substr(0, colon);
  std::string_view type;
  if (std::size_t second = stream.find(':'); second != std::string_view::npos) {
    type = stream.substr(second + 1);
    stream = stream.substr(0, second);
    if (type.find(':') != std::string_view::npos) return NtStatus::kObjectNameInvalid;
    if (same_name(type, "$INDEX_ALLOCATION") && (stream.empty() || same_name(stream, "$I30"))) {
      out.is_index_allocation = true;
      return NtStatus::kSuccess;
    }
    if (!same_name(type, "$DATA")) return NtStatus::kObjectNameInvalid;
    out.has_stream_type = true;
  } else if (stream.empty()) {
    return NtStatus::kObjectNameInvalid;
  }
  for (char c : stream)
    if (c == '\0' || c == '/' || c == '\\') return NtStatus::kObjectNameInvalid;
  if (utf16_units(stream) > limits::kMaxComponentUnits) return NtStatus::kObjectNameInvalid;
  out.stream = stream;
  return NtStatus::kSuccess;
}

}  // namespace

Result<ParsedPath> parse_path(std::string_view given) {
  ParsedPath out;
  if (given.empty()) return out;
  // Clients of Unix programs send slashes, and no name can have one: it separates, too.
  std::string utf8_text = to_backslashes(given);
  std::string_view utf8 = utf8_text;
  if (utf8.front() == '\\') return fail(NtStatus::kInvalidParameter);
  if (utf8.back() == '\\') {
    out.trailing_separator = true;
    utf8.remove_suffix(1);
  }
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t end = utf8.find('\\');
    std::string_view part = utf8.substr(0, end);
    bool last = end == std::string_view::npos;
    if (part == "..") {
      if (parts.empty()) return fail(NtStatus::kObjectPathSyntaxBad);
      parts.pop_back();
    } else if (part != ".") {
      if (last)
        if (NtStatus s = split_stream(part, out); s != NtStatus::kSuccess) return fail(s);
      // ":stream" alone is a stream of the root, or in a rename of the file itself.
      bool has_stream = !out.stream.empty() || out.has_stream_type;
      bool root_stream = last && parts.empty() && part.empty() && has_stream;
      if (!root_stream) {
        if (part.find(':') != std::string_view::npos) return fail(NtStatus::kObjectNameInvalid);
        if (NtStatus s = check_component(part); s != NtStatus::kSuccess) return fail(s);
        parts.push_back(part);
      }
    }
    if (parts.size() > limits::kMaxPathDepth) return fail(NtStatus::kObjectNameInvalid);
    if (last) break;
    utf8.remove_prefix(end + 1);
  }
  for (std::string_view part : parts) {
    if (!out.path.empty()) out.path += '/';
    out.path += part;
  }
  return out;
}

Result<ParsedPath> parse_posix_path(std::string_view utf8) {
  ParsedPath out;
  std::vector<std::string_view> parts;
  while (!utf8.empty()) {
    std::size_t end = utf8.find('/');
    std::string_view part = utf8.substr(0, end);
    utf8.remove_prefix(end == std::string_view::npos ? utf8.size() : end + 1);
    out.trailing_separator = end != std::string_view::npos;
    if (part == "..") {
      if (parts.empty()) return fail(NtStatus::kObjectPathSyntaxBad);
      parts.pop_back();
    } else if (!part.empty() && part != ".") {
      if (part.find('\0') != std::string_view::npos ||
          utf16_units(part) > limits::kMaxComponentUnits)
        return fail(NtStatus::kObjectNameInvalid);
      parts.push_back(part);
    }
    if (parts.size() > limits::kMaxPathDepth) return fail(NtStatus::kObjectNameInvalid);
  }
  for (std::string_view part : parts) {
    if (!out.path.empty()) out.path += '/';
    for (std::size_t i = 0; i < part.size(); ++i)
      private_use::append_mapped(out.path, part[i], i + 1 == part.size());
  }
  return out;
}

std::string_view share_of_unc(std::string_view utf8) {
  std::size_t slash = utf8.rfind('\\');
  return slash == std::string_view::npos ? utf8 : utf8.substr(slash + 1);
}

std::string_view last_component(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view parent_path(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string to_backslashes(std::string_view path) {
  std::string out(path);
  for (char& c : out)
    if (c == '/') c = '\\';
  return out;
}

}  // namespace holdfast::core
