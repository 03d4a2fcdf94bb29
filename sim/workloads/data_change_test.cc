// SPDX-License-Identifier: Apache-2.0
// What changes data by an FSCTL is to others what a WRITE is.
#include <gtest/gtest.h>

#include "sim/client/operations.h"
#include "sim/workloads/workload.h"
#include "wire/fscc/fsctl.h"
#include "wire/smb2/change_notify.h"
#include "wire/smb2/fsctl.h"
#include "wire/smb2/ioctl.h"
#include "wire/smb2/ioctl_payload.h"

namespace holdfast::sim {
namespace {

namespace smb2 = wire::smb2;
namespace Fsctl = smb2::Fsctl;

template <class T>
ByteVec octets_of(const T& value) {
  Buffer out;
  Writer writer(out);
  if constexpr (requires { append(value, writer); })
    append(value, writer);
  else
    encode(value, writer);
  return to_vec(out);
}

/// One reads with a level II oplock, the other changes the data.
struct Story {
  explicit Story(std::uint32_t by) : code(by) {}

  Task<bool> enter(Client& client) {
    co_return co_await client.connect() == NtStatus::kSuccess&& co_await client.logon() ==
        NtStatus::kSuccess&& co_await client.tree_connect("data") == NtStatus::kSuccess;
  }

  Task<NtStatus> change(Client& client, smb2::FileId target, smb2::FileId source) {
    ByteVec input;
    if (code == Fsctl::kSetZeroData) {
      input = octets_of(wire::fscc::ZeroDataInformation{0, 8});
    } else {
      Answer key = co_await client.call(ioctl_part(source, Fsctl::kSrvRequestResumeKey, {}, 32));
      smb2::IoctlResponse response;
      if (!decode(key.message, response) || response.output.size() < 24)
        co_return NtStatus::kUnsuccessful;
      smb2::SrvCopychunkCopy copy;
      std::copy_n(response.output.begin(), copy.source_key.size(), copy.source_key.begin());
      copy.chunks.push_back({0, 0, 8});
      input = octets_of(copy);
    }
    co_return (co_await client.call(ioctl_part(target, code, input, 64))).status;
  }

  Task<void> run(Client& reader, Client& writer) {
    EXPECT_TRUE(co_await enter(reader) && co_await enter(writer));
    OpenArgs args;
    args.path = "source";
    Result<OpenFile> source = co_await open(writer, args);
    EXPECT_EQ(co_await sim::write(writer, source->id, 0, ByteVec(64, 7)), NtStatus::kSuccess);
    args.path = "target";
    Result<OpenFile> target = co_await open(writer, args);
    EXPECT_EQ(co_await sim::write(writer, target->id, 0, ByteVec(64, 9)), NtStatus::kSuccess);

    reader.on_oplock_break = [this](const smb2::OplockBreak& b) { broken_to = b.oplock_level; };
    args.oplock = smb2::OplockLevel::kII;
    Result<OpenFile> cached = co_await open(reader, args);
    EXPECT_EQ(cached->oplock, smb2::OplockLevel::kII);
    EXPECT_EQ(co_await change(writer, target->id, source->id), NtStatus::kSuccess);
    Result<ByteVec> now = co_await sim::read(reader, cached->id, 0, 8);
    EXPECT_EQ(*now, ByteVec(8, code == Fsctl::kSetZeroData ? 0 : 7));
    for (Client* client : {&reader, &writer}) {
      (void)co_await client->logoff();
      client->disconnect();
    }
  }

  const std::uint32_t code;
  std::optional<smb2::OplockLevel> broken_to;
};

class DataChange : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(DataChange, OthersLetGoOfWhatTheyCache) {
  Scene scene(3);
  Client& reader = scene.add_client(scene.some_options("reader"));
  Client& writer = scene.add_client(scene.some_options("writer"));
  Story story(GetParam());
  scene.start(story.run(reader, writer));
  scene.run();
  EXPECT_FALSE(scene.world().failed());
  EXPECT_EQ(story.broken_to, smb2::OplockLevel::kNone);
}

INSTANTIATE_TEST_SUITE_P(Codes, DataChange,
                         ::testing::Values(Fsctl::kSetZeroData, Fsctl::kSrvCopychunk,
                                           Fsctl::kSrvCopychunkWrite));

}  // namespace
}  // namespace holdfast::sim
