// SPDX-License-Identifier: Apache-2.0
#include "service/pipes/pipe_service.h"

#include "base/utf16.h"
#include "service/pipes/rpc_pipe.h"

namespace holdfast::service {
namespace {

struct Named {
  std::string_view name;
  const pipes::Interface& interface;
};
constexpr Named kPipes[] = {
    {"srvsvc", pipes::kSrvsvc}, {"wkssvc", pipes::kWkssvc}, {"lsarpc", pipes::kLsarpc}};

class LiveServer final : public ServerView {
 public:
  LiveServer(Server& server, std::shared_ptr<const UserDatabase> users,
             std::shared_ptr<ShareEditor> share_editor, RpcServices services)
      : server_(server),
        users_(std::move(users)),
        share_editor_(std::move(share_editor)),
        services_(services) {}
  Witness* witness() override { return services_.witness; }
  const EndpointMap* endpoints() override { return services_.endpoints; }
  void logon_refused(const std::string& address, const std::string& reason) override {
    server_.counters().logons_refused.fetch_add(1, std::memory_order_relaxed);
    server_.event(Severity::kWarning, "rpc.refused",
                  "Refused a log-on to RPC from " + address + ": " + reason + ".",
                  {{"address", address}, {"reason", reason}});
  }
  ShareEditor* share_editor() override { return share_editor_.get(); }
  const UserDatabase* users() override { return users_.get(); }
  std::shared_ptr<const Settings> settings() override { return server_.settings(); }
  std::vector<SessionListing> sessions() override { return server_.list_sessions(); }
  std::vector<core::OpenListing> opens() override { return server_.opens().list(); }
  NtTime now() override { return server_.env().clock.now(); }
  bool close_session(core::SessionId id) override { return server_.close_session(id); }
  bool close_file(core::OpenId id) override { return server_.close_file(id); }

 private:
  Server& server_;
  std::shared_ptr<const UserDatabase> users_;
  std::shared_ptr<ShareEditor> share_editor_;
  RpcServices services_;
};

}  // namespace

std::unique_ptr<ServerView> make_server_view(Server& server,
                                             std::shared_ptr<const UserDatabase> users,
                                             std::shared_ptr<ShareEditor> share_editor,
                                             RpcServices services) {
  return std::make_unique<LiveServer>(server, std::move(users), std::move(share_editor), services);
}

PipeService::PipeService(Server& server, std::shared_ptr<const UserDatabase> users,
                         std::shared_ptr<ShareEditor> share_editor,
                         ports::Authenticator* authenticator)
    : server_(make_server_view(server, std::move(users), std::move(share_editor))),
      authenticator_(authenticator) {}
PipeService::PipeService(std::unique_ptr<ServerView> server) : server_(std::move(server)) {}

Result<std::unique_ptr<ports::Pipe>> PipeService::open(std::string_view name,
                                                       const ports::PipeClient& client) {
  if (name.starts_with('\\')) name.remove_prefix(1);
  if (name.size() > 5 && same_name(name.substr(0, 5), "pipe\\")) name.remove_prefix(5);
  for (const Named& pipe : kPipes) {
    if (!same_name(name, pipe.name)) continue;
    std::uint32_t group = next_association_group_.fetch_add(1, std::memory_order_relaxed);
    if (group == 0) group = next_association_group_.fetch_add(1, std::memory_order_relaxed);
    pipes::RpcPipeOptions options;
    options.secondary_address = "\\PIPE\\" + std::string(pipe.name);
    options.interfaces = {&pipe.interface};
    options.client = client;
    options.association_group = group;
    options.authenticator = authenticator_;
    return std::make_unique<pipes::RpcPipe>(std::move(options), *server_);
  }
  return fail(NtStatus::kObjectNameNotFound);
}

}  // namespace holdfast::service
