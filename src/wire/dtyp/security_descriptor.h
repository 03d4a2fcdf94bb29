// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/guid.h"
#include "base/result.h"
#include "base/sid.h"
#include "base/writer.h"
#include "wire/dtyp/access_mask.h"

namespace holdfast::wire::dtyp {

/// ACE_HEADER.AceType (MS-DTYP 2.4.4.1).
enum class AceType : std::uint8_t {
  kAccessAllowed = 0x00,
  kAccessDenied = 0x01,
  kSystemAudit = 0x02,
  kSystemAlarm = 0x03,
  kAccessAllowedCompound = 0x04,
  kAccessAllowedObject = 0x05,
  kAccessDeniedObject = 0x06,
  kSystemAuditObject = 0x07,
  kSystemAlarmObject = 0x08,
  kAccessAllowedCallback = 0x09,
  kAccessDeniedCallback = 0x0A,
  kAccessAllowedCallbackObject = 0x0B,
  kAccessDeniedCallbackObject = 0x0C,
  kSystemAuditCallback = 0x0D,
  kSystemAlarmCallback = 0x0E,
  kSystemAuditCallbackObject = 0x0F,
  kSystemAlarmCallbackObject = 0x10,
  kSystemMandatoryLabel = 0x11,
  kSystemResourceAttribute = 0x12,
  kSystemScopedPolicyId = 0x13,
};

/// ACE_HEADER.AceFlags (MS-DTYP 2.4.4.1).
namespace ace_flags {
inline constexpr std::uint8_t kObjectInherit = 0x01;
inline constexpr std::uint8_t kContainerInherit = 0x02;
inline constexpr std::uint8_t kNoPropagateInherit = 0x04;
inline constexpr std::uint8_t kInheritOnly = 0x08;
inline constexpr std::uint8_t kInherited = 0x10;
inline constexpr std::uint8_t kSuccessfulAccess = 0x40;
inline constexpr std::uint8_t kFailedAccess = 0x80;
}  // namespace ace_flags

/// One ACE of any type (MS-DTYP 2.4.4).
struct Ace {
  /// Object ACEs only: which of the two GUIDs are present (MS-DTYP 2.4.4.3).
  static constexpr std::uint32_t kObjectTypePresent = 0x1;
  static constexpr std::uint32_t kInheritedObjectTypePresent = 0x2;

  AceType type = AceType::kAccessAllowed;
  std::uint8_t flags = 0;
  AccessMask mask = 0;
  Sid sid{};
  std::uint32_t object_flags = 0;
  Guid object_type{};
  Guid inherited_object_type{};
  /// What follows the SID: the condition of a callback ACE, the attribute of a resource attribute
  /// ACE, alignment. For a type that is not known here: the whole body after the ACE header, and
  /// mask and sid are unused.
  ByteVec application_data{};

  bool operator==(const Ace&) const = default;
  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  /// Object ACEs carry Flags and GUIDs between mask and SID.
  bool is_object() const;
  /// True for the types 0x00 to 0x13 without the reserved 0x04, whose layout is decoded.
  bool is_known() const;
};

/// ACL (MS-DTYP 2.4.5). Revision 4 is written when an object ACE is in it.
struct Acl {
  static constexpr std::uint8_t kRevision = 2;
  static constexpr std::uint8_t kRevisionDs = 4;

  std::uint8_t revision = kRevision;
  std::vector<Ace> aces{};

