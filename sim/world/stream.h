// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>

#include "ports/stream.h"
#include "sim/world/network.h"

namespace holdfast::sim {

/// One side of a connection of the SimNetwork.
class SimStream final : public ports::Stream, public std::enable_shared_from_this<SimStream> {
 public:
  SimStream(SimNetwork& network, SimExecutor& loop, std::uint64_t number, ports::Endpoint peer,
            ports::Endpoint local);
  ~SimStream() override;
  void set_server_side() { is_server_ = true; }
  SimExecutor& loop() { return loop_; }
  unsigned client = 0;
  std::size_t host = 0;
  /// Its process is gone.
  void process_ended(ProcessEnd how);
  /// Forgets its user, and that it must live until it ends.
  void let_go();
  void join(const std::shared_ptr<SimStream>& other) { other_ = other; }

  void start(std::shared_ptr<ports::StreamHandler> handler) override;
  void send(Buffer data) override;
  std::size_t queued() const override { return out_.size(); }
  std::size_t unconfirmed() const override { return out_.size() + under_way_; }
  void pause_receiving() override { paused_ = true; }
  void resume_receiving() override;
  void close() override;
  void abort() override;
  ports::Endpoint peer() const override { return peer_; }
  ports::Endpoint local() const override { return local_; }

  /// The connection is lost for this side after delay_us.
  void lose(std::uint64_t delay_us, ports::CloseReason reason);
  /// Nothing goes out or comes in any more.
  void cut() { cut_ = true; }
  bool is_cut() const { return cut_; }
  bool has_ended() const { return ended_; }
  std::shared_ptr<SimStream> other() const { return other_.lock(); }

 private:
  void pump_later();
  void pump();
  void arrive(ByteVec piece, bool last);
  void deliver_later();
  void deliver();
  void end(ports::CloseReason reason);
  std::size_t piece_of(std::size_t available);

  SimNetwork& network_;
  SimExecutor& loop_;
  Rng rng_;
  std::uint64_t number_;
  ports::Endpoint peer_, local_;
  std::weak_ptr<SimStream> other_;
  std::shared_ptr<ports::StreamHandler> handler_;
  /// Holds this side alive while it has been started and not ended.
  std::shared_ptr<SimStream> self_;

  std::deque<std::uint8_t> out_;
  std::size_t longest_out_ = 0;
  bool pump_scheduled_ = false;
  std::uint64_t last_arrival_us_ = 0;
  /// Octets sent by this side and not yet read by the other.
  std::size_t under_way_ = 0;

  std::deque<std::uint8_t> in_;
  bool deliver_scheduled_ = false;
  bool paused_ = false;
  bool peer_finished_ = false;

  bool is_server_ = false;
  bool started_ = false;
  bool closing_ = false;
  bool finished_sent_ = false;
  bool ended_ = false;
  bool cut_ = false;
};

}  // namespace holdfast::sim
