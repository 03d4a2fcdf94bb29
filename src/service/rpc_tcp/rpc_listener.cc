// SPDX-License-Identifier: Apache-2.0
#include "service/rpc_tcp/rpc_listener.h"

#include "base/limits.h"
#include "service/pipes/rpc_pipe.h"

namespace holdfast::service {

namespace {

/// How often a connection's times are looked at.
constexpr std::uint64_t kCheckEvery_us = 5'000'000;

}  // namespace

/// One connection: octets go into the association, and what it answers goes out.
class RpcConnection final : public ports::StreamHandler,
                            public std::enable_shared_from_this<RpcConnection> {
 public:
  RpcConnection(std::shared_ptr<RpcListener> listener, ports::Executor& loop,
                std::shared_ptr<ports::Stream> stream)
      : listener_(std::move(listener)), loop_(loop), stream_(std::move(stream)) {}

  void begin() {
    const RpcListenerOptions& o = listener_->options_;
    pipes::RpcPipeOptions options;
    options.secondary_address = std::to_string(stream_->local().port);
    options.interfaces = o.interfaces;
    options.client.identity.is_anonymous = true;
    options.client.address = stream_->peer().address_string();
    options.client.local = stream_->local();
    options.groups = o.groups;
    options.authenticator = o.authenticator;
    options.max_call = limits::kMaxRpcTcpCall;
    options.on_late_answer = [&loop = loop_, weak = weak_from_this()] {
      loop.post([weak] {
        if (auto self = weak.lock()) self->flush();
      });
    };
    pipe_ = std::make_shared<pipes::RpcPipe>(std::move(options), *o.server);
    begun_us_ = last_us_ = now();
    check_later();
    stream_->start(shared_from_this());
  }

  MutBytes receive_target() override { return {}; }
  void on_received(Bytes data) override {
    if (ended_) return;
    last_us_ = now();
    const Result<void> written = pipe_->write(data);
    flush();
    if (!written) end();
  }
  void on_send_progress() override {
    if (std::exchange(paused_, false)) stream_->resume_receiving();
  }
  void on_closed(ports::CloseReason) override {
    ended_ = true;
    if (timer_ != 0) loop_.cancel_timer(std::exchange(timer_, 0));
    pipe_->close();
    --listener_->connections_;
  }

 private:
  std::uint64_t now() { return loop_.clock().monotonic_us(); }

  void flush() {
    if (ended_) return;
    while (auto chunk = pipe_->read(limits::kMaxRpcCall)) {
      last_us_ = now();
      stream_->send(Buffer::copy_of(chunk->data));
    }
    // Who asks and does not read is not asked further.
    if (stream_->queued() > limits::kMaxRpcSendQueue && !std::exchange(paused_, true))
      stream_->pause_receiving();
  }

  void end() {
    if (std::exchange(ended_, true)) return;
    stream_->close();
  }

  void check_later() {
    timer_ = loop_.start_timer(kCheckEvery_us, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->check();
    });
  }

  void check() {
    timer_ = 0;
    if (ended_) return;
    const pipes::RpcPipe::Progress progress = pipe_->progress();
    const std::uint64_t t = now();
    if (!progress.incomplete) incomplete_since_us_ = 0;
    if (progress.incomplete && incomplete_since_us_ == 0) incomplete_since_us_ = t;
    const bool stuck =
        incomplete_since_us_ != 0 && t - incomplete_since_us_ >= limits::kRpcPartialCallTimeout_us;
    const bool stranger =
        !progress.authenticated && t - begun_us_ >= limits::kRpcUnauthenticatedTimeout_us;
    const bool idle = progress.waiting_calls == 0 && t - last_us_ >= limits::kRpcIdleTimeout_us;
    if (stuck || stranger || idle) return end();
    check_later();
  }

  std::shared_ptr<RpcListener> listener_;
  ports::Executor& loop_;
  std::shared_ptr<ports::Stream> stream_;
  std::shared_ptr<pipes::RpcPipe> pipe_;
  ports::TimerId timer_ = 0;
  std::uint64_t begun_us_ = 0;
  std::uint64_t last_us_ = 0;
  /// When what is not complete yet was first seen so; 0: everything is.
  std::uint64_t incomplete_since_us_ = 0;
  bool paused_ = false;
  bool ended_ = false;
};

void RpcListener::accept(ports::Executor& loop, std::shared_ptr<ports::Stream> stream) {
  if (connections_.fetch_add(1) >= limits::kMaxRpcConnections) {
    --connections_;
    return stream->abort();
  }
  std::make_shared<RpcConnection>(shared_from_this(), loop, std::move(stream))->begin();
}

}  // namespace holdfast::service
