// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "service/server/request.h"

namespace holdfast::service {

/// Stands between the clients and the server. The product has none; a build for tests puts its
/// test-only control codes here (tests/conformance/controls).
class Interposer {
 public:
  virtual ~Interposer() = default;
  /// A new connection; the answer is what its driver gets. On the connection's loop.
  virtual std::shared_ptr<ports::Stream> connected(ports::Executor& loop,
                                                   std::shared_ptr<ports::Stream> stream) = 0;
  /// A request that can be read, before its session and tree are looked at. `next` is the rest of
  /// the dispatch.
  virtual Task<Reply> handle(Request& request, Handler next) = 0;
};

}  // namespace holdfast::service
