// SPDX-License-Identifier: Apache-2.0
#include "wire/samba/dos_attrib.h"

#include "base/reader.h"
#include "base/writer.h"

namespace holdfast::wire::samba {
namespace {

constexpr std::uint16_t kVersion = 5;

/// "0x22": what Samba before version 1 of the structure wrote, and a prefix of versions 1 to 3.
Result<DosAttrib> decode_text(std::string_view text) {
  if (!text.starts_with("0x") || text.size() < 3 || text.size() > 10)
    return fail(NtStatus::kInvalidParameter);
  DosAttrib x;
  x.valid_flags = DosAttrib::kAttribValid;
  for (char c : text.substr(2)) {
    int lower = c | 32;
    int digit = c >= '0' && c <= '9'           ? c - '0'
                : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                               : -1;
    if (digit < 0) return fail(NtStatus::kInvalidParameter);
    x.attributes = x.attributes << 4 | static_cast<std::uint32_t>(digit);
  }
  return x;
}

/// The structure behind version and union tag, whose fields NDR aligns to at most 4 octets.
void read_info(std::uint16_t version, Reader& r, DosAttrib& x) {
  constexpr std::uint32_t kAll = DosAttrib::kAttribValid | DosAttrib::kEaSizeValid |
                                 DosAttrib::kSizeValid | DosAttrib::kAllocSizeValid |
                                 DosAttrib::kCreateTimeValid | DosAttrib::kChangeTimeValid;
  r.align(4);
  switch (version) {
    case 1:
      x.valid_flags = kAll;
      x.attributes = r.u32();
      r.skip(4 + 8 + 8);
      break;
    case 2:
      x.valid_flags = kAll;
      r.skip(4);
      x.attributes = r.u32();
      r.skip(4 + 8 + 8);
      break;
    case 3:
      x.valid_flags = r.u32();
      x.attributes = r.u32();
      r.skip(4 + 8 + 8);
      break;
    case 4:
      x.valid_flags = r.u32();
      x.attributes = r.u32();
      r.skip(8);
      break;
    case kVersion:
      x.valid_flags = r.u32();
      x.attributes = r.u32();
      break;
    default: r.fail(); break;
  }
  x.create_time.ticks = r.u64();
  // Versions 1 to 3 have the change time behind, version 2 the write time and a name too.
  if (version <= 3) r.skip(8);
  if (version == 2) r.skip(8);
}

}  // namespace

Result<DosAttrib> decode_dos_attrib(Bytes xattr) {
  std::string_view text = as_text(xattr);
  std::size_t end = text.find('\0');
  if (end == std::string_view::npos) return decode_text(text);
  if (end + 1 == text.size() && end != 0) return decode_text(text.substr(0, end));

  Reader r(xattr);
  r.skip(end + 1);
  r.align(2);
  std::uint16_t version = r.u16();
  std::uint16_t tag = r.u16();
  DosAttrib x;
  read_info(version, r, x);
  if (!r.ok() || tag != version) return fail(NtStatus::kInvalidParameter);
  return x;
}

ByteVec encode(const DosAttrib& x) {
  Buffer out(24);
  Writer w(out);
  // An empty attrib_hex string, aligned.
  w.u16(0);
  w.u16(kVersion);
  w.u16(kVersion);
  w.align(4);
  w.u32(x.valid_flags & (DosAttrib::kAttribValid | DosAttrib::kCreateTimeValid));
  w.u32(x.attributes);
  w.u64(x.create_time.ticks);
  return to_vec(out.view());
}

}  // namespace holdfast::wire::samba
