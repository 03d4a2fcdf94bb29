// SPDX-License-Identifier: Apache-2.0
#include "wire/samba/nt_acl.h"

#include "base/reader.h"

namespace holdfast::wire::samba {
namespace {

// NDR writes some number that is not zero for a pointer that is not NULL.
constexpr std::uint32_t kReferent1 = 0x00020000;
constexpr std::uint32_t kReferent2 = 0x00020004;
constexpr std::size_t kShortHashSize = 16;

void read_array(Reader& r, std::array<std::uint8_t, 64>& to, std::size_t n) {
  Bytes octets = r.bytes(n);
  if (octets.size() == n) std::memcpy(to.data(), octets.data(), n);
}

/// A NUL-terminated string.
std::string read_string(Reader& r) {
  std::string text;
  for (char c = static_cast<char>(r.u8()); r.ok() && c != 0; c = static_cast<char>(r.u8())) {
    text += c;
    if (text.size() > NtAcl::kMaxDescription) r.fail();
  }
  return text;
}

}  // namespace

Result<NtAcl> decode_nt_acl(Bytes xattr) {
  Reader r(xattr);
  NtAcl x;
  x.description.clear();
  x.version = r.u16();
  std::uint16_t tag = r.u16();
  std::uint32_t info = r.u32();
  if (!r.ok() || x.version < 1 || x.version > 4 || tag != x.version || info == 0)
    return fail(NtStatus::kInvalidSecurityDescr);
  if (x.version >= 2) {
    if (r.u32() == 0) r.fail();
    if (x.version == 2) {
      x.hash_type = NtAcl::kHashNone;
      read_array(r, x.hash, kShortHashSize);
    } else {
      x.hash_type = r.u16();
      read_array(r, x.hash, 64);
    }
  }
  if (x.version == 4) {
    x.description = read_string(r);
    r.align(4);
    x.time.ticks = r.u64();
    read_array(r, x.system_acl_hash, 64);
  }
  r.align(4);
  if (!r.ok()) return fail(NtStatus::kInvalidSecurityDescr);
  Result<dtyp::SecurityDescriptor> sd = dtyp::decode_security_descriptor_at(xattr, r.position());
  if (!sd) return fail(NtStatus::kInvalidSecurityDescr);
  x.descriptor = std::move(*sd);
  return x;
}

ByteVec encode(const NtAcl& x) {
  HF_ASSERT(x.version >= 1 && x.version <= 4);
  Buffer out(256 + dtyp::size_of(x.descriptor));
  Writer w(out);
  w.u16(x.version);
  w.u16(x.version);
  w.u32(kReferent1);
  if (x.version >= 2) {
    w.u32(kReferent2);
    if (x.version > 2) w.u16(x.hash_type);
    w.bytes(Bytes(x.hash).first(x.version == 2 ? kShortHashSize : x.hash.size()));
  }
  if (x.version == 4) {
    w.bytes(as_bytes(x.description));
    w.u8(0);
    w.align(4);
    w.u64(x.time.ticks);
    w.bytes(x.system_acl_hash);
  }
  w.align(4);
  dtyp::append_relative_to_writer(x.descriptor, w);
  return to_vec(out.view());
}

}  // namespace holdfast::wire::samba
