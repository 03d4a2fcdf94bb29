// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/server_to_client_notification.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(ServerToClientNotification);

}  // namespace holdfast::wire::smb2
