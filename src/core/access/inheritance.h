// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "core/access/token.h"
#include "wire/dtyp/security_descriptor.h"

namespace holdfast::core {

/// The descriptor of a new file or directory (MS-DTYP 2.5.3.4): owner and group from the creator or
/// the token; the creator's DACL without its inherited ACEs and, unless it is protected, what the
/// parent's inheritable ACEs give. The SACL likewise.
///
/// parent: nullptr when it has none. creator: the SMB2_CREATE_SD_BUFFER, nullptr when none was
/// sent. The result always has an owner and a group, and a DACL unless the creator sent a NULL one;
/// with nothing inherited and no creator DACL it is that of default_descriptor(). ACEs are marked
/// INHERITED_ACE, and the list AUTO_INHERITED, when the parent's list is AUTO_INHERITED, as Windows
/// does it. Errors: STATUS_INVALID_OWNER when the creator names an owner that the token may not
/// give; STATUS_PRIVILEGE_NOT_HELD for a creator's SACL without SeSecurityPrivilege;
/// STATUS_INVALID_ACL when the result would exceed 64 KiB.
Result<wire::dtyp::SecurityDescriptor> descriptor_of_new_object(
    const wire::dtyp::SecurityDescriptor* parent, const wire::dtyp::SecurityDescriptor* creator,
    const AccessToken& token, bool is_directory);

/// ACEs that an object inherits from a parent's ACL (MS-DTYP 2.5.3.4.2), marked INHERITED_ACE:
/// CREATOR OWNER and CREATOR GROUP replaced and generic rights mapped, the original kept beside as
/// inherit-only for a directory's own children.
wire::dtyp::Acl inherited_acl(const wire::dtyp::Acl& parent, const Sid& owner, const Sid& group,
                              bool is_directory);

/// True when the ACL has an ACE that a child of this kind would inherit.
bool has_inheritable(const wire::dtyp::Acl& acl, bool is_directory);

/// What a new object gets when nothing is inherited: full access for the owner and for SYSTEM.
wire::dtyp::SecurityDescriptor default_descriptor(const AccessToken& token);

/// True when the token may make this SID the owner of something: itself, Administrators when it is
/// one, anybody with SeRestorePrivilege.
bool may_assign_owner(const AccessToken& token, const Sid& owner);

}  // namespace holdfast::core
