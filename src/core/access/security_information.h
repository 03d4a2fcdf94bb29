// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "core/access/token.h"
#include "wire/dtyp/security_descriptor.h"

namespace holdfast::core {

/// Rights that Open.GrantedAccess must hold to query (MS-SMB2 3.3.5.20.3) or set (3.3.5.21.3,
/// MS-FSA 2.1.5.17) these SECURITY_INFORMATION parts.
wire::dtyp::AccessMask access_to_query_security(std::uint32_t parts);
wire::dtyp::AccessMask access_to_set_security(std::uint32_t parts);

/// The descriptor with the asked parts only, as QUERY_INFO answers it. kLabel, kAttribute and
/// kScope take the ACEs of their kind out of the SACL.
wire::dtyp::SecurityDescriptor select_parts(const wire::dtyp::SecurityDescriptor& sd,
                                            std::uint32_t parts);

/// The file's descriptor after a SET_INFO of these parts (MS-FSA 2.1.5.17, MS-DTYP 2.5.3.4): owner,
/// group, DACL and SACL replaced as named (of the SACL only ACEs of the named kinds); generic
/// rights mapped, except in inherit-only ACEs; protection as in the given descriptor's control or,
/// before that, the PROTECTED_/UNPROTECTED_ bits of parts. AUTO_INHERITED stays only when
/// AUTO_INHERIT_REQ came with it, as Windows does it. The order of ACEs is the client's. A given
/// descriptor without DACL makes it a NULL DACL: everybody may do everything.
///
/// parent: with UNPROTECTED_DACL, its inheritable ACEs are added when the given DACL has no
/// inherited ones; may be nullptr. Whether the open may do this at all is
/// access_to_set_security()'s matter. Errors: STATUS_INVALID_OWNER (absent, or the token may not
/// give it), STATUS_INVALID_PARAMETER (no group where one is set), STATUS_INVALID_ACL (an ACL of
/// more than 64 KiB), STATUS_PRIVILEGE_NOT_HELD (SACL).
Result<wire::dtyp::SecurityDescriptor> apply_security(const wire::dtyp::SecurityDescriptor& current,
                                                      const wire::dtyp::SecurityDescriptor& given,
                                                      std::uint32_t parts, const AccessToken& token,
                                                      const wire::dtyp::SecurityDescriptor* parent,
                                                      bool is_directory);

}  // namespace holdfast::core
