// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>

#include "base/mutex.h"
#include "conformance/controls/silent_stream.h"
#include "service/server/interposer.h"
#include "wire/smb2/ioctl.h"

namespace holdfast::conformance {

/// smbtorture's control codes for tests; README.md lists them.
class Controls : public service::Interposer {
 public:
  std::shared_ptr<ports::Stream> connected(ports::Executor& loop,
                                           std::shared_ptr<ports::Stream> stream) override;
  Task<service::Reply> handle(service::Request& request, service::Handler next) override;

 private:
  struct Peer {
    std::weak_ptr<SilentStream> stream;
    bool pads_reads = false;
  };

  Task<service::Reply> control(service::Request& request, wire::smb2::IoctlRequest query);
  service::Reply fall_silent(service::Request& request, const wire::smb2::IoctlRequest& query);
  bool pads_reads(const ports::Endpoint& peer);

  Mutex mutex_;
  /// Connections by the client's address and port, which no two have at the same time.
  std::map<ports::Endpoint, Peer> peers_;
};

}  // namespace holdfast::conformance
