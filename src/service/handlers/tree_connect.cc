// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/tree_connect.h"

#include <algorithm>

#include "base/utf16.h"
#include "core/path/path.h"
#include "service/failover/failover.h"
#include "service/handlers/handlers.h"
#include "service/server/closing.h"
#include "service/server/driver.h"
#include "wire/smb2/tree_disconnect.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;

bool names(const std::vector<std::string>& users, const ports::Identity& who) {
  return std::any_of(users.begin(), users.end(),
                     [&who](const std::string& user) { return same_name(user, who.user); });
}

/// Who may connect (MS-SMB2 3.3.5.7), and why not, for the log.
NtStatus check_access(Request& r, const core::Share& share, std::string& why) {
  const ports::Identity& who = *r.identity;
  if (share.type == core::ShareType::kPipe) return NtStatus::kSuccess;
  if (who.is_anonymous && !share.guest_ok) {
    why = "anonymous users may only use IPC$";
    return NtStatus::kAccessDenied;
  }
  if (who.is_guest && !share.guest_ok) {
    why = "guests are not allowed on this share (guest = true on the share would admit them)";
    return NtStatus::kAccessDenied;
  }
  if (!share.allowed_users.empty() && !names(share.allowed_users, who)) {
    why = "the user is not in the share's users";
    return NtStatus::kAccessDenied;
  }
  if (share.act_as_user && !who.credentials.act_as_user) {
    why = "the share acts as Unix users and this one has no Unix account";
    return NtStatus::kAccessDenied;
  }
  if (share.encryption == core::Requirement::kRequired && r.session->keys.seal == nullptr) {
    why = "the share requires encryption and the client cannot encrypt";
    return NtStatus::kAccessDenied;
  }
  return NtStatus::kSuccess;
}

std::uint32_t maximal_access(const core::Share& share, const ports::Identity& who) {
  constexpr std::uint32_t kReadOnly =
      smb2::FileAccess::kGenericReadMapped | smb2::FileAccess::kGenericExecuteMapped;
  if (share.type == core::ShareType::kPipe) return smb2::FileAccess::kAll;
  return share.read_only || names(share.read_only_users, who) ? kReadOnly : smb2::FileAccess::kAll;
}

/// An earlier instance may still have the volume, or its opens are being restored: the client would
/// give up for good if it was refused now.
Task<NtStatus> wait_for_volume(Request& r, const core::Share& share) {
  if (NtStatus s = co_await share.failover->wait_until_up(r.loop); s != NtStatus::kSuccess)
    co_return s;
  r.driver.uses(share.failover);
  NtStatus settled = co_await r.server.failover().settle(r.loop, *share.failover);
  co_return settled == NtStatus::kFileForcedClosed ? NtStatus::kBadNetworkName : NtStatus::kSuccess;
}

}  // namespace

/// MS-SMB2 3.3.5.7.
Task<Reply> tree_connect(Request& r) {
  smb2::TreeConnectRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  const ports::Identity& who = *r.identity;
  if (r.connection.negotiated()->dialect == smb2::Dialect::kSmb311 && !who.is_guest &&
      !who.is_anonymous && !r.meta.sealed && !r.meta.signature_ok)
    co_return disconnect_reply("an unsigned TREE_CONNECT in dialect 3.1.1");

  std::string path = utf16le_to_utf8(request.path_name);
  std::string name(core::share_of_unc(path));
  std::shared_ptr<const core::Share> share = r.server.find_share(name);
  if (share == nullptr) {
    r.server.event(Severity::kInfo, "tree.refused",
                   "User " + who.user + " asked for share " + name + ", which does not exist.",
                   {{"share", name}, {"user", who.user}});
    co_return error_reply(NtStatus::kBadNetworkName);
  }
  std::string why;
  if (NtStatus s = check_access(r, *share, why); s != NtStatus::kSuccess) {
    r.server.event(Severity::kWarning, "tree.refused",
                   "Refused share " + share->name + " to user " + who.user + ": " + why + ".",
                   {{"share", share->name}, {"user", who.user}});
    co_return error_reply(s);
  }

  if (share->failover != nullptr)
    if (NtStatus status = co_await wait_for_volume(r, *share); status != NtStatus::kSuccess)
      co_return error_reply(status);

  core::TreeConnect tree;
  tree.share = share;
  tree.maximal_access = maximal_access(*share, who);
  tree.encrypt = share->encryption == core::Requirement::kRequired;
  tree.created = r.server.env().clock.now();
  {
    Lock lock(r.session->mutex);
    if (r.session->ended) co_return error_reply(NtStatus::kUserSessionDeleted);
    if (r.session->trees.size() >= limits::kMaxTreesPerSession)
      co_return error_reply(NtStatus::kInsufficientResources);
    while (r.session->trees.contains(r.session->next_tree_id) || r.session->next_tree_id == 0)
      ++r.session->next_tree_id;
    tree.id = r.session->next_tree_id++;
    r.session->trees.emplace(tree.id, tree);
  }
  r.header.tree_id = tree.id;
  if (share->type == core::ShareType::kDisk)
    r.server.event(Severity::kInfo, "tree.connected",
                   "User " + who.user + " from " + r.driver.peer().address_string() +
                       " connected to share " + share->name + ".",
                   {{"share", share->name}, {"user", who.user}});

  smb2::TreeConnectResponse response;
  response.share_type =
      share->type == core::ShareType::kPipe ? smb2::ShareType::kPipe : smb2::ShareType::kDisk;
  if (tree.encrypt && r.session->dialect >= smb2::Dialect::kSmb300)
    response.share_flags |= smb2::ShareFlags::kEncryptData;
  if (share->compress_data && !r.connection.negotiated()->compression.algorithms.empty())
    response.share_flags |= smb2::ShareFlags::kCompressData;
  if (share->access_based_enumeration)
    response.share_flags |= smb2::ShareFlags::kAccessBasedDirectoryEnum;
  if (!share->dfs_links.empty()) {
    response.share_flags |= smb2::ShareFlags::kDfs | smb2::ShareFlags::kDfsRoot;
    response.capabilities |= smb2::ShareCap::kDfs;
  }
  // Only a client that can ask for persistent handles is told of them (MS-SMB2 3.3.5.7).
  if (share->continuous_availability && r.session->dialect >= smb2::Dialect::kSmb300)
    response.capabilities |= smb2::ShareCap::kContinuousAvailability;
  if (r.session->dialect >= smb2::Dialect::kSmb300) {
    if (share->is_clustered) response.capabilities |= smb2::ShareCap::kCluster;
    if (share->is_scaleout) response.capabilities |= smb2::ShareCap::kScaleout;
  }
  response.maximal_access = tree.maximal_access;
  co_return body_reply(response);
}

/// MS-SMB2 3.3.5.8.
Task<Reply> tree_disconnect(Request& r) {
  smb2::TreeDisconnectRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  co_await end_tree(r.server, r.loop, r.session, r.header.tree_id);
  co_return body_reply(smb2::TreeDisconnectResponse{});
}

}  // namespace holdfast::service::handlers
