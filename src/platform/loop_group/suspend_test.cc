// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "platform/loop_group/test_support.h"

namespace holdfast::platform::testing {
namespace {

class SuspendTest : public LoopTest {};
INSTANTIATE_TEST_SUITE_P(Kinds, SuspendTest, ::testing::Values(LoopKind::kEpoll, LoopKind::kUring),
                         kind_name);

/// Sends back what it gets, until it is paused.
class Echo final : public ports::StreamHandler {
 public:
  explicit Echo(std::shared_ptr<ports::Stream> stream) : stream_(std::move(stream)) {}
  MutBytes receive_target() override { return {}; }
  void on_received(Bytes data) override { stream_->send(Buffer::copy_of(data)); }
  void on_closed(ports::CloseReason) override { closed.count_down(); }
  std::latch closed{1};

 private:
  std::shared_ptr<ports::Stream> stream_;
};

/// What was under way when a stream stood still is in its image, and another stream on a copy of
/// its socket goes on with it: not an octet is lost or doubled.
TEST_P(SuspendTest, AnotherStreamGoesOnWhereOneStoodStill) {
  std::promise<std::pair<ports::Executor*, std::shared_ptr<ports::Stream>>> accepted;
  std::shared_ptr<Echo> first;
  auto listening =
      group_->listen(ports::Endpoint::v4(127, 0, 0, 1, 0),
                     [&](ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
                       first = std::make_shared<Echo>(stream);
                       stream->start(first);
                       accepted.set_value({&loop, stream});
                     });
  ASSERT_TRUE(listening);
  Client client(listening->bound);
  auto [executor, stream] = accepted.get_future().get();
  EventLoop& loop = static_cast<EventLoop&>(*executor);
  ByteVec sent = pattern(20'000'000, 5);
  std::thread writer([&] { EXPECT_TRUE(client.send(sent)); });
  // Nobody reads the echo yet: soon octets are queued on both sides.
  std::promise<void> still;
  loop.post([&, s = stream] {
    s->pause_receiving();
    s->suspend([&] { still.set_value(); });
  });
  still.get_future().wait();
  group_->park();
  std::optional<ports::StreamImage> image = stream->image();
  int copy = image ? ::fcntl(static_cast<int>(image->handle), F_DUPFD_CLOEXEC, 0) : -1;
  group_->unpark();
  ASSERT_TRUE(image);
  std::shared_ptr<Echo> second;
  loop.post([&, s = stream] {
    // The first lets go of its socket without a word to the peer.
    std::shared_ptr<ports::Stream> next = loop.adopt(UniqueFd(copy));
    second = std::make_shared<Echo>(next);
    next->send(Buffer::copy_of(image->unsent));
    next->send(Buffer::copy_of(image->received));
    next->start(second);
  });
  EXPECT_TRUE(client.receive(sent.size()) == sent);
  writer.join();
  // Shut by the peer, it ends for both.
  client.shut_sending();
  second->closed.wait();
  loop.post([s = stream] { s->abort(); });
  first->closed.wait();
}

TEST_P(SuspendTest, AStreamThatStoodStillGoesOn) {
  std::promise<std::pair<ports::Executor*, std::shared_ptr<ports::Stream>>> accepted;
  std::shared_ptr<Echo> handler;
  auto listening =
      group_->listen(ports::Endpoint::v4(127, 0, 0, 1, 0),
                     [&](ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
                       handler = std::make_shared<Echo>(stream);
                       stream->start(handler);
                       accepted.set_value({&loop, stream});
                     });
  ASSERT_TRUE(listening);
  Client client(listening->bound);
  auto [executor, stream] = accepted.get_future().get();
  ByteVec sent = pattern(5'000'000, 6);
  std::thread writer([&] { EXPECT_TRUE(client.send(sent)); });
  for (int i = 0; i < 20; ++i) {
    std::promise<void> still;
    executor->post([&, s = stream] {
      s->pause_receiving();
      s->suspend([&] { still.set_value(); });
    });
    still.get_future().wait();
    executor->post([s = stream] {
      s->resume();
      s->resume_receiving();
    });
  }
  EXPECT_TRUE(client.receive(sent.size()) == sent);
  writer.join();
  client.shut_sending();
  handler->closed.wait();
}

TEST_P(SuspendTest, WhoConnectsToAPausedListenerWaits) {
  std::latch accepted(1);
  auto listening = group_->listen(ports::Endpoint::v4(127, 0, 0, 1, 0),
                                  [&](ports::Executor&, std::shared_ptr<ports::Stream> stream) {
                                    stream->close();
                                    accepted.count_down();
                                  });
  ASSERT_TRUE(listening);
  group_->pause_listening(true);
  Client client(listening->bound);
  group_->on_all_loops([](EventLoop&) {});
  EXPECT_FALSE(accepted.try_wait());
  group_->pause_listening(false);
  accepted.wait();
}

}  // namespace
}  // namespace holdfast::platform::testing
