// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>

#include "service/pipes/server_view.h"

namespace holdfast::service {

/// The named pipes behind IPC$: srvsvc (MS-SRVS), wkssvc (MS-WKST) and lsarpc
/// (MS-LSAD, MS-LSAT). Thread-safe.
class PipeService final : public ports::PipeProvider {
 public:
  /// server outlives this and every pipe opened from it.
  /// users: who lsarpc looks up; null: only what is well known. share_editor: what changes shares
  /// for administrators; null: nothing does.
  explicit PipeService(Server& server, std::shared_ptr<const UserDatabase> users = nullptr,
                       std::shared_ptr<ShareEditor> share_editor = nullptr);
  /// For tests.
  explicit PipeService(std::unique_ptr<ServerView> server);

  /// Names match without regard to case, with or without "\\" or "\\PIPE\\" in front.
  Result<std::unique_ptr<ports::Pipe>> open(std::string_view name,
                                            const ports::PipeClient& client) override;

 private:
  std::unique_ptr<ServerView> server_;
  std::atomic<std::uint32_t> next_association_group_{0x53F0};
};

}  // namespace holdfast::service
