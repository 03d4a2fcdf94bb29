// SPDX-License-Identifier: Apache-2.0
// What a client was told of names through a persistent handle holds when the machine loses its
// power in that moment.
#include <gtest/gtest.h>

#include "sim/workloads/kept_story.h"
#include "wire/fscc/info_class.h"
#include "wire/smb2/set_info.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
using wire::fscc::FileInfoClass;

struct Names {
  bool file = false, link = false, moved = false;
};

enum class Change { kDelete, kLink, kRename };

Part link_part(smb2::FileId id, const std::string& name) {
  Part part = rename_part(id, name, false);
  smb2::SetInfoRequest request;
  EXPECT_TRUE(decode(part.message, request));
  request.file_info_class = static_cast<std::uint8_t>(FileInfoClass::kLink);
  return {smb2::Command::kSetInfo, message_of(request)};
}

Task<void> story(Cluster& cluster, KeptClient& kept, Change change, Names& after) {
  EXPECT_TRUE(co_await kept.come_back());
  KeptFile& file = kept.files().emplace_back();
  file.path = "file";
  KeptOpen* open = co_await kept.open(file, smb2::CreateDisposition::kCreate);
  switch (change) {
    case Change::kDelete:
      EXPECT_TRUE(co_await kept.mark_to_go(*open));
      EXPECT_TRUE(co_await kept.close(*open));
      break;
    case Change::kLink: {
      Answer answer = co_await kept.client().call(link_part(open->id, "link"));
      EXPECT_EQ(answer.status, NtStatus::kSuccess);
      break;
    }
    case Change::kRename: EXPECT_TRUE(co_await kept.rename(*open, "moved")); break;
  }
  cluster.kill(0, ProcessEnd::kPowerLost);
  auto is_there = [&](const char* path) { return cluster.vfs().find(path) != nullptr; };
  after = {is_there("file"), is_there("link"), is_there("moved")};
  cluster.start_server(0);
  EXPECT_TRUE(co_await kept.finish(file));
  co_await kept.leave();
}

Names names_after(Change change, std::uint64_t seed) {
  Names after;
  tell_of_one_client(seed, [&](Cluster& cluster, KeptClient& kept) {
    return story(cluster, kept, change, after);
  });
  return after;
}

TEST(PowerLoss, LeavesWhatWasAnsweredOfNames) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_FALSE(names_after(Change::kDelete, seed).file) << seed;
    EXPECT_TRUE(names_after(Change::kLink, seed).link) << seed;
    Names renamed = names_after(Change::kRename, seed);
    EXPECT_TRUE(renamed.moved && !renamed.file) << seed;
  }
}

}  // namespace
}  // namespace holdfast::sim
