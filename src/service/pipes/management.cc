// SPDX-License-Identifier: Apache-2.0
#include "service/pipes/rpc_interface.h"

/// Remote management of an RPC server (C706 appendix Q), which every server has. It tells which
/// interfaces there are, and lets nobody stop it.
namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;

constexpr rpc::SyntaxId kSyntax{rpc::make_uuid("afa8bd80-7d8a-11c9-bef4-08002b102989"), 1, 0};
// error_status_t values.
constexpr std::uint32_t kOk = 0, kAccessDenied = 5, kUnknownAuthenticationService = 1747;

/// rpc__mgmt_inq_if_ids: a vector of pointers to interface ids.
std::uint32_t inquire_interfaces(Call& c) {
  const rpc::SyntaxId ids[] = {c.endpoint == nullptr ? kSyntax : c.endpoint->syntax, kSyntax};
  c.out.pointer(true);
  c.out.u32(std::size(ids));  // conformance
  c.out.u32(std::size(ids));
  for (std::size_t i = 0; i < std::size(ids); ++i) c.out.pointer(true);
  for (const rpc::SyntaxId& id : ids) {
    c.out.align(4);
    c.out.octets(id.uuid.octets);
    c.out.u16(id.version);
    c.out.u16(id.version_minor);
  }
  c.out.u32(kOk);
  return 0;
}

/// rpc__mgmt_inq_stats: calls and packets in and out, which are not counted.
std::uint32_t inquire_statistics(Call& c) {
  const std::uint32_t count = std::min(c.in.u32(), 4u);
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  c.out.u32(count);
  c.out.u32(count);
  for (std::uint32_t i = 0; i < count; ++i) c.out.u32(0);
  c.out.u32(kOk);
  return 0;
}

std::uint32_t is_server_listening(Call& c) {
  c.out.u32(kOk);
  c.out.u32(1);
  return 0;
}

std::uint32_t stop_server_listening(Call& c) {
  c.out.u32(kAccessDenied);
  return 0;
}

/// rpc__mgmt_inq_princ_name: there is no security provider that would have one.
std::uint32_t inquire_principal(Call& c) {
  (void)c.in.u32();
  (void)c.in.u32();
  if (!c.in.ok()) return rpc::fault_status::kBadStubData;
  for (std::uint32_t v : {1u, 0u, 1u}) c.out.u32(v);  // maximum, offset, actual
  c.out.u8(0);
  c.out.u32(kUnknownAuthenticationService);
  return 0;
}

Operation management_operation(std::uint16_t opnum) {
  constexpr Operation kAll[] = {inquire_interfaces, inquire_statistics, is_server_listening,
                                stop_server_listening, inquire_principal};
  return opnum < std::size(kAll) ? kAll[opnum] : nullptr;
}

}  // namespace

const Interface kManagement{kSyntax, management_operation};

}  // namespace holdfast::service::pipes
