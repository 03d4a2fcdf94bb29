// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/dtyp/security_descriptor.h"

namespace holdfast::core {

/// What an ACE does in a check, whatever its layout.
enum class AceKind : std::uint8_t {
  kAllow,
  kDeny,
  /// Audit, alarm, label, attribute, policy and unknown types: not part of an access decision.
  kOther,
};

inline AceKind kind_of(const wire::dtyp::Ace& ace) {
  using wire::dtyp::AceType;
  switch (ace.type) {
    case AceType::kAccessAllowed:
    case AceType::kAccessAllowedObject:
    case AceType::kAccessAllowedCallback:
    case AceType::kAccessAllowedCallbackObject: return AceKind::kAllow;
    case AceType::kAccessDenied:
    case AceType::kAccessDeniedObject:
    case AceType::kAccessDeniedCallback:
    case AceType::kAccessDeniedCallbackObject: return AceKind::kDeny;
    default: return AceKind::kOther;
  }
}

/// Callback ACEs have a condition, which is not evaluated here.
inline bool is_conditional(const wire::dtyp::Ace& ace) {
  return ace.type >= wire::dtyp::AceType::kAccessAllowedCallback &&
         ace.type <= wire::dtyp::AceType::kSystemAlarmCallbackObject;
}

}  // namespace holdfast::core
