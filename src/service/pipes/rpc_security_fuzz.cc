// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/reader.h"
#include "service/pipes/testing/fake_view.h"
#include "service/pipes/testing/rpc_client.h"
#include "wire/rpc/srvs.h"

using namespace holdfast;
using namespace holdfast::service::pipes;
namespace rpc = holdfast::wire::rpc;

namespace {

/// Everything that is answered is a PDU.
void drain(RpcPipe& pipe) {
  while (auto chunk = pipe.read(1u << 20)) HF_ASSERT(rpc::split_pdu(chunk->data).has_value());
}

}  // namespace

/// First octet: bits 0 and 1 the level, bit 2 SPNEGO, bit 3 a log-on before the rest, bit 4 the
/// rest is a stub that is signed or sealed and then spoiled at the place of the second and third
/// octet by the fourth. Else the rest is written as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader r(Bytes{data, size});
  const std::uint8_t how = r.u8();
  const std::size_t place = r.u16();
  const std::uint8_t mask = r.u8();
  if (!r.ok()) return 0;
  testing::LogonWorld world;
  testing::FakeView view;
  RpcPipeOptions options;
  options.interfaces = {&kSrvsvc};
  options.authenticator = world.authenticator.get();
  options.client.identity.is_anonymous = true;
  auto pipe = std::make_shared<RpcPipe>(std::move(options), view);
  constexpr std::uint8_t kLevels[] = {rpc::auth_level::kConnect, rpc::auth_level::kPacket,
                                      rpc::auth_level::kIntegrity, rpc::auth_level::kPrivacy};
  const std::uint8_t level = kLevels[how & 3];
  testing::RpcClient client(
      *pipe, world, (how & 4) != 0 ? rpc::auth_type::kSpnego : rpc::auth_type::kNtlm, level);
  if ((how & 8) != 0) {
    client.bind(rpc::srvs::kInterface);
    HF_ASSERT(pipe->progress().authenticated);
  }
  Bytes rest = r.rest();
  if ((how & 24) == 24) {
    rest = rest.first(std::min<std::size_t>(rest.size(), 4'000));
    ByteVec octets = client.request(2, rpc::srvs::opnum::kRemoteTod, rest);
    octets[place % octets.size()] ^= mask;
    (void)pipe->write(octets);
    auto answer = pipe->read(1u << 20);
    // What was changed and is protected is not answered.
    if (mask != 0 && level >= rpc::auth_level::kPacket && answer)
      HF_ASSERT(rpc::split_pdu(answer->data)->header.type != rpc::PduType::kResponse);
  } else {
    (void)pipe->write(rest);
  }
  drain(*pipe);
  return 0;
}
