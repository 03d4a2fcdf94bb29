// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc/ndr.h"

#include <algorithm>

namespace holdfast::wire::rpc {

NdrReader::Full NdrReader::full(std::uint32_t& referent_id) {
  referent_id = u32();
  if (referent_id == 0) return Full::kNull;
  if (std::find(seen_.begin(), seen_.end(), referent_id) != seen_.end()) return Full::kSeen;
  // The list is searched for every pointer, so its length is bounded apart from the stub's.
  if (seen_.size() >= 256)
    fail();
  else
    seen_.push_back(referent_id);
  return Full::kNew;
}

std::string NdrReader::wide_string() {
  const std::uint32_t maximum = u32();
  const std::uint32_t offset = u32();
  const std::uint32_t count = u32();
  if (offset != 0 || count > maximum || count > kMaxStringUnits) fail();
  Bytes units = ok() ? octets(std::size_t{count} * 2) : Bytes{};
  if (!units.empty()) {
    if (load_u16(units.last(2).data()) != 0) fail();
    units = units.first(units.size() - 2);
  }
  // The text is what C sees of it: impacket sends ten NULs for no name.
  for (std::size_t i = 0; i + 1 < units.size(); i += 2)
    if (load_u16(units.data() + i) == 0) units = units.first(i);
  return ok() ? utf16le_to_utf8(units) : std::string();
}

WidePointer NdrReader::unique_wide_string() {
  if (!unique()) return std::nullopt;
  return wide_string();
}

std::optional<std::uint32_t> NdrReader::unique_u32() {
  if (!unique()) return std::nullopt;
  return u32();
}

std::uint32_t NdrReader::conformance(std::size_t element_size) {
  const std::uint32_t count = u32();
  if (!ok() || count > kMaxArrayElements ||
      count > remaining() / std::max<std::size_t>(element_size, 1))
    return fail(), 0;
  return count;
}

ByteVec NdrReader::conformant_octets() {
  const std::uint32_t count = u32();
  return to_vec(octets(count));
}

void NdrWriter::wide_string(std::string_view utf8) {
  const ByteVec units = to_utf16le(utf8);
  const auto count = static_cast<std::uint32_t>(units.size() / 2 + 1);
  u32(count);
  u32(0);
  u32(count);
  octets(units);
  u16(0);
}

}  // namespace holdfast::wire::rpc
