// SPDX-License-Identifier: Apache-2.0
// Who waits for another client's oplock, and is told so; and who does not have to.
#include <gtest/gtest.h>

#include "sim/client/operations.h"
#include "sim/workloads/scene.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;

/// One has a batch oplock and gives it back after a while, the other opens the file.
struct Story {
  Task<bool> enter(Client& client) {
    co_return co_await client.connect() == NtStatus::kSuccess&& co_await client.logon() ==
        NtStatus::kSuccess&& co_await client.tree_connect("data") == NtStatus::kSuccess;
  }
  Task<void> give_back(Client& holder, smb2::FileId id) {
    if (takes_us != 0) co_await ports::sleep_for(holder.loop(), takes_us);
    (void)co_await acknowledge(holder, id, smb2::OplockLevel::kII);
  }
  Task<void> run(Client& holder, Client& other) {
    EXPECT_TRUE(co_await enter(holder) && co_await enter(other));
    OpenArgs args;
    args.path = "file";
    args.oplock = smb2::OplockLevel::kBatch;
    holder.on_oplock_break = [&](const smb2::OplockBreak& b) {
      spawn(give_back(holder, b.file_id));
    };
    Result<OpenFile> held = co_await open(holder, args);
    EXPECT_EQ(held->oplock, smb2::OplockLevel::kBatch);
    args.oplock = smb2::OplockLevel::kNone;
    opened = co_await other.call(create_part(args));
    for (Client* client : {&holder, &other}) {
      (void)co_await client->logoff();
      client->disconnect();
    }
  }

  std::uint64_t takes_us = 0;
  Answer opened;
};

Answer opened_after(std::uint64_t takes_us, std::uint64_t seed) {
  Scene scene(seed);
  Story story{takes_us, {}};
  Client& holder = scene.add_client(scene.some_options("holder"));
  Client& other = scene.add_client(scene.some_options("other"));
  scene.start(story.run(holder, other));
  scene.run();
  EXPECT_FALSE(scene.world().failed()) << scene.world().failure();
  EXPECT_EQ(story.opened.status, NtStatus::kSuccess);
  return story.opened;
}

TEST(Breaks, ThatAreAnsweredAtOnceLetNobodyKnowThatHeWaits) {
  std::size_t pending = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) pending += opened_after(0, seed).was_pending;
  // Answers come in pieces, and some pieces late.
  EXPECT_LE(pending, 4u);
}

/// A client sends what is no message, and keeps its side of the connection open.
Task<void> cut_off(Story& story, Client& holder, Client& other, smb2::OplockLevel& granted) {
  EXPECT_TRUE(co_await story.enter(holder) && co_await story.enter(other));
  OpenArgs args;
  args.path = "file";
  args.oplock = smb2::OplockLevel::kII;
  Result<OpenFile> held = co_await open(holder, args);
  EXPECT_EQ(held->oplock, smb2::OplockLevel::kII);
  const ByteVec garbage = {'e', 'x', 'i', 't', ']'};
  holder.send_octets(garbage, static_cast<std::uint32_t>(garbage.size()));
  co_await ports::sleep_for(other.loop(), 50'000);
  args.oplock = smb2::OplockLevel::kBatch;
  args.disposition = smb2::CreateDisposition::kOverwrite;
  Result<OpenFile> opened = co_await open(other, args);
  granted = opened ? opened->oplock : smb2::OplockLevel::kNone;
  (void)co_await other.logoff();
  other.disconnect();
}

/// As smbtorture's oplock.levelii502 wants it.
TEST(Opens, EndWithTheConnectionThatTheServerEnds) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Scene scene(seed);
    Story story;
    smb2::OplockLevel granted{};
    Client& holder = scene.add_client(scene.some_options("holder"));
    Client& other = scene.add_client(scene.some_options("other"));
    scene.start(cut_off(story, holder, other, granted));
    scene.run();
    EXPECT_EQ(granted, smb2::OplockLevel::kBatch) << seed;
  }
}

TEST(Breaks, ThatTakeTimeAreToldOfByAnInterimResponse) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_TRUE(opened_after(10'000, seed).was_pending) << seed;
}

}  // namespace
}  // namespace holdfast::sim
