// SPDX-License-Identifier: Apache-2.0
#include "wire/dtyp/security_descriptor.h"

namespace holdfast::wire::dtyp {
namespace {

std::string hex(std::uint32_t value) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string digits;
  do digits.insert(digits.begin(), kHex[value & 15]);
  while ((value >>= 4) != 0);
  return "0x" + digits;
}

std::string sid_text(const Sid& sid) {
  struct Alias {
    const Sid& sid;
    const char* text;
  };
  const Alias aliases[] = {{sids::kEveryone, "WD"},     {sids::kCreatorOwner, "CO"},
                           {sids::kCreatorGroup, "CG"}, {sids::kOwnerRights, "OW"},
                           {sids::kNetwork, "NU"},      {sids::kAnonymous, "AN"},
                           {sids::kSystem, "SY"},       {sids::kAuthenticatedUsers, "AU"},
                           {sids::kBuiltinUsers, "BU"}, {sids::kBuiltinAdministrators, "BA"},
                           {sids::kBuiltinGuests, "BG"}};
  for (const Alias& alias : aliases)
    if (alias.sid == sid) return alias.text;
  return sid.to_string();
}

std::string type_text(AceType type) {
  switch (type) {
    case AceType::kAccessAllowed: return "A";
    case AceType::kAccessDenied: return "D";
    case AceType::kSystemAudit: return "AU";
    case AceType::kSystemAlarm: return "AL";
    case AceType::kAccessAllowedObject: return "OA";
    case AceType::kAccessDeniedObject: return "OD";
    case AceType::kSystemAuditObject: return "OU";
    case AceType::kSystemAlarmObject: return "OL";
    case AceType::kAccessAllowedCallback: return "XA";
    case AceType::kAccessDeniedCallback: return "XD";
    case AceType::kAccessAllowedCallbackObject: return "ZA";
    case AceType::kSystemAuditCallback: return "XU";
    case AceType::kSystemMandatoryLabel: return "ML";
    case AceType::kSystemResourceAttribute: return "RA";
    case AceType::kSystemScopedPolicyId: return "SP";
    default: return hex(static_cast<std::uint32_t>(type));
  }
}

std::string flags_text(std::uint8_t flags) {
  struct Name {
    std::uint8_t bit;
    const char* text;
  };
  static constexpr Name kNames[] = {
      {ace_flags::kContainerInherit, "CI"},   {ace_flags::kObjectInherit, "OI"},
      {ace_flags::kNoPropagateInherit, "NP"}, {ace_flags::kInheritOnly, "IO"},
      {ace_flags::kInherited, "ID"},          {ace_flags::kSuccessfulAccess, "SA"},
      {ace_flags::kFailedAccess, "FA"}};
  std::string text;
  for (const Name& name : kNames)
    if (flags & name.bit) text += name.text;
  return text;
}

std::string mask_text(AccessMask mask) {
  switch (mask) {
    case access::kFileAll: return "FA";
    case access::kFileGenericRead: return "FR";
    case access::kFileGenericWrite: return "FW";
    case access::kFileGenericExecute: return "FX";
    case access::kGenericAll: return "GA";
    case access::kGenericRead: return "GR";
    case access::kGenericWrite: return "GW";
    case access::kGenericExecute: return "GX";
    default: return hex(mask);
  }
}

std::string ace_text(const Ace& ace) {
  std::string text = "(" + type_text(ace.type) + ";" + flags_text(ace.flags) + ";";
  if (!ace.is_known())
    return text + ";;;[" + std::to_string(ace.application_data.size()) + " octets])";
  text += mask_text(ace.mask) + ";";
  if (ace.is_object() && (ace.object_flags & Ace::kObjectTypePresent))
    text += ace.object_type.to_string();
  text += ";";
  if (ace.is_object() && (ace.object_flags & Ace::kInheritedObjectTypePresent))
    text += ace.inherited_object_type.to_string();
  text += ";" + sid_text(ace.sid);
  if (!ace.application_data.empty())
    text += ";[" + std::to_string(ace.application_data.size()) + " octets]";
  return text + ")";
}

}  // namespace

std::string to_sddl(const Acl& acl) {
  std::string text;
  for (const Ace& ace : acl.aces) text += ace_text(ace);
  return text;
}

std::string to_sddl(const SecurityDescriptor& sd) {
  std::string text;
  if (sd.owner) text += "O:" + sid_text(*sd.owner);
  if (sd.group) text += "G:" + sid_text(*sd.group);
  auto part = [&](const char* name, const std::optional<Acl>& acl, std::uint16_t isprotected,
                  std::uint16_t request, std::uint16_t inherited) {
    text += name;
    if (sd.control & isprotected) text += "P";
    if (sd.control & request) text += "AR";
    if (sd.control & inherited) text += "AI";
    text += acl ? to_sddl(*acl) : "NO_ACCESS_CONTROL";
  };
  if (sd.dacl_present())
    part("D:", sd.dacl, control::kDaclProtected, control::kDaclAutoInheritReq,
         control::kDaclAutoInherited);
  if (sd.sacl_present())
    part("S:", sd.sacl, control::kSaclProtected, control::kSaclAutoInheritReq,
         control::kSaclAutoInherited);
  return text;
}

}  // namespace holdfast::wire::dtyp
