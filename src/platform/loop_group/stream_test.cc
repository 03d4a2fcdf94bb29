// SPDX-License-Identifier: Apache-2.0
#include "platform/loop_group/test_support.h"

namespace holdfast::platform::testing {
namespace {

using ports::CloseReason;

INSTANTIATE_TEST_SUITE_P(Kinds, LoopTest, ::testing::Values(LoopKind::kEpoll, LoopKind::kUring),
                         kind_name);

void echo_and_compare(Client& client, std::size_t size, std::uint64_t seed, std::size_t piece) {
  ByteVec sent = pattern(size, seed);
  std::thread writer([&] { EXPECT_TRUE(client.send_split(sent, seed, piece)); });
  ByteVec got = client.receive(size);
  writer.join();
  EXPECT_TRUE(got == sent) << "seed " << seed << ", got " << got.size() << " of " << size;
}

TEST_P(LoopTest, EchoesWhateverTheSizesAndSplits) {
  auto at = serve<EchoHandler>();
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Client client(at);
    std::size_t sizes[] = {1, 4'095, 65'537, 3'000'001};
    for (std::size_t size : sizes)
      echo_and_compare(client, size, seed, 1 + (seed * 9'973) % 70'000);
    client.shut_sending();
    EXPECT_EQ(client.receive_end(), 0);
    EXPECT_EQ(handler(seed - 1)->wait_closed(), CloseReason::kPeer);
  }
}

TEST_P(LoopTest, TwoHundredConnectionsAtOnce) {
  auto at = serve<EchoHandler>();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<Client>(at));
  std::vector<ByteVec> sent;
  for (std::size_t i = 0; i < 200; ++i) {
    sent.push_back(pattern(20'000 + i, i));
    EXPECT_TRUE(clients[i]->send(sent[i]));
  }
  EXPECT_EQ(handler(199) != nullptr, true);
  EXPECT_EQ(group_->connections(), 200u);
  for (std::size_t i = 0; i < 200; ++i) EXPECT_TRUE(clients[i]->receive(sent[i].size()) == sent[i]);
  clients.clear();
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(handler(i)->wait_closed(), CloseReason::kPeer);
}

/// A service manager has copies of sockets: they must not keep a connection that the server ends,
/// and have to show that it has ended.
TEST_P(LoopTest, AConnectionOfWhichThereIsACopyEndsWithItsStream) {
  std::vector<UniqueFd> copies;
  int forgotten = 0;
  options_.outlive = [&](int fd, bool yes) {
    yes ? (void)copies.emplace_back(::dup(fd)) : (void)++forgotten;
  };
  start();
  if (!group_) return;
  auto at = serve<EchoHandler>();
  for (bool reset : {false, true}) {
    Client client(at);
    auto server = handler(reset ? 1 : 0);
    server->on_loop([&] {
      for (bool yes : {true, true, false, false}) server->stream().outlive(yes);
      return 0;
    });
    ASSERT_EQ(copies.size(), 1u);
    EXPECT_EQ(std::exchange(forgotten, 0), 1);
    server->on_loop([&] {
      reset ? server->stream().abort() : server->stream().close();
      return 0;
    });
    EXPECT_EQ(client.receive_end(), 0);
    client.close();
    EXPECT_EQ(server->wait_closed(), CloseReason::kLocal);
    pollfd hung_up{copies[0].get(), 0, 0};
    EXPECT_EQ(::poll(&hung_up, 1, 0), 1);
    copies.clear();
  }
}

TEST_P(LoopTest, APeerThatHasEndedItsSideStillGetsWhatIsQueued) {
  auto at = serve<EchoHandler>();
  Client client(at, 4'096);
  ByteVec sent = pattern(2'000'000, 3);
  std::thread writer([&] {
    EXPECT_TRUE(client.send(sent));
    client.shut_sending();
  });
  EXPECT_TRUE(client.receive(sent.size()) == sent);
  writer.join();
  EXPECT_EQ(client.receive_end(), 0);
  EXPECT_EQ(handler()->wait_closed(), CloseReason::kPeer);
}

class SendsMuch : public TestHandler {
 public:
  void on_started() override {
    for (int i = 0; i < 100; ++i) {
      Buffer megabyte(1u << 20);
      megabyte.append_zeros(1u << 20);
      stream().send(std::move(megabyte));
    }
    EXPECT_EQ(stream().queued(), 100u << 20);
  }
};

TEST_P(LoopTest, AResetWhileMuchIsQueuedEndsTheStream) {
  auto at = serve<SendsMuch>();
  Client client(at);
  EXPECT_EQ(client.receive(3'000'000).size(), 3'000'000u);
  client.reset();
  EXPECT_EQ(handler()->wait_closed(), CloseReason::kError);
}

/// Frames: 4 octets of length, payload. Payloads are received in their place; each is sent back.
class FrameHandler : public TestHandler {
 public:
  MutBytes receive_target() override {
    if (frame_.empty() || filled_ == frame_.size()) return {};
    return MutBytes(frame_).subspan(filled_);
  }
  void on_received(Bytes data) override {
    if (data.data() == frame_.data() + filled_ && !frame_.empty()) {
      ++direct_;
      filled_ += data.size();
      finish_frame();
      return;
    }
    while (!data.empty()) {
      if (frame_.empty()) {
        std::size_t n = std::min(data.size(), 4 - header_.size());
        header_.insert(header_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(n));
        data = data.subspan(n);
        if (header_.size() < 4) return;
        frame_.resize(load_u32(header_.data()));
        filled_ = 0;
        header_.clear();
      }
      std::size_t n = std::min(data.size(), frame_.size() - filled_);
      if (n != 0) std::memcpy(frame_.data() + filled_, data.data(), n);
      filled_ += n;
      data = data.subspan(n);
      finish_frame();
    }
  }
  std::size_t direct() const { return direct_; }

 private:
  void finish_frame() {
    if (filled_ < frame_.size()) return;
    stream().send(Buffer::copy_of(frame_));
    frame_.clear();
    filled_ = 0;
  }
  ByteVec header_;
  ByteVec frame_;
  std::size_t filled_ = 0;
  std::size_t direct_ = 0;
};

ByteVec framed(const std::vector<std::size_t>& sizes, std::uint64_t seed, ByteVec& payloads) {
  ByteVec wire;
  for (std::size_t size : sizes) {
    ByteVec payload = pattern(size, seed++);
    std::uint8_t header[4];
    store_u32(header, static_cast<std::uint32_t>(size));
    wire.insert(wire.end(), header, header + 4);
    wire.insert(wire.end(), payload.begin(), payload.end());
    payloads.insert(payloads.end(), payload.begin(), payload.end());
  }
  return wire;
}

TEST_P(LoopTest, FramesAreReceivedWhereTheyBelong) {
  auto at = serve<FrameHandler>();
  std::mt19937_64 random(7);
  for (std::size_t round = 0; round < 4; ++round) {
    Client client(at);
    // Runs of small frames among large ones, so that the way of receiving changes to and fro.
    std::vector<std::size_t> sizes;
    for (int i = 0; i < 60; ++i)
      sizes.push_back(i % 20 < 12 ? 1 + random() % 3'000 : 1 + random() % 1'500'000);
    ByteVec payloads;
    ByteVec wire = framed(sizes, round * 1'000, payloads);
    std::size_t piece = round == 0 ? wire.size() : round == 1 ? 200'000 : 1'000'000 / round;
    std::thread writer([&] { EXPECT_TRUE(client.send_split(wire, round, piece)); });
    EXPECT_TRUE(client.receive(payloads.size()) == payloads) << "round " << round;
    writer.join();
    auto framing = std::static_pointer_cast<FrameHandler>(handler(round));
    EXPECT_GT(framing->on_loop([&] { return framing->direct(); }), 0u);
  }
}

/// Keeps everything; pauses when told to.
class PausingHandler : public TestHandler {
 public:
  void on_received(Bytes data) override {
    EXPECT_FALSE(paused_);
    TestHandler::on_received(data);
    content_.insert(content_.end(), data.begin(), data.end());
    if (content_.size() < pause_at_) return;
    pause_at_ = SIZE_MAX;
    paused_ = true;
    stream().pause_receiving();
    paused_promise_.set_value();
  }
  void wait_paused() { paused_promise_.get_future().get(); }
  void resume() {
    inside_call_ = paused_ = false;
    stream().resume_receiving();
  }
  std::size_t pause_at_ = 10'000;
  bool paused_ = false;
  ByteVec content_;
  std::promise<void> paused_promise_;
};

TEST_P(LoopTest, APausedStreamTakesNothingAndLosesNothing) {
  auto at = serve<PausingHandler>();
  Client client(at);
  ByteVec sent = pattern(30'000'000, 11);
  EXPECT_TRUE(client.send(Bytes(sent).first(10'000)));
  auto paused = std::static_pointer_cast<PausingHandler>(handler());
  paused->wait_paused();
  // The kernel's buffers fill; more than that nobody takes.
  std::size_t total = 10'000;
  pollfd writable{client.fd(), POLLOUT, 0};
  while (::poll(&writable, 1, 200) == 1) {
    std::size_t n = client.send_until_full(Bytes(sent).subspan(total));
    total += n;
    ASSERT_LT(total, sent.size());
  }
  EXPECT_LE(paused->on_loop([&] { return paused->content_.size(); }), 10'000u);
  std::thread writer([&] {
    EXPECT_TRUE(client.send(Bytes(sent).subspan(total)));
    client.shut_sending();
  });
  paused->on_loop([&] { paused->resume(); });
  writer.join();
  EXPECT_EQ(paused->wait_closed(), CloseReason::kPeer);
  EXPECT_TRUE(paused->content_ == sent);
}

/// Sends 40 MiB, a mebibyte at a time, and stops at 4 MiB queued until told of progress.
class BoundedSender : public TestHandler {
 public:
  static constexpr std::size_t kTotal = 40u << 20;
  void on_started() override { fill(); }
  void on_send_progress() override {
    ++progress_;
    fill();
  }
  void fill() {
    while (stream().queued() < (4u << 20) && sent_ < kTotal) {
      stream().send(Buffer::copy_of(Bytes(content_).subspan(sent_, 1u << 20)));
      sent_ += 1u << 20;
    }
    most_queued_ = std::max(most_queued_, stream().queued());
  }
  ByteVec content_ = pattern(kTotal, 5);
  std::size_t sent_ = 0;
  std::size_t progress_ = 0;
  std::size_t most_queued_ = 0;
};

TEST_P(LoopTest, AReaderThatDoesNotReadHoldsTheSender) {
  auto at = serve<BoundedSender>();
  Client client(at, 64 << 10);
  auto sender = std::static_pointer_cast<BoundedSender>(handler());
  pollfd readable{client.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&readable, 1, 60'000), 1);
  // Two requests to the loop that change nothing: a sender without bounds would have queued all.
  EXPECT_LT(sender->on_loop([&] { return sender->sent_; }), BoundedSender::kTotal);
  EXPECT_LE(sender->on_loop([&] { return sender->most_queued_; }), 5u << 20);
  EXPECT_TRUE(client.receive(BoundedSender::kTotal) == sender->content_);
  EXPECT_GE(sender->on_loop([&] { return sender->progress_; }), 8u);
}

/// Answers the first octets with a mebibyte and closes.
class LastWords : public TestHandler {
 public:
  void on_received(Bytes) override {
    stream().send(Buffer::copy_of(pattern(1u << 20, 21)));
    inside_call_ = true;
    stream().close();
    inside_call_ = false;
    stream().send(Buffer::copy_of(as_bytes("too late")));
  }
};

TEST_P(LoopTest, CloseSendsWhatIsQueuedEvenToAPeerThatStillSends) {
  auto at = serve<LastWords>();
  Client client(at, 16 << 10);
  EXPECT_TRUE(client.send(pattern(300'000, 1)));
  EXPECT_TRUE(client.receive(1u << 20) == pattern(1u << 20, 21));
  EXPECT_EQ(client.receive_end(), 0);
  client.close();
  EXPECT_EQ(handler()->wait_closed(), CloseReason::kLocal);
}

TEST_P(LoopTest, ClosePutsAnEndToAPeerThatNeverReads) {
  options_.flush_limit_us = 100'000;
  start();
  auto at = serve<SendsMuch>();
  Client client(at, 4'096);
  auto sender = handler();
  sender->on_loop([&] { sender->stream().close(); });
  EXPECT_EQ(sender->wait_closed(), CloseReason::kLocal);
}

class Aborter : public TestHandler {
 public:
  void on_received(Bytes) override {
    stream().send(Buffer::copy_of(pattern(100'000, 1)));
    inside_call_ = true;
    stream().abort();
    stream().abort();
    stream().close();
    inside_call_ = false;
  }
};

TEST_P(LoopTest, AbortResetsAtOnce) {
  auto at = serve<Aborter>();
  Client client(at);
  EXPECT_TRUE(client.send(as_bytes("x")));
  EXPECT_EQ(client.receive_end(), -ECONNRESET);
  EXPECT_EQ(handler()->wait_closed(), CloseReason::kLocal);
}

TEST_P(LoopTest, AbortFromOutsideWhileAFrameIsBeingReceived) {
  auto at = serve<FrameHandler>();
  Client client(at);
  ByteVec payloads;
  ByteVec wire = framed({5'000'000}, 1, payloads);
  EXPECT_TRUE(client.send(Bytes(wire).first(1'000'000)));
  auto receiving = handler();
  receiving->on_loop([&] { receiving->stream().abort(); });
  EXPECT_EQ(receiving->wait_closed(), CloseReason::kLocal);
}

TEST_P(LoopTest, AStreamNobodyStartsIsClosed) {
  auto info = group_->listen(loopback(), [](ports::Executor&, std::shared_ptr<ports::Stream>) {});
  ASSERT_TRUE(info);
  Client client(info->bound);
  EXPECT_EQ(client.receive_end(), 0);
}

TEST_P(LoopTest, StopsWithLiveConnectionsOfEveryKind) {
  auto echo = serve<EchoHandler>();
  auto much = serve<SendsMuch>();
  auto frames = serve<FrameHandler>();
  auto pausing = serve<PausingHandler>();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i)
    for (auto& at : {echo, much, frames, pausing}) {
      clients.push_back(std::make_unique<Client>(at));
      EXPECT_TRUE(clients.back()->send(pattern(20'000, 2)));
    }
  for (std::size_t i = 0; i < clients.size(); ++i) handler(i);
  group_->stop(100'000);
  for (std::size_t i = 0; i < clients.size(); ++i) handler(i)->wait_closed();
  EXPECT_EQ(group_->connections(), 0u);
}

}  // namespace
}  // namespace holdfast::platform::testing
