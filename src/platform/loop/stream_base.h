// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "platform/loop/event_loop.h"
#include "platform/loop/send_queue.h"
#include "ports/stream.h"

namespace holdfast::platform {

/// The life of a TCP connection, without the system calls that move octets: those belong to a loop.
///
///   new -> open -> flushing -> lingering -> ending -> closed
///
/// flushing: close() was called or the peer ended its side, and octets are queued. lingering: all
/// is sent and our side is shut; waits for the peer's end. ending: the kernel is letting go of
/// buffers. Any failure and abort() lead to ending at once. While it is started and not closed, the
/// stream and its handler live by themselves.
class StreamBase : public ports::Stream, public std::enable_shared_from_this<StreamBase> {
 public:
  StreamBase(EventLoop& loop, UniqueFd fd, const ports::Endpoint& peer);
  ~StreamBase() override;

  void start(std::shared_ptr<ports::StreamHandler> handler) final;
  void send(Buffer data) final;
  std::size_t queued() const final { return queue_.octets(); }
  std::size_t unconfirmed() const final;
  void pause_receiving() final;
  void resume_receiving() final;
  void close() final;
  void abort() final;
  void outlive(bool yes) final;
  ports::Endpoint peer() const final { return peer_; }
  ports::Endpoint local() const final { return local_; }
  void suspend(UniqueFunction done) final;
  void resume() final;
  std::optional<ports::StreamImage> image() const final;

 protected:
  /// Hooks for the loop's kind of stream.
  /// The stream is open: receiving may begin.
  virtual void begin() = 0;
  /// wants_octets() became true.
  virtual void receive_again() = 0;
  /// Hands the queue to the kernel, or leaves it when the kernel is busy with the last part.
  virtual void flush() = 0;
  /// Gives up everything the kernel does for this stream. True when nothing is in progress any
  /// more, else released() is called when that is so.
  virtual bool release() = 0;
  /// After schedule(), once a turn, behind flush().
  virtual void serviced() {}
  /// Has the kernel stop what it does for this stream, which stays. True when nothing is in
  /// progress any more, else quiesced() is called when that is so.
  virtual bool quiesce() { return true; }
  /// Octets that arrived while receiving was paused.
  virtual void undelivered(ByteVec& out) const { (void)out; }

  /// For the loop's kind of stream to call.
  bool wants_octets() const {
    return (state_ == State::kOpen && !paused_) || state_ == State::kLingering;
  }
  bool is_paused() const { return state_ == State::kOpen && paused_; }
  bool is_ending() const { return state_ >= State::kEnding; }
  bool is_suspended() const { return suspended_; }
  bool is_lingering() const { return state_ == State::kLingering; }
  ports::StreamHandler& handler() { return *handler_; }
  int fd() const { return fd_.get(); }
  /// Where the handler wants the next octets; empty while lingering, too.
  MutBytes target() { return is_lingering() ? MutBytes{} : handler_->receive_target(); }
  void deliver(Bytes data);
  void peer_ended();
  void failed();
  void sent(std::size_t octets);
  void released() { finish(); }
  void quiesced();

  EventLoop& loop_;
  SendQueue queue_;

 private:
  friend class EventLoop;
  enum class State : std::uint8_t { kNew, kOpen, kFlushing, kLingering, kEnding, kClosed };

  /// Called by the loop after schedule().
  void service();
  void flushed();
  void end(ports::CloseReason reason, bool reset);
  void finish();
  void set_limit(std::uint64_t delay_us);
  void let_go_of_socket();

  UniqueFd fd_;
  State state_ = State::kNew;
  ports::CloseReason reason_ = ports::CloseReason::kLocal;
  bool paused_ = false;
  bool scheduled_ = false;
  bool releasing_ = false;
  bool reset_ = false;
  bool suspended_ = false;
  bool outlives_ = false;
  /// There may be a copy of the socket: one that an earlier binary asked for, too.
  const bool may_have_copy_;
  UniqueFunction when_quiesced_;
  ports::Endpoint peer_;
  ports::Endpoint local_;
  std::shared_ptr<ports::StreamHandler> handler_;
  std::shared_ptr<StreamBase> self_;
  std::shared_ptr<ConnectionLimit> place_;
  /// The longest queue a caller of send() has seen since it was last told of progress.
  std::size_t seen_queued_ = 0;
  ports::TimerId limit_timer_ = 0;
  StreamBase* next_ = nullptr;
  StreamBase* previous_ = nullptr;
};

}  // namespace holdfast::platform
