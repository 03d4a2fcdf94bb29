// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/rpc/envelopes.h"
#include "wire/rpc/pdu.h"

/// Structures of the Server Service Remote Protocol (MS-SRVS 2.2.4).
namespace holdfast::wire::rpc::srvs {

inline constexpr SyntaxId kInterface{make_uuid("4b324fc8-1670-01d3-1278-5a47bf6ee188"), 3, 0};

/// Operation numbers (MS-SRVS 3.1.4).
namespace opnum {
inline constexpr std::uint16_t kConnectionEnum = 8;
inline constexpr std::uint16_t kFileEnum = 9;
inline constexpr std::uint16_t kFileGetInfo = 10;
inline constexpr std::uint16_t kFileClose = 11;
inline constexpr std::uint16_t kSessionEnum = 12;
inline constexpr std::uint16_t kSessionDel = 13;
inline constexpr std::uint16_t kShareAdd = 14;
inline constexpr std::uint16_t kShareEnum = 15;
inline constexpr std::uint16_t kShareGetInfo = 16;
inline constexpr std::uint16_t kShareSetInfo = 17;
inline constexpr std::uint16_t kShareDel = 18;
inline constexpr std::uint16_t kShareCheck = 20;
inline constexpr std::uint16_t kServerGetInfo = 21;
inline constexpr std::uint16_t kServerDiskEnum = 23;
inline constexpr std::uint16_t kServerTransportEnum = 26;
inline constexpr std::uint16_t kRemoteTod = 28;
inline constexpr std::uint16_t kPathType = 30;
inline constexpr std::uint16_t kNameValidate = 33;
inline constexpr std::uint16_t kShareEnumSticky = 36;
}  // namespace opnum

/// shi*_type (MS-SRVS 2.2.2.4).
namespace share_type {
inline constexpr std::uint32_t kDisk = 0;
inline constexpr std::uint32_t kIpc = 3;
inline constexpr std::uint32_t kSpecial = 0x80000000;
}  // namespace share_type

/// shi1005_flags (MS-SRVS 2.2.4.29).
namespace share_flag {
inline constexpr std::uint32_t kAccessBasedEnumeration = 0x0800;
inline constexpr std::uint32_t kEncryptData = 0x8000;
inline constexpr std::uint32_t kCompressData = 0x00100000;
}  // namespace share_flag

struct ShareInfo0 {
  WidePointer netname;
  void describe(this auto& self, auto& v) { v.field(HF_FIELD(netname)); }
};

struct ShareInfo1 {
  WidePointer netname;
  std::uint32_t type = 0;
  WidePointer remark;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(netname));
    v.field(HF_FIELD(type));
    v.field(HF_FIELD(remark));
  }
};

struct ShareInfo2 {
  WidePointer netname;
  std::uint32_t type = 0;
  WidePointer remark;
  std::uint32_t permissions = 0;
  std::uint32_t max_uses = 0xFFFFFFFF;
  std::uint32_t current_uses = 0;
  WidePointer path;
  WidePointer passwd;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(netname));
    v.field(HF_FIELD(type));
    v.field(HF_FIELD(remark));
    v.field(HF_FIELD(permissions));
    v.field(HF_FIELD(max_uses));
    v.field(HF_FIELD(current_uses));
    v.field(HF_FIELD(path));
    v.field(HF_FIELD(passwd));
  }
};

struct ShareInfo501 {
  WidePointer netname;
  std::uint32_t type = 0;
  WidePointer remark;
  std::uint32_t flags = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(netname));
    v.field(HF_FIELD(type));
    v.field(HF_FIELD(remark));
    v.field(HF_FIELD(flags));
  }
};

struct ShareInfo502 {
  ShareInfo2 base;
  /// Octets of the descriptor.
  std::uint32_t reserved = 0;
  OctetsPointer security_descriptor;
  void describe(this auto& self, auto& v) {
    self.base.describe(v);
    v.field(HF_FIELD(reserved));
    v.field(HF_FIELD(security_descriptor));
  }
};

struct ShareInfo503 {
  ShareInfo2 base;
  WidePointer servername;
  std::uint32_t reserved = 0;
  OctetsPointer security_descriptor;
  void describe(this auto& self, auto& v) {
    self.base.describe(v);
    v.field(HF_FIELD(servername));
    v.field(HF_FIELD(reserved));
    v.field(HF_FIELD(security_descriptor));
  }
};

struct ShareInfo1005 {
  std::uint32_t flags = 0;
  void describe(this auto& self, auto& v) { v.field(HF_FIELD(flags)); }
};

struct ServerInfo100 {
  std::uint32_t platform_id = 0;
  WidePointer name;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(platform_id));
    v.field(HF_FIELD(name));
  }
};

struct ServerInfo101 {
  std::uint32_t platform_id = 0;
  WidePointer name;
  std::uint32_t version_major = 0;
  std::uint32_t version_minor = 0;
  std::uint32_t type = 0;
  WidePointer comment;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(platform_id));
    v.field(HF_FIELD(name));
    v.field(HF_FIELD(version_major));
    v.field(HF_FIELD(version_minor));
    v.field(HF_FIELD(type));
    v.field(HF_FIELD(comment));
  }
};

