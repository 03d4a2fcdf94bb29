// SPDX-License-Identifier: Apache-2.0
#include "platform/loop_group/test_support.h"

namespace holdfast::platform::testing {
namespace {

class DisorderTest : public LoopTest {};
INSTANTIATE_TEST_SUITE_P(Kinds, DisorderTest, ::testing::Values(LoopKind::kEpoll, LoopKind::kUring),
                         kind_name);

/// Does everything a user of a stream may do, in an order that a seed decides, and checks the
/// octets: the peer sends octet i as i * 31 + seed.
class DisorderlyHandler : public TestHandler {
 public:
  explicit DisorderlyHandler(std::uint64_t seed) : random_(seed), seed_(seed) {}
  ~DisorderlyHandler() override { EXPECT_TRUE(over_); }

  MutBytes receive_target() override {
    EXPECT_FALSE(over_);
    if (!in_place_) return {};
    return MutBytes(place_).subspan(filled_);
  }
  void on_received(Bytes data) override {
    EXPECT_FALSE(over_ || paused_);
    for (std::uint8_t octet : data) {
      ASSERT_EQ(octet, static_cast<std::uint8_t>(position_ * 31 + seed_)) << "at " << position_;
      ++position_;
    }
    if (in_place_ && data.data() == place_.data() + filled_) {
      filled_ += data.size();
      if (filled_ == place_.size()) in_place_ = false;
    } else if (in_place_) {
      // Octets of a frame that came another way, as those of a buffer do.
      filled_ += std::min(data.size(), place_.size() - filled_);
      if (filled_ == place_.size()) in_place_ = false;
    }
    misbehave();
  }
  void on_closed(ports::CloseReason reason) override {
    over_ = true;
    ++closed_count_;
    EXPECT_EQ(closed_count_, 1);
    if (timer_ != 0) loop().cancel_timer(timer_);
    TestHandler::on_closed(reason);
  }

 private:
  void misbehave() {
    switch (random_() % 12) {
      case 0:
      case 1:
        if (in_place_) break;
        place_.resize(1 + random_() % 600'000);
        filled_ = 0;
        in_place_ = true;
        break;
      case 2:
      case 3:
        paused_ = true;
        stream().pause_receiving();
        if (timer_ == 0)
          timer_ = loop().start_timer(random_() % 3'000, [this] {
            timer_ = 0;
            paused_ = false;
            stream().resume_receiving();
          });
        break;
      case 4: stream().send(Buffer::copy_of(pattern(1 + random_() % 300'000, seed_))); break;
      case 5:
        if (random_() % 20 == 0) stream().close();
        break;
      case 6:
        if (random_() % 20 == 0) stream().abort();
        break;
      default: stream().send(Buffer::copy_of(as_bytes("ok")));
    }
  }

  std::mt19937_64 random_;
  std::uint64_t seed_;
  std::uint64_t position_ = 0;
  ByteVec place_;
  std::size_t filled_ = 0;
  bool in_place_ = false;
  bool paused_ = false;
  bool over_ = false;
  int closed_count_ = 0;
  ports::TimerId timer_ = 0;
};

/// One peer: sends the sequence in random pieces, reads what comes or does not, and leaves somehow.
void disorderly_client(const ports::Endpoint& at, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Client client(at, random() % 2 == 0 ? 8'192 : 0);
  std::uint8_t seed_octet = 0;
  if (client.receive(1).size() != 1) return;
  ::recv(client.fd(), &seed_octet, 1, 0);
  std::uint64_t position = 0;
  ByteVec sink(100'000);
  for (int i = 0; i < 150; ++i) {
    ByteVec piece(1 + random() % (random() % 3 == 0 ? 200'000 : 2'000));
    for (auto& octet : piece) octet = static_cast<std::uint8_t>(position++ * 31 + seed_octet);
    Bytes left = piece;
    while (!left.empty()) {
      pollfd ready{client.fd(), POLLIN | POLLOUT, 0};
      if (::poll(&ready, 1, 10'000) != 1) return;
      if ((ready.revents & POLLIN) != 0 &&
          ::recv(client.fd(), sink.data(), sink.size(), MSG_DONTWAIT) <= 0)
        return client.close();
      ssize_t n = ::send(client.fd(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) return;
      if (n > 0) left = left.subspan(static_cast<std::size_t>(n));
    }
  }
  switch (random() % 3) {
    case 0: return client.reset();
    case 1: return client.close();
    default:
      client.shut_sending();
      while (::recv(client.fd(), sink.data(), sink.size(), 0) > 0) continue;
  }
}

TEST_P(DisorderTest, EveryOrderOfCallsKeepsOctetsInOrderAndEndsOnce) {
  std::atomic<std::uint64_t> next_seed{1};
  class Greeting : public DisorderlyHandler {
   public:
    explicit Greeting(std::uint64_t seed) : DisorderlyHandler(seed), octet_(seed) {}
    void on_started() override {
      std::uint8_t hello[2] = {0, static_cast<std::uint8_t>(octet_)};
      stream().send(Buffer::copy_of(hello));
    }

   private:
    std::uint64_t octet_;
  };
  auto at = serve([&] { return std::make_shared<Greeting>(next_seed++); });
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 25; ++i) disorderly_client(at, t * 1'000 + i);
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < 100; ++i) handler(i)->wait_closed();
}

}  // namespace
}  // namespace holdfast::platform::testing