  bool operator==(const Acl&) const = default;
};

/// SECURITY_DESCRIPTOR.Control (MS-DTYP 2.4.6).
namespace control {
inline constexpr std::uint16_t kOwnerDefaulted = 0x0001;
inline constexpr std::uint16_t kGroupDefaulted = 0x0002;
inline constexpr std::uint16_t kDaclPresent = 0x0004;
inline constexpr std::uint16_t kDaclDefaulted = 0x0008;
inline constexpr std::uint16_t kSaclPresent = 0x0010;
inline constexpr std::uint16_t kSaclDefaulted = 0x0020;
inline constexpr std::uint16_t kDaclTrusted = 0x0040;
inline constexpr std::uint16_t kServerSecurity = 0x0080;
inline constexpr std::uint16_t kDaclAutoInheritReq = 0x0100;
inline constexpr std::uint16_t kSaclAutoInheritReq = 0x0200;
inline constexpr std::uint16_t kDaclAutoInherited = 0x0400;
inline constexpr std::uint16_t kSaclAutoInherited = 0x0800;
inline constexpr std::uint16_t kDaclProtected = 0x1000;
inline constexpr std::uint16_t kSaclProtected = 0x2000;
inline constexpr std::uint16_t kRmControlValid = 0x4000;
inline constexpr std::uint16_t kSelfRelative = 0x8000;
}  // namespace control

/// SECURITY_DESCRIPTOR (MS-DTYP 2.4.6) as a value.
///
/// The DACL has three states: not present (control without kDaclPresent: nothing said), NULL
/// (kDaclPresent and no value: everybody may do everything) and a list, which may be empty (nobody
/// may do anything). The SACL likewise. set_dacl() and set_sacl() keep control and value in step.
struct SecurityDescriptor {
  std::uint16_t control = control::kSelfRelative;
  std::optional<Sid> owner{};
  std::optional<Sid> group{};
  std::optional<Acl> dacl{};
  std::optional<Acl> sacl{};

  bool operator==(const SecurityDescriptor&) const = default;
  bool dacl_present() const { return (control & control::kDaclPresent) != 0; }
  bool sacl_present() const { return (control & control::kSaclPresent) != 0; }
  /// A list, or nullopt for a NULL DACL.
  void set_dacl(std::optional<Acl> acl) {
    control |= control::kDaclPresent;
    dacl = std::move(acl);
  }
  void set_sacl(std::optional<Acl> acl) {
    control |= control::kSaclPresent;
    sacl = std::move(acl);
  }
  void clear_dacl() {
    control &= static_cast<std::uint16_t>(~control::kDaclPresent);
    dacl.reset();
  }
  void clear_sacl() {
    control &= static_cast<std::uint16_t>(~control::kSaclPresent);
    sacl.reset();
  }
};

/// Octets that append() will write.
std::size_t size_of(const Ace& ace);
std::size_t size_of(const Acl& acl);
std::size_t size_of(const SecurityDescriptor& sd);

/// Appends the self-relative form: header of 20 octets, then owner, group, SACL, DACL, in the order
/// in which Windows writes them. kSelfRelative is set, kDaclPresent/kSaclPresent as in the value.
/// The value must fit 64 KiB per ACL (true of everything decoded here and checked by the setters in
/// core/access).
void append(const SecurityDescriptor& sd, Writer& w);
ByteVec encode(const SecurityDescriptor& sd);

/// Reads a self-relative security descriptor. Strict: every offset, size and count must lie inside,
/// ACL revisions 2 to 4, SID revision 1, each ACE inside its ACL. Errors:
/// STATUS_INVALID_SECURITY_DESCR, STATUS_INVALID_ACL, STATUS_INVALID_SID, STATUS_UNKNOWN_REVISION.
Result<SecurityDescriptor> decode_security_descriptor(Bytes bytes);

/// The same for a descriptor that stands at offset `at` of a larger blob and whose offsets are
/// counted from the start of that blob, as NDR relative pointers are (Samba's security.NTACL).
Result<SecurityDescriptor> decode_security_descriptor_at(Bytes blob, std::size_t at);
/// The same for writing: offsets are counted from the Writer's begin.
void append_relative_to_writer(const SecurityDescriptor& sd, Writer& w);

/// Reads one ACL at the start of bytes (which may be longer). Errors as above.
Result<Acl> decode_acl(Bytes bytes);

/// SDDL for people (MS-DTYP 2.5.1): "O:BAG:S-1-22-2-0D:PAI(A;OICI;FA;;;WD)". Conditions and
/// resource attributes are shown as their size only.
std::string to_sddl(const SecurityDescriptor& sd);
std::string to_sddl(const Acl& acl);

}  // namespace holdfast::wire::dtyp
