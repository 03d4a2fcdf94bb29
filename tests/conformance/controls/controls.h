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
  /// dies_with_clients: the process is killed whenever a connection is lost that has opens which
  /// outlive the server.
  explicit Controls(bool dies_with_clients = false) : dies_with_clients_(dies_with_clients) {}

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
  void watch(service::Request& request);

  const bool dies_with_clients_;
  Mutex mutex_;
  /// Connections by the client's address and port, which no two have at the same time.
  std::map<ports::Endpoint, Peer> peers_;
};

}  // namespace holdfast::conformance
