// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>

#include "service/pipes/server_view.h"

namespace holdfast::service {

/// What serves RPC beside the pipes' own operations. What is pointed to outlives the view.
struct RpcServices {
  Witness* witness = nullptr;
  const EndpointMap* endpoints = nullptr;
};

/// A server as operations see it. server outlives it.
std::unique_ptr<ServerView> make_server_view(Server& server,
                                             std::shared_ptr<const UserDatabase> users = nullptr,
                                             std::shared_ptr<ShareEditor> share_editor = nullptr,
                                             RpcServices services = {});

/// The named pipes behind IPC$: srvsvc (MS-SRVS), wkssvc (MS-WKST) and lsarpc
/// (MS-LSAD, MS-LSAT). Thread-safe.
class PipeService final : public ports::PipeProvider {
 public:
  /// server outlives this and every pipe opened from it.
  /// users: who lsarpc looks up; null: only what is well known. share_editor: what changes shares
  /// for administrators; null: nothing does. authenticator: for clients that want RPC security
  /// beside that of SMB; null: refused. Its mechanisms answer without waiting.
  explicit PipeService(Server& server, std::shared_ptr<const UserDatabase> users = nullptr,
                       std::shared_ptr<ShareEditor> share_editor = nullptr,
                       ports::Authenticator* authenticator = nullptr);
  /// For tests.
  explicit PipeService(std::unique_ptr<ServerView> server);

  /// Names match without regard to case, with or without "\\" or "\\PIPE\\" in front.
  Result<std::unique_ptr<ports::Pipe>> open(std::string_view name,
                                            const ports::PipeClient& client) override;

 private:
  std::unique_ptr<ServerView> server_;
  ports::Authenticator* authenticator_ = nullptr;
  std::atomic<std::uint32_t> next_association_group_{0x53F0};
};

}  // namespace holdfast::service
