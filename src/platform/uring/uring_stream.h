// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "platform/loop/stream_base.h"
#include "platform/uring/uring_loop_impl.h"

namespace holdfast::platform {

/// A stream on a ring: at most one receive and one send in progress.
///
/// A receive is one of three. target: straight into what the handler offered (large parts of
/// frames). shared: one receive into a buffer of the loop, chosen when octets are there. many: the
/// same, repeated by the kernel (multishot), once several receives in a row needed no target;
/// cancelled when one does. A new receive starts only after the last completion of the one before,
/// so octets keep their order.
class UringStream final : public StreamBase {
 public:
  UringStream(UringLoop& loop, UniqueFd fd, const ports::Endpoint& peer);

 protected:
  void begin() override { receive_again(); }
  void receive_again() override;
  void flush() override;
  bool release() override;
  void serviced() override;
  bool quiesce() override;
  void undelivered(ByteVec& out) const override;

 private:
  enum class Receiving : std::uint8_t { kNone, kTarget, kShared, kMany };

  struct ReceiveOp final : UringOp {
    explicit ReceiveOp(UringStream& owner) : stream(owner) {}
    void on_complete(int result, std::uint32_t flags) override { stream.on_receive(result, flags); }
    UringStream& stream;
  };
  struct SendOp final : UringOp {
    explicit SendOp(UringStream& owner) : stream(owner) {}
    void on_complete(int result, std::uint32_t) override { stream.on_send(result); }
    UringStream& stream;
  };
  /// What arrived while the user had paused the stream.
  struct Held {
    /// Octets that went straight to the handler's target and were not reported yet.
    std::size_t in_target = 0;
    ByteVec octets;
    bool end = false;
  };

  void arm();
  void on_receive(int result, std::uint32_t flags);
  void on_octets(Bytes data, bool in_target);
  void on_receive_failed(int error);
  void deliver_held();
  void stop_many();
  void on_send(int result);
  void cancel_all();
  bool in_progress() const { return receiving_ != Receiving::kNone || send_slot_ != nullptr; }
  void release_if_done();
  void quiesce_if_done();

  UringLoop& uring_loop_;
  ReceiveOp receive_op_{*this};
  SendOp send_op_{*this};
  std::unique_ptr<SendSlot> send_slot_;
  std::unique_ptr<Held> held_;
  MutBytes target_;
  ports::TimerId release_timer_ = 0;
  ports::TimerId quiesce_timer_ = 0;
  Receiving receiving_ = Receiving::kNone;
  std::uint8_t without_target_ = 0;
  bool stopping_many_ = false;
  bool arm_wanted_ = false;
  bool socket_empty_ = true;
  bool releasing_ = false;
};

}  // namespace holdfast::platform
