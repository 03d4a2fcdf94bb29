// SPDX-License-Identifier: Apache-2.0
#include "wire/dtyp/security_descriptor.h"

#include "wire/dtyp/sid_codec.h"

namespace holdfast::wire::dtyp {
namespace {

constexpr std::size_t kAceHeaderSize = 4;
constexpr std::size_t kAclHeaderSize = 8;
constexpr std::size_t kHeaderSize = 20;

std::size_t round_up_4(std::size_t n) { return (n + 3) & ~std::size_t{3}; }

/// STATUS of a SID that could not be read: a bad one, or a truncated buffer.
Result<Sid> sid_at(Bytes blob, std::size_t offset) {
  Reader r(blob);
  r.seek(offset);
  if (r.remaining() < 8 || !r.ok()) return fail(NtStatus::kInvalidSecurityDescr);
  std::optional<Sid> sid = read_sid(r);
  if (!sid) return fail(NtStatus::kInvalidSid);
  return *sid;
}

/// body: the octets of the ACE behind its header.
bool read_ace_body(Bytes body, Ace& ace) {
  if (!ace.is_known()) {
    ace.application_data = to_vec(body);
    return true;
  }
  Reader r(body);
  ace.mask = r.u32();
  if (ace.is_object()) {
    ace.object_flags = r.u32();
    if (ace.object_flags & Ace::kObjectTypePresent) ace.object_type = Guid::from(r.bytes(16));
    if (ace.object_flags & Ace::kInheritedObjectTypePresent)
      ace.inherited_object_type = Guid::from(r.bytes(16));
  }
  std::optional<Sid> sid = read_sid(r);
  if (!sid) return false;
  ace.sid = *sid;
  ace.application_data = to_vec(r.rest());
  return r.ok();
}

void append_ace(const Ace& ace, Writer& w) {
  std::size_t size = size_of(ace);
  HF_ASSERT(size <= 0xFFFF);
  std::size_t begin = w.position();
  w.u8(static_cast<std::uint8_t>(ace.type));
  w.u8(ace.flags);
  w.u16(static_cast<std::uint16_t>(size));
  if (ace.is_known()) {
    w.u32(ace.mask);
    if (ace.is_object()) {
      w.u32(ace.object_flags);
      if (ace.object_flags & Ace::kObjectTypePresent) w.bytes(ace.object_type.view());
      if (ace.object_flags & Ace::kInheritedObjectTypePresent)
        w.bytes(ace.inherited_object_type.view());
    }
    append(ace.sid, w);
  }
  w.bytes(ace.application_data);
  w.zeros(begin + size - w.position());
}

void append_acl(const Acl& acl, Writer& w) {
  std::size_t size = size_of(acl);
  HF_ASSERT(size <= 0xFFFF);
  std::uint8_t revision = acl.revision;
  for (const Ace& ace : acl.aces)
    if (ace.is_object() && revision < Acl::kRevisionDs) revision = Acl::kRevisionDs;
  w.u8(revision);
  w.u8(0);
  w.u16(static_cast<std::uint16_t>(size));
  w.u16(static_cast<std::uint16_t>(acl.aces.size()));
  w.u16(0);
  for (const Ace& ace : acl.aces) append_ace(ace, w);
}

/// Offsets are written as counted from `base`, a position of the writer.
void append_from(const SecurityDescriptor& sd, Writer& w, std::size_t base) {
  std::size_t header = w.position();
  w.u8(1);
  w.u8(0);
  std::uint16_t flags = sd.control | control::kSelfRelative;
  if (sd.dacl) flags |= control::kDaclPresent;
  if (sd.sacl) flags |= control::kSaclPresent;
  w.u16(flags);
  w.zeros(16);
  auto here = [&](std::size_t field) {
    w.patch_u32(header + field, static_cast<std::uint32_t>(w.position() - base));
  };
  if (sd.owner) here(4), append(*sd.owner, w);
  if (sd.group) here(8), append(*sd.group, w);
  if (sd.sacl) here(12), append_acl(*sd.sacl, w);
  if (sd.dacl) here(16), append_acl(*sd.dacl, w);
}

}  // namespace

bool Ace::is_object() const {
  switch (type) {
    case AceType::kAccessAllowedObject:
    case AceType::kAccessDeniedObject:
    case AceType::kSystemAuditObject:
    case AceType::kSystemAlarmObject:
    case AceType::kAccessAllowedCallbackObject:
    case AceType::kAccessDeniedCallbackObject:
    case AceType::kSystemAuditCallbackObject:
    case AceType::kSystemAlarmCallbackObject: return true;
    default: return false;
  }
}

bool Ace::is_known() const {
  return type <= AceType::kSystemScopedPolicyId && type != AceType::kAccessAllowedCompound;
}

std::size_t size_of(const Ace& ace) {
  std::size_t size = kAceHeaderSize + ace.application_data.size();
  if (ace.is_known()) size += 4 + size_of(ace.sid);
  if (ace.is_object()) {
    size += 4;
    if (ace.object_flags & Ace::kObjectTypePresent) size += 16;
    if (ace.object_flags & Ace::kInheritedObjectTypePresent) size += 16;
  }
  return round_up_4(size);
}

std::size_t size_of(const Acl& acl) {
  std::size_t size = kAclHeaderSize;
  for (const Ace& ace : acl.aces) size += size_of(ace);
  return size;
}

std::size_t size_of(const SecurityDescriptor& sd) {
  std::size_t size = kHeaderSize;
  if (sd.owner) size += size_of(*sd.owner);
  if (sd.group) size += size_of(*sd.group);
  if (sd.sacl) size += size_of(*sd.sacl);
  if (sd.dacl) size += size_of(*sd.dacl);
  return size;
}

void append(const SecurityDescriptor& sd, Writer& w) { append_from(sd, w, w.position()); }

void append_relative_to_writer(const SecurityDescriptor& sd, Writer& w) { append_from(sd, w, 0); }

ByteVec encode(const SecurityDescriptor& sd) {
  Buffer buffer(size_of(sd));
  Writer w(buffer);
  append(sd, w);
  return to_vec(buffer.view());
}

Result<Acl> decode_acl(Bytes bytes) {
  Reader header(bytes);
  Acl acl;
  acl.revision = header.u8();
  header.skip(1);
  std::size_t size = header.u16();
  std::size_t count = header.u16();
  header.skip(2);
  if (!header.ok() || size < kAclHeaderSize || size > bytes.size())
    return fail(NtStatus::kInvalidAcl);
  if (acl.revision < 2 || acl.revision > 4) return fail(NtStatus::kUnknownRevision);

  Reader r(bytes.first(size));
  r.seek(kAclHeaderSize);
  if (count > r.remaining() / kAceHeaderSize) return fail(NtStatus::kInvalidAcl);
  acl.aces.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Ace ace;
    ace.type = static_cast<AceType>(r.u8());
    ace.flags = r.u8();
    std::size_t ace_size = r.u16();
    if (!r.ok() || ace_size < kAceHeaderSize || ace_size % 4 != 0)
      return fail(NtStatus::kInvalidAcl);
    Bytes body = r.bytes(ace_size - kAceHeaderSize);
    if (!r.ok() || !read_ace_body(body, ace)) return fail(NtStatus::kInvalidAcl);
    acl.aces.push_back(std::move(ace));
  }
  return acl;
}

