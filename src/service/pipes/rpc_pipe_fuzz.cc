// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/reader.h"
#include "service/pipes/rpc_pipe.h"
#include "service/pipes/testing/fake_view.h"

using namespace holdfast;
using namespace holdfast::service::pipes;

// One octet: bit 0 and bit 4 the pipe, bit 1 an administrator, bit 2 anonymous, bit 3 bound
// already; the rest is written, a message after the other as their fragment lengths say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader r(Bytes{data, size});
  const std::uint8_t how = r.u8();
  if (!r.ok()) return 0;
  testing::FakeView view;
  ports::PipeClient client;
  client.identity.is_administrator = (how & 2) != 0;
  client.identity.is_anonymous = (how & 4) != 0;
  const Interface* const interfaces[] = {&kSrvsvc, &kWkssvc, &kLsarpc, &kManagement};
  const Interface& interface = *interfaces[(how & 1) | (how >> 3 & 2)];
  RpcPipeOptions options;
  options.secondary_address = "\\PIPE\\fuzz";
  options.interfaces = {&interface};
  options.client = client;
  RpcPipe pipe(std::move(options), view);
  if ((how & 8) != 0) {
    wire::rpc::Bind bind{4280, 2048, 0, {{0, interface.syntax, {wire::rpc::kNdr32}}}};
    HF_ASSERT(pipe.write(wire::rpc::encode_bind({}, bind)).has_value());
  }
  (void)pipe.write(r.rest());
  std::size_t left = pipe.available();
  ByteVec message;
  while (left != 0) {
    auto chunk = pipe.read(100);
    HF_ASSERT(chunk && chunk->data.size() <= left);
    left -= chunk->data.size();
    HF_ASSERT(pipe.available() == left);
    message.insert(message.end(), chunk->data.begin(), chunk->data.end());
    if (chunk->more) continue;
    HF_ASSERT(wire::rpc::split_pdu(message).has_value());
    message.clear();
  }
  return 0;
}
