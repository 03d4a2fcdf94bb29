// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/header.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {

HF_WIRE_IMPLEMENT(Header);

std::string_view name_of(Command command) {
  static constexpr std::string_view kNames[kCommandCount] = {
      "NEGOTIATE",     "SESSION_SETUP", "LOGOFF",   "TREE_CONNECT", "TREE_DISCONNECT",
      "CREATE",        "CLOSE",         "FLUSH",    "READ",         "WRITE",
      "LOCK",          "IOCTL",         "CANCEL",   "ECHO",         "QUERY_DIRECTORY",
      "CHANGE_NOTIFY", "QUERY_INFO",    "SET_INFO", "OPLOCK_BREAK", "SERVER_TO_CLIENT_NOTIFICATION",
  };
  const auto number = static_cast<std::size_t>(command);
  return number < kCommandCount ? kNames[number] : "?";
}

ProtocolId protocol_of(Bytes frame_content) {
  if (frame_content.size() < 4) return ProtocolId::kUnknown;
  switch (load_u32(frame_content.data())) {
    case 0x424D53FF: return ProtocolId::kSmb1;
    case 0x424D53FE: return ProtocolId::kSmb2;
    case 0x424D53FD: return ProtocolId::kTransform;
    case 0x424D53FC: return ProtocolId::kCompression;
    default: return ProtocolId::kUnknown;
  }
}

}  // namespace holdfast::wire::smb2
