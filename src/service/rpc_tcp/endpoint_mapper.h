// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/mutex.h"
#include "service/pipes/rpc_interface.h"

namespace holdfast::service {

/// Which interfaces listen on TCP, and where. Thread-safe.
class EndpointMap {
 public:
  struct Endpoint {
    wire::rpc::SyntaxId interface;
    std::uint16_t port = 0;
    /// ASCII, for people who list.
    std::string annotation;
  };

  void set(std::vector<Endpoint> endpoints) {
    Lock lock(mutex_);
    endpoints_ = std::move(endpoints);
  }
  std::vector<Endpoint> list() const {
    Lock lock(mutex_);
    return endpoints_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<Endpoint> endpoints_;
};

namespace pipes {

/// The endpoint mapper (C706 appendix O, MS-RPCE 2.2.1.2): looking up, and nothing else. Anybody
/// may ask, as with Windows.
extern const Interface kEndpointMapper;

}  // namespace pipes
}  // namespace holdfast::service
