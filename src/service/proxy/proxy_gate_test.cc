// SPDX-License-Identifier: Apache-2.0
#include "service/proxy/proxy_gate.h"

#include <gtest/gtest.h>

#include "base/failover_limits.h"
#include "service/failover/test_loop.h"
#include "wire/proxy/proxy_header.h"

namespace holdfast::service {
namespace {

using ports::CloseReason;
using ports::Endpoint;
using testing::TestLoop;

const Endpoint kProxy = Endpoint::v4(10, 0, 0, 5, 40'000);
const Endpoint kServer = Endpoint::v4(10, 0, 0, 11, 445);
constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.1 198.51.100.2 50000 445\r\n";

/// The stream on the wire, as a loop would drive it.
class FakeStream final : public ports::Stream {
 public:
  void start(std::shared_ptr<ports::StreamHandler> handler) override {
    handler_ = std::move(handler);
  }
  void send(Buffer data) override { sent_ += as_text(data.view()); }
  std::size_t queued() const override { return 7; }
  std::size_t unconfirmed() const override { return 9; }
  void pause_receiving() override { paused_ = true; }
  void resume_receiving() override { paused_ = false; }
  void close() override { closed_ = true; }
  void abort() override { aborted_ = true; }
  Endpoint peer() const override { return kProxy; }
  Endpoint local() const override { return kServer; }

  void receive(std::string_view text) { handler_->on_received(as_bytes(text)); }
  void end(CloseReason reason = CloseReason::kPeer) {
    std::exchange(handler_, nullptr)->on_closed(reason);
  }
  std::shared_ptr<ports::StreamHandler> handler_;
  std::string sent_;
  bool paused_ = false, closed_ = false, aborted_ = false;
};

class User final : public ports::StreamHandler {
 public:
  MutBytes receive_target() override { return target_; }
  void on_received(Bytes data) override {
    EXPECT_FALSE(stream_ != nullptr && pausing_);
    received_ += as_text(data);
    if (pause_at_once_) {
      pausing_ = true;
      stream_->pause_receiving();
    }
  }
  void on_send_progress() override { ++progress_; }
  void on_closed(CloseReason reason) override { closed_ = reason; }
  std::shared_ptr<ports::Stream> stream_;
  MutBytes target_;
  std::string received_;
  std::optional<CloseReason> closed_;
  int progress_ = 0;
  bool pause_at_once_ = false, pausing_ = false;
};

class Sink final : public EventSink {
 public:
  void emit(const Event& event) override { events_.push_back(event); }
  std::vector<Event> events_;
};

class ProxyGateTest : public ::testing::Test {
 protected:
  void accept() {
    stream_ = std::make_shared<FakeStream>();
    gate_->accept(loop_, stream_);
  }
  std::string reason() const { return sink_.events_.empty() ? "" : sink_.events_.back().message; }

  TestLoop loop_;
  Sink sink_;
  std::shared_ptr<User> user_ = std::make_shared<User>();
  bool starts_ = true;
  int handed_on_ = 0;
  ports::TcpConnection on_the_wire_;
  std::shared_ptr<ports::Stream> kept_;
  std::shared_ptr<FakeStream> stream_;
  std::shared_ptr<ProxyGate> gate_ = std::make_shared<ProxyGate>(
      std::vector{ports::AddressRange{Endpoint::v4(10, 0, 0, 0, 0), 96 + 8}}, sink_,
      [this](ports::Executor&, std::shared_ptr<ports::Stream> stream,
             const ports::TcpConnection& on_the_wire) {
        ++handed_on_;
        on_the_wire_ = on_the_wire;
        if (!starts_) return;
        kept_ = user_->stream_ = stream;
        stream->start(user_);
      });
  ~ProxyGateTest() override { user_->stream_ = nullptr; }
};

TEST_F(ProxyGateTest, TheStreamHasTheClientsAddresses) {
  accept();
  stream_->receive(kHeader);
  ASSERT_EQ(handed_on_, 1);
  EXPECT_EQ(kept_->peer(), Endpoint::v4(192, 0, 2, 1, 50'000));
  EXPECT_EQ(kept_->local(), Endpoint::v4(198, 51, 100, 2, 445));
  EXPECT_EQ(on_the_wire_, (ports::TcpConnection{kServer, kProxy}));
  EXPECT_EQ(loop_.timers(), 0u);
  EXPECT_FALSE(stream_->paused_);
  stream_->receive("abc");
  EXPECT_EQ(user_->received_, "abc");
  kept_->send(Buffer::copy_of(as_bytes("reply")));
  EXPECT_EQ(stream_->sent_, "reply");
  EXPECT_EQ(kept_->queued(), 7u);
  EXPECT_EQ(kept_->unconfirmed(), 9u);
  stream_->handler_->on_send_progress();
  EXPECT_EQ(user_->progress_, 1);
  std::uint8_t room[4];
  user_->target_ = room;
  EXPECT_EQ(stream_->handler_->receive_target().data(), room);
  kept_->close();
  EXPECT_TRUE(stream_->closed_);
  stream_->end();
  EXPECT_EQ(user_->closed_, CloseReason::kPeer);
  EXPECT_TRUE(sink_.events_.empty());
}

TEST_F(ProxyGateTest, AHeaderMayComeOctetByOctet) {
  accept();
  for (char c : kHeader) {
    EXPECT_EQ(handed_on_, 0);
    EXPECT_TRUE(stream_->handler_->receive_target().empty());
    stream_->receive({&c, 1});
  }
  EXPECT_EQ(handed_on_, 1);
  stream_->end();
}

TEST_F(ProxyGateTest, WhatComesBehindTheHeaderIsDelivered) {
  accept();
  stream_->receive(std::string(kHeader) + "first");
  EXPECT_EQ(user_->received_, "");
  EXPECT_TRUE(stream_->paused_);
  std::uint8_t room[4];
  user_->target_ = room;
  EXPECT_TRUE(stream_->handler_->receive_target().empty());
  // A loop may have had more before it was told to pause.
  stream_->receive(" second");
  loop_.pass(0);
  EXPECT_EQ(user_->received_, "first second");
  EXPECT_FALSE(stream_->paused_);
  stream_->end();
}

TEST_F(ProxyGateTest, MuchBehindTheHeaderIsDelivered) {
  accept();
  std::string much(300'000, 'x');
  stream_->receive(std::string(kHeader) + much);
  loop_.pass(0);
  EXPECT_EQ(user_->received_, much);
  stream_->end();
}

TEST_F(ProxyGateTest, AUserThatPausesGetsTheRestLater) {
  user_->pause_at_once_ = true;
  accept();
  stream_->receive(std::string(kHeader) + "first");
  loop_.pass(0);
  EXPECT_EQ(user_->received_, "first");
  EXPECT_TRUE(stream_->paused_);
  user_->pausing_ = user_->pause_at_once_ = false;
  user_->stream_->resume_receiving();
  EXPECT_FALSE(stream_->paused_);
  stream_->receive("second");
  EXPECT_EQ(user_->received_, "firstsecond");
  stream_->end();

  // Paused before the rest was there.
  user_->received_ = "";
  accept();
  stream_->receive(std::string(kHeader) + "first");
  user_->stream_->pause_receiving();
  loop_.pass(0);
  EXPECT_EQ(user_->received_, "");
  user_->stream_->resume_receiving();
  loop_.pass(0);
  EXPECT_EQ(user_->received_, "first");
  EXPECT_FALSE(stream_->paused_);
  stream_->end();
}

TEST_F(ProxyGateTest, AProxyThatSpeaksForItselfIsTheClient) {
  for (std::string_view header : {std::string_view("PROXY UNKNOWN\r\n"),
                                  std::string_view("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16)}) {
    accept();
    stream_->receive(header);
    EXPECT_EQ(kept_->peer(), kProxy);
    EXPECT_EQ(kept_->local(), kServer);
    stream_->end();
  }
}

TEST_F(ProxyGateTest, OthersThanTheProxiesAreRefused) {
  gate_ = std::make_shared<ProxyGate>(
      std::vector{ports::AddressRange{Endpoint::v4(10, 0, 0, 6, 0), 128}}, sink_,
      [](auto&&...) { FAIL(); });
  accept();
  EXPECT_TRUE(stream_->aborted_);
  EXPECT_NE(reason().find("proxy_from"), std::string::npos) << reason();
}

TEST_F(ProxyGateTest, WithoutAHeaderItIsRefused) {
  accept();
  stream_->receive(std::string_view("\0\0\0\x44\xfeSMB", 8));
  EXPECT_TRUE(stream_->aborted_);
  EXPECT_NE(reason().find("malformed PROXY header"), std::string::npos) << reason();
  stream_->receive("more");
  stream_->end(CloseReason::kLocal);
  EXPECT_EQ(handed_on_, 0);
  EXPECT_EQ(loop_.timers(), 0u);
}

TEST_F(ProxyGateTest, AnUnfinishedHeaderIsNotWaitedForForEver) {
  accept();
  stream_->receive(kHeader.substr(0, 20));
  loop_.pass(limits::kProxyHeaderTimeout_us - 1);
  EXPECT_FALSE(stream_->aborted_);
  loop_.pass(1);
  EXPECT_TRUE(stream_->aborted_);
  EXPECT_NE(reason().find("time limit"), std::string::npos) << reason();
  stream_->end(CloseReason::kLocal);
}

TEST_F(ProxyGateTest, RefusalsAreSaidOnceInAWhile) {
  for (int i = 0; i < 100; ++i) {
    accept();
    stream_->receive("nonsense");
    stream_->end(CloseReason::kLocal);
  }
  EXPECT_EQ(sink_.events_.size(), 1u);
  loop_.pass(limits::kProxyRefusalEventEvery_us);
  accept();
  stream_->receive("nonsense");
  stream_->end(CloseReason::kLocal);
  ASSERT_EQ(sink_.events_.size(), 2u);
  EXPECT_EQ(sink_.events_[1].fields.back().value, "101");
}

TEST_F(ProxyGateTest, AHealthCheckIsNotWorthALine) {
  accept();
  stream_->end();
  EXPECT_TRUE(sink_.events_.empty());
  accept();
  stream_->receive("PROX");
  stream_->end();
  EXPECT_EQ(sink_.events_.size(), 1u);
}

TEST_F(ProxyGateTest, AStreamThatNobodyStartsIsClosed) {
  starts_ = false;
  accept();
  stream_->receive(kHeader);
  EXPECT_TRUE(stream_->closed_);
  stream_->end(CloseReason::kLocal);
}

TEST_F(ProxyGateTest, TheEndIsToldWhenTheRestIsNotYetDelivered) {
  accept();
  stream_->receive(std::string(kHeader) + "first");
  stream_->end(CloseReason::kError);
  loop_.pass(0);
  EXPECT_EQ(user_->closed_, CloseReason::kError);
  EXPECT_EQ(user_->received_, "");
}

TEST(AddressRange, ContainsWhatAgreesInItsBits) {
  ports::AddressRange ten{Endpoint::v4(10, 0, 0, 0, 0), 104};
  EXPECT_TRUE(ten.contains(Endpoint::v4(10, 255, 1, 2, 99)));
  EXPECT_FALSE(ten.contains(Endpoint::v4(11, 0, 0, 0, 0)));
  ports::AddressRange odd{Endpoint::v4(10, 0, 0, 0x40, 0), 96 + 26};
  EXPECT_TRUE(odd.contains(Endpoint::v4(10, 0, 0, 0x7F, 0)));
  EXPECT_FALSE(odd.contains(Endpoint::v4(10, 0, 0, 0x80, 0)));
  ports::AddressRange all{{}, 0};
  EXPECT_TRUE(all.contains(Endpoint::v4(1, 2, 3, 4, 5)));
}

}  // namespace
}  // namespace holdfast::service
