// SPDX-License-Identifier: Apache-2.0
#include "wire/dtyp/sid_codec.h"

namespace holdfast::wire::dtyp {

void append(const Sid& sid, Writer& w) {
  w.u8(sid.revision);
  w.u8(sid.count);
  w.u16_be(static_cast<std::uint16_t>(sid.authority >> 32));
  w.u32_be(static_cast<std::uint32_t>(sid.authority));
  for (std::size_t i = 0; i < sid.count; ++i) w.u32(sid.sub[i]);
}

std::optional<Sid> read_sid(Reader& r) {
  Sid sid;
  sid.revision = r.u8();
  sid.count = r.u8();
  std::uint64_t high = r.u16_be();
  sid.authority = high << 32 | r.u32_be();
  if (sid.revision != 1 || sid.count > Sid::kMaxSubAuthorities) r.fail();
  for (std::size_t i = 0; r.ok() && i < sid.count; ++i) sid.sub[i] = r.u32();
  if (!r.ok()) return std::nullopt;
  return sid;
}

}  // namespace holdfast::wire::dtyp
