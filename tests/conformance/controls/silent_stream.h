// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "ports/stream.h"

namespace holdfast::conformance {

/// A stream with which the whole process can end, at once and without a word to anybody, and
/// whose client can fall silent: what is sent arrives, but the client's TCP seems never to
/// confirm it. After as long as the kernel waits for that (TCP_USER_TIMEOUT) it ends.
class SilentStream : public ports::Stream, public std::enable_shared_from_this<SilentStream> {
 public:
  SilentStream(ports::Executor& loop, std::shared_ptr<ports::Stream> inner)
      : loop_(loop), inner_(std::move(inner)) {}

  void fall_silent() { silent_ = true; }
  /// When the server ends this connection, the process is killed.
  void take_process_along() { fatal_ = true; }
  /// When this connection ends, and that is true, the process is killed before it notices.
  void on_loss(std::function<bool()> is_fatal) { is_fatal_ = std::move(is_fatal); }

  void start(std::shared_ptr<ports::StreamHandler> handler) override;
  void send(Buffer data) override;
  std::size_t queued() const override { return inner_->queued(); }
  std::size_t unconfirmed() const override {
    return silent_ ? unconfirmed_ : inner_->unconfirmed();
  }
  void pause_receiving() override { inner_->pause_receiving(); }
  void resume_receiving() override { inner_->resume_receiving(); }
  void close() override;
  void abort() override;
  ports::Endpoint peer() const override { return inner_->peer(); }
  ports::Endpoint local() const override { return inner_->local(); }

 private:
  class Watcher;

  ports::Executor& loop_;
  std::shared_ptr<ports::Stream> inner_;
  bool silent_ = false;
  bool fatal_ = false;
  std::function<bool()> is_fatal_;
  /// Octets that were sent since.
  std::size_t unconfirmed_ = 0;
};

}  // namespace holdfast::conformance
