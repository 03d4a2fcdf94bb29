// SPDX-License-Identifier: Apache-2.0
#include "sim/client/operations.h"
#include "sim/workloads/workload.h"

namespace holdfast::sim {
namespace {

Task<void> story(Client& client) {
  Host& world = client.world();
  auto expect = [&world](NtStatus status, const char* what) {
    if (status != NtStatus::kSuccess) world.fail(std::string(what) + ": " + to_string(status));
    return status == NtStatus::kSuccess;
  };
  if (!expect(co_await client.connect(), "NEGOTIATE")) co_return;
  if (!expect(co_await client.logon(), "SESSION_SETUP")) co_return;
  if (!expect(co_await client.tree_connect("data"), "TREE_CONNECT")) co_return;
  OpenArgs args;
  args.path = "a file";
  Result<OpenFile> file = co_await open(client, args);
  if (!file) {
    expect(file.error(), "CREATE");
    co_return;
  }
  ByteVec data(client.rng().between(1, 60'000));
  // Some of it is worth compressing.
  auto mask = static_cast<std::uint8_t>(client.rng().one_in(2) ? 0xFF : 3);
  for (std::uint8_t& octet : data) octet = static_cast<std::uint8_t>(client.rng().u64() & mask);
  expect(co_await write(client, file->id, 0, data), "WRITE");
  Result<ByteVec> back = co_await read(client, file->id, 0, 65'536);
  if (!back || !equal(*back, data)) world.fail("what was read is not what was written");
  expect(co_await close(client, file->id), "CLOSE");
  expect(co_await client.logoff(), "LOGOFF");
  client.disconnect();
}

}  // namespace

void run_basic(Scene& scene, const RunOptions&) {
  scene.start(story(scene.add_client(scene.some_options("client"))));
  scene.run();
  scene.expect_nothing_left();
}

}  // namespace holdfast::sim
