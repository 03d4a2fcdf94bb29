// SPDX-License-Identifier: Apache-2.0
#pragma once

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
