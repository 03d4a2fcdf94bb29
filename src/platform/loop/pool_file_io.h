// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/loop/file_io.h"
#include "ports/executor.h"

namespace holdfast::platform {

/// FileIo by Executor::run_blocking: for loops whose kernel interface has no file operations.
class PoolFileIo final : public FileIo {
 public:
  explicit PoolFileIo(ports::Executor& loop) : loop_(loop) {}

 protected:
  void submit(FileOp& op) override {
    loop_.run_blocking([&op] { op.perform(); }, [&op] { op.resume(); });
  }

 private:
  ports::Executor& loop_;
};

}  // namespace holdfast::platform