struct ServerInfo102 {
  ServerInfo101 base;
  std::uint32_t users = 0;
  /// Minutes until an idle session ends; all ones: never.
  std::uint32_t disconnect_minutes = 0xFFFFFFFF;
  std::uint32_t hidden = 0;
  std::uint32_t announce = 0;
  std::uint32_t announce_delta = 0;
  std::uint32_t licenses = 0;
  WidePointer user_path;
  void describe(this auto& self, auto& v) {
    self.base.describe(v);
    v.field(HF_FIELD(users));
    v.field(HF_FIELD(disconnect_minutes));
    v.field(HF_FIELD(hidden));
    v.field(HF_FIELD(announce));
    v.field(HF_FIELD(announce_delta));
    v.field(HF_FIELD(licenses));
    v.field(HF_FIELD(user_path));
  }
};

struct SessionInfo0 {
  WidePointer cname;
  void describe(this auto& self, auto& v) { v.field(HF_FIELD(cname)); }
};

/// sesi*_user_flags (MS-SRVS 2.2.2.3).
inline constexpr std::uint32_t kSessionGuest = 1;

struct SessionInfo1 {
  WidePointer cname;
  WidePointer username;
  std::uint32_t num_opens = 0;
  std::uint32_t time_s = 0;
  std::uint32_t idle_time_s = 0;
  std::uint32_t user_flags = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(cname));
    v.field(HF_FIELD(username));
    v.field(HF_FIELD(num_opens));
    v.field(HF_FIELD(time_s));
    v.field(HF_FIELD(idle_time_s));
    v.field(HF_FIELD(user_flags));
  }
};

struct SessionInfo2 {
  SessionInfo1 base;
  WidePointer client_type;
  void describe(this auto& self, auto& v) {
    self.base.describe(v);
    v.field(HF_FIELD(client_type));
  }
};

struct SessionInfo10 {
  WidePointer cname;
  WidePointer username;
  std::uint32_t time_s = 0;
  std::uint32_t idle_time_s = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(cname));
    v.field(HF_FIELD(username));
    v.field(HF_FIELD(time_s));
    v.field(HF_FIELD(idle_time_s));
  }
};

struct SessionInfo502 {
  SessionInfo2 base;
  WidePointer transport;
  void describe(this auto& self, auto& v) {
    self.base.describe(v);
    v.field(HF_FIELD(transport));
  }
};

struct FileInfo2 {
  std::uint32_t id = 0;
  void describe(this auto& self, auto& v) { v.field(HF_FIELD(id)); }
};

/// fi3_permissions (MS-SRVS 2.2.4.7).
inline constexpr std::uint32_t kFileRead = 1;
inline constexpr std::uint32_t kFileWrite = 2;

struct FileInfo3 {
  std::uint32_t id = 0;
  std::uint32_t permissions = 0;
  std::uint32_t num_locks = 0;
  WidePointer path_name;
  WidePointer user_name;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(id));
    v.field(HF_FIELD(permissions));
    v.field(HF_FIELD(num_locks));
    v.field(HF_FIELD(path_name));
    v.field(HF_FIELD(user_name));
  }
};

struct ConnectionInfo0 {
  std::uint32_t id = 0;
  void describe(this auto& self, auto& v) { v.field(HF_FIELD(id)); }
};

struct ConnectionInfo1 {
  std::uint32_t id = 0;
  std::uint32_t type = 0;
  std::uint32_t num_opens = 0;
  std::uint32_t num_users = 0;
  std::uint32_t time_s = 0;
  WidePointer username;
  WidePointer netname;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(id));
    v.field(HF_FIELD(type));
    v.field(HF_FIELD(num_opens));
    v.field(HF_FIELD(num_users));
    v.field(HF_FIELD(time_s));
    v.field(HF_FIELD(username));
    v.field(HF_FIELD(netname));
  }
};

struct ServerTransportInfo0 {
  std::uint32_t number_of_vcs = 0;
  WidePointer transport_name;
  OctetsPointer transport_address;
  std::uint32_t transport_address_length = 0;
  WidePointer network_address;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(number_of_vcs));
    v.field(HF_FIELD(transport_name));
    v.field(HF_FIELD(transport_address));
    v.field(HF_FIELD(transport_address_length));
    v.field(HF_FIELD(network_address));
  }
};

/// TIME_OF_DAY_INFO (MS-SRVS 2.2.4.105).
struct TimeOfDay {
  std::uint32_t elapsed_s = 0;
  std::uint32_t milliseconds = 0;
  std::uint32_t hours = 0;
  std::uint32_t minutes = 0;
  std::uint32_t seconds = 0;
  std::uint32_t hundredths = 0;
  /// Minutes west of UTC.
  std::uint32_t timezone = 0;
  /// Ticks of the clock, in 0.0001 s.
  std::uint32_t interval = 310;
  std::uint32_t day = 0;
  std::uint32_t month = 0;
  std::uint32_t year = 0;
  /// 0 = Sunday.
  std::uint32_t weekday = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(elapsed_s));
    v.field(HF_FIELD(milliseconds));
    v.field(HF_FIELD(hours));
    v.field(HF_FIELD(minutes));
    v.field(HF_FIELD(seconds));
    v.field(HF_FIELD(hundredths));
    v.field(HF_FIELD(timezone));
    v.field(HF_FIELD(interval));
    v.field(HF_FIELD(day));
    v.field(HF_FIELD(month));
    v.field(HF_FIELD(year));
    v.field(HF_FIELD(weekday));
  }
};

}  // namespace holdfast::wire::rpc::srvs
