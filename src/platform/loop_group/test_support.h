// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <condition_variable>
#include <cstring>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "platform/loop_group/loop_group.h"

namespace holdfast::platform::testing {

/// Octets that depend on their position, so that loss, doubling and reordering show.
inline ByteVec pattern(std::size_t size, std::uint64_t seed) {
  ByteVec octets(size);
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < size; i += 8) {
    std::uint64_t word = random();
    std::memcpy(octets.data() + i, &word, std::min<std::size_t>(8, size - i));
  }
  return octets;
}

class RecordingSink final : public EventSink {
 public:
  void emit(const Event& event) override {
    std::lock_guard lock(mutex_);
    names_.push_back(std::string(event.name));
    wake_.notify_all();
  }
  /// Waits until an event of this name has come; false after a minute.
  bool wait_for(std::string_view name) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, std::chrono::minutes(1), [&] {
      return std::find(names_.begin(), names_.end(), name) != names_.end();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string> names_;
};

/// A blocking client socket of a test.
class Client {
 public:
  explicit Client(const ports::Endpoint& to, int receive_buffer = 0) {
    bool v4 = to.is_v4();
    fd_.reset(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd_.valid()) {
      ADD_FAILURE() << "socket: " << std::strerror(errno);
      return;
    }
    if (receive_buffer != 0)
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in v4_address{};
    v4_address.sin_family = AF_INET;
    v4_address.sin_port = htons(to.port);
    std::memcpy(&v4_address.sin_addr, to.address.data() + 12, 4);
    sockaddr_in6 v6_address{};
    v6_address.sin6_family = AF_INET6;
    v6_address.sin6_port = htons(to.port);
    std::memcpy(&v6_address.sin6_addr, to.address.data(), 16);
    int result =
        v4 ? ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&v4_address), sizeof v4_address)
           : ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&v6_address), sizeof v6_address);
    connected_ = result == 0;
  }
  bool connected() const { return connected_; }
  int fd() const { return fd_.get(); }

  /// False when the peer reset the connection.
  bool send(Bytes data) {
    while (!data.empty()) {
      ssize_t n = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      data = data.subspan(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// Sends in pieces of random size.
  bool send_split(Bytes data, std::uint64_t seed, std::size_t largest) {
    std::mt19937_64 random(seed);
    while (!data.empty()) {
      std::size_t piece = std::min<std::size_t>(data.size(), 1 + random() % largest);
      if (!send(data.first(piece))) return false;
      data = data.subspan(piece);
    }
    return true;
  }
  /// As much as is there before the kernel would block.
  std::size_t send_until_full(Bytes data) {
    std::size_t total = 0;
    for (;;) {
      ssize_t n =
          ::send(fd_.get(), data.data() + total, data.size() - total, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0) return total;
      total += static_cast<std::size_t>(n);
    }
  }
  /// Exactly size octets, or fewer when the stream ends before.
  ByteVec receive(std::size_t size) {
    ByteVec octets(size);
    std::size_t have = 0;
    while (have < size) {
      ssize_t n = ::recv(fd_.get(), octets.data() + have, size - have, 0);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    octets.resize(have);
    return octets;
  }
  /// 0: orderly end, -ECONNRESET and so on, or 1: an octet came.
  int receive_end() {
    char octet;
    ssize_t n = ::recv(fd_.get(), &octet, 1, 0);
    return n < 0 ? -errno : static_cast<int>(n);
  }
  void shut_sending() { ::shutdown(fd_.get(), SHUT_WR); }
  void reset() {
    linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }
  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
  bool connected_ = false;
};

/// Base of the tests' handlers: checks the rules that hold for every stream.
class TestHandler : public ports::StreamHandler, public std::enable_shared_from_this<TestHandler> {
 public:
  MutBytes receive_target() override { return {}; }
  void on_received(Bytes data) override { received_ += data.size(); }
  void on_closed(ports::CloseReason reason) override {
    EXPECT_FALSE(inside_call_);
    closed_.set_value(reason);  // Throws when it comes twice.
  }
  ports::CloseReason wait_closed() { return closed_.get_future().get(); }

  ports::Stream& stream() { return *stream_; }
  EventLoop& loop() { return *loop_; }
  void attach(std::shared_ptr<ports::Stream> stream, EventLoop& loop) {
    stream_ = std::move(stream);
    loop_ = &loop;
    stream_->start(shared_from_this());
    on_started();
  }
  virtual void on_started() {}
  /// Runs fn on the stream's loop and waits for it.
  template <class F>
  auto on_loop(F fn) {
    std::packaged_task<decltype(fn())()> task(std::move(fn));
    auto result = task.get_future();
    loop_->post([&task] { task(); });
    return result.get();
  }

 protected:
  bool inside_call_ = false;
  std::size_t received_ = 0;

 private:
  std::shared_ptr<ports::Stream> stream_;
  EventLoop* loop_ = nullptr;
  std::promise<ports::CloseReason> closed_;
};

/// Sends back what it gets.
class EchoHandler : public TestHandler {
 public:
  void on_received(Bytes data) override {
    TestHandler::on_received(data);
    stream().send(Buffer::copy_of(data));
  }
};

/// Runs on each kind of loop; skipped where there is no io_uring.
class LoopTest : public ::testing::TestWithParam<LoopKind> {
 protected:
  void SetUp() override {
    options_.kind = GetParam();
    options_.loops = 2;
    options_.events = &events_;
    start();
  }
  void start() {
    if (group_) group_->stop();
    auto started = LoopGroup::start(options_);
    if (!started && GetParam() == LoopKind::kUring) GTEST_SKIP() << started.error();
    ASSERT_TRUE(started) << started.error();
    group_ = std::move(*started);
  }
  void TearDown() override {
    if (group_) {
      group_->stop();
      EXPECT_EQ(group_->connections(), 0u);
    }
  }

  static ports::Endpoint loopback() { return ports::Endpoint::v4(127, 0, 0, 1, 0); }

  /// Listens; each connection gets a handler that make() makes.
  template <class Make>
  ports::Endpoint serve(Make make, ports::Endpoint at = loopback()) {
    auto info = group_->listen(
        at, [this, make](ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
          auto handler = make();
          handler->attach(std::move(stream), group_->loop(loop.index()));
          std::lock_guard lock(mutex_);
          handlers_.push_back(std::move(handler));
          wake_.notify_all();
        });
    EXPECT_TRUE(info) << info.error();
    return info ? info->bound : ports::Endpoint{};
  }
  template <class Handler>
  ports::Endpoint serve() {
    return serve([] { return std::make_shared<Handler>(); });
  }
  /// The handler of the (n+1)-th connection.
  std::shared_ptr<TestHandler> handler(std::size_t n = 0) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return handlers_.size() > n; });
    return handlers_[n];
  }
  LoopGroupOptions options_;
  RecordingSink events_;
  std::unique_ptr<LoopGroup> group_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::shared_ptr<TestHandler>> handlers_;
};

inline std::string kind_name(const ::testing::TestParamInfo<LoopKind>& info) {
  return std::string(to_string(info.param));
}

}  // namespace holdfast::platform::testing
