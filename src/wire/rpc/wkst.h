// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "wire/rpc/envelopes.h"
#include "wire/rpc/pdu.h"

/// Structures of the Workstation Service Remote Protocol (MS-WKST 2.2.5).
namespace holdfast::wire::rpc::wkst {

inline constexpr SyntaxId kInterface{make_uuid("6bffd098-a112-3610-9833-46c3f87e345a"), 1, 0};

/// Operation numbers (MS-WKST 3.2.4).
namespace opnum {
inline constexpr std::uint16_t kWkstaGetInfo = 0;
inline constexpr std::uint16_t kWkstaUserEnum = 2;
inline constexpr std::uint16_t kWkstaTransportEnum = 5;
inline constexpr std::uint16_t kUseEnum = 11;
// Of no use from afar; Windows answers them nevertheless.
inline constexpr std::uint16_t kLogonDomainNameAdd = 14;
inline constexpr std::uint16_t kLogonDomainNameDel = 15;
inline constexpr std::uint16_t kJoinDomain = 16;
inline constexpr std::uint16_t kUnjoinDomain = 17;
inline constexpr std::uint16_t kRenameMachineInDomain = 18;
inline constexpr std::uint16_t kValidateName = 19;
inline constexpr std::uint16_t kGetJoinInformation = 20;
inline constexpr std::uint16_t kGetJoinableOus = 21;
inline constexpr std::uint16_t kEnumerateComputerNames = 30;
}  // namespace opnum

struct WkstaInfo100 {
  std::uint32_t platform_id = 0;
  WidePointer computer_name;
  WidePointer langroup;
  std::uint32_t version_major = 0;
  std::uint32_t version_minor = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(platform_id));
    v.field(HF_FIELD(computer_name));
    v.field(HF_FIELD(langroup));
    v.field(HF_FIELD(version_major));
    v.field(HF_FIELD(version_minor));
  }
};

struct WkstaInfo101 {
  WkstaInfo100 base;
  WidePointer lanroot;
  void describe(this auto& self, auto& v) {
    self.base.describe(v);
    v.field(HF_FIELD(lanroot));
  }
};

struct WkstaInfo102 {
  WkstaInfo101 base;
  std::uint32_t logged_on_users = 0;
  void describe(this auto& self, auto& v) {
    self.base.describe(v);
    v.field(HF_FIELD(logged_on_users));
  }
};

/// MS-WKST 2.2.5.4: the settings of a client's redirector, 20 numbers and 15 flags.
struct WkstaInfo502 {
  std::array<std::uint32_t, 35> settings{};
  void describe(this auto& self, auto& v) {
    for (auto& setting : self.settings) v.field("setting", setting);
  }
};

/// NETSETUP_JOIN_STATUS (MS-WKST 2.2.3.3).
inline constexpr std::uint16_t kJoinedWorkgroup = 2;

/// NET_COMPUTER_NAME_TYPE (MS-WKST 2.2.3.4).
namespace computer_names {
inline constexpr std::uint16_t kPrimary = 0;
inline constexpr std::uint16_t kAlternate = 1;
inline constexpr std::uint16_t kAll = 2;
}  // namespace computer_names

/// One connection that the machine has made as a client (MS-WKST 2.2.5.21).
struct UseInfo0 {
  WidePointer local;
  WidePointer remote;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(local));
    v.field(HF_FIELD(remote));
  }
};

struct WkstaUserInfo0 {
  WidePointer username;
  void describe(this auto& self, auto& v) { v.field(HF_FIELD(username)); }
};

struct WkstaUserInfo1 {
  WidePointer username;
  WidePointer logon_domain;
  WidePointer other_domains;
  WidePointer logon_server;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(username));
    v.field(HF_FIELD(logon_domain));
    v.field(HF_FIELD(other_domains));
    v.field(HF_FIELD(logon_server));
  }
};

struct WkstaTransportInfo0 {
  std::uint32_t quality_of_service = 0;
  std::uint32_t number_of_vcs = 0;
  WidePointer transport_name;
  WidePointer transport_address;
  std::uint32_t wan_ish = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(quality_of_service));
    v.field(HF_FIELD(number_of_vcs));
    v.field(HF_FIELD(transport_name));
    v.field(HF_FIELD(transport_address));
    v.field(HF_FIELD(wan_ish));
  }
};

}  // namespace holdfast::wire::rpc::wkst
