// SPDX-License-Identifier: Apache-2.0
#include "service/witness/witness.h"

/// The operations of MS-SWN 3.1.4.
namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;
namespace witness = wire::rpc::witness;

Bytes stub_of(Call& c) { return c.in.octets(c.in.remaining()); }

std::string sid_of(const Call& c) { return c.client.identity.sid.to_string(); }

std::uint32_t get_interface_list(Call& c) {
  Buffer out(1024);
  witness::encode_interface_list(c.server.witness()->interfaces(c.client.local), out);
  c.out.octets(out.view());
  return 0;
}

std::uint32_t add(Call& c, bool extended) {
  witness::RegisterRequest request;
  if (!witness::decode_register(stub_of(c), extended, request))
    return rpc::fault_status::kBadStubData;
  const core::WitnessOwner owner{sid_of(c), c.client.identity.user,
                                 c.host == nullptr ? 0 : c.host->association_group()};
  Buffer out(64);
  witness::encode_handle_response(c.server.witness()->add(request, extended, owner), out);
  c.out.octets(out.view());
  return 0;
}

std::uint32_t register_client(Call& c) { return add(c, false); }
std::uint32_t register_ex(Call& c) { return add(c, true); }

std::uint32_t unregister(Call& c) {
  witness::ContextHandle handle;
  if (!witness::decode_handle(stub_of(c), handle)) return rpc::fault_status::kBadStubData;
  c.out.u32(c.server.witness()->remove(handle, sid_of(c)));
  return 0;
}

/// The handle goes back as null when it is closed.
std::uint32_t unregister_ex(Call& c) {
  witness::ContextHandle handle;
  if (!witness::decode_handle(stub_of(c), handle)) return rpc::fault_status::kBadStubData;
  witness::HandleResponse response{handle, c.server.witness()->remove(handle, sid_of(c))};
  if (response.status == witness::error::kSuccess) response.handle = {};
  Buffer out(64);
  witness::encode_handle_response(response, out);
  c.out.octets(out.view());
  return 0;
}

std::uint32_t async_notify(Call& c) {
  witness::ContextHandle handle;
  if (!witness::decode_handle(stub_of(c), handle)) return rpc::fault_status::kBadStubData;
  if (c.host == nullptr) return rpc::fault_status::kProtocolError;
  if (auto response = c.server.witness()->notify(handle, sid_of(c), *c.host)) {
    Buffer out(64);
    witness::encode_notify_response(*response, out);
    c.out.octets(out.view());
  }
  return 0;
}

/// A server without the service does not know the interface's operations.
template <Operation operation>
std::uint32_t with_witness(Call& c) {
  return c.server.witness() == nullptr ? rpc::fault_status::kUnknownInterface : operation(c);
}

Operation witness_operation(std::uint16_t opnum) {
  switch (opnum) {
    case witness::opnum::kGetInterfaceList: return with_witness<get_interface_list>;
    case witness::opnum::kRegister: return with_witness<register_client>;
    case witness::opnum::kUnRegister: return with_witness<unregister>;
    case witness::opnum::kAsyncNotify: return with_witness<async_notify>;
    case witness::opnum::kRegisterEx: return with_witness<register_ex>;
    case witness::opnum::kUnRegisterEx: return with_witness<unregister_ex>;
    default: return nullptr;
  }
}

}  // namespace

const Interface kWitness{witness::kInterface, witness_operation, rpc::auth_level::kIntegrity};

}  // namespace holdfast::service::pipes
