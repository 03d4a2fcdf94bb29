// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "service/handlers/create_steps.h"
#include "wire/smb2/create_context.h"

namespace holdfast::service::handlers {

/// The encoded chain of create contexts that answer a request's (MS-SMB2 3.3.5.9.x), or nothing.
ByteVec create_context_answers(const CreatePlan& plan, const CreateOutcome& out);

}  // namespace holdfast::service::handlers
