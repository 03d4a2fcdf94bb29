// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ports/stream.h"

namespace holdfast::conformance {

/// A stream that can fall silent: as if a firewall had begun to drop everything in both directions.
class SilentStream : public ports::Stream {
 public:
  explicit SilentStream(std::shared_ptr<ports::Stream> inner) : inner_(std::move(inner)) {}

  void fall_silent();

  void start(std::shared_ptr<ports::StreamHandler> handler) override;
  void send(Buffer data) override;
  std::size_t queued() const override { return inner_->queued(); }
  std::size_t unconfirmed() const override { return inner_->unconfirmed() + lost_; }
  void pause_receiving() override { inner_->pause_receiving(); }
  void resume_receiving() override;
  void close() override;
  void abort() override { inner_->abort(); }
  ports::Endpoint peer() const override { return inner_->peer(); }
  ports::Endpoint local() const override { return inner_->local(); }

 private:
  std::shared_ptr<ports::Stream> inner_;
  bool silent_ = false;
  /// Octets that were to be sent since.
  std::size_t lost_ = 0;
};

}  // namespace holdfast::conformance