Result<SecurityDescriptor> decode_security_descriptor_at(Bytes blob, std::size_t at) {
  Reader r(blob);
  r.seek(at);
  std::uint8_t revision = r.u8();
  r.skip(1);
  SecurityDescriptor sd;
  sd.control = r.u16() | control::kSelfRelative;
  std::size_t owner = r.u32(), group = r.u32(), sacl = r.u32(), dacl = r.u32();
  if (!r.ok()) return fail(NtStatus::kInvalidSecurityDescr);
  if (revision != 1) return fail(NtStatus::kUnknownRevision);

  for (std::size_t offset : {owner, group, sacl, dacl})
    if (offset != 0 && (offset < at + kHeaderSize || offset > blob.size()))
      return fail(NtStatus::kInvalidSecurityDescr);
  if (owner != 0) {
    Result<Sid> sid = sid_at(blob, owner);
    if (!sid) return fail(sid.error());
    sd.owner = *sid;
  }
  if (group != 0) {
    Result<Sid> sid = sid_at(blob, group);
    if (!sid) return fail(sid.error());
    sd.group = *sid;
  }
  if (sacl != 0 && sd.sacl_present()) {
    Result<Acl> acl = decode_acl(blob.subspan(sacl));
    if (!acl) return fail(acl.error());
    sd.sacl = std::move(*acl);
  }
  if (dacl != 0 && sd.dacl_present()) {
    Result<Acl> acl = decode_acl(blob.subspan(dacl));
    if (!acl) return fail(acl.error());
    sd.dacl = std::move(*acl);
  }
  return sd;
}

Result<SecurityDescriptor> decode_security_descriptor(Bytes bytes) {
  return decode_security_descriptor_at(bytes, 0);
}

}  // namespace holdfast::wire::dtyp
