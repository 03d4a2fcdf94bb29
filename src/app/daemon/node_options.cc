// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/node_options.h"

#include <algorithm>

#include "app/config/address.h"
#include "app/config/schema.h"
#include "core/dfs/dfs.h"
#include "core/session/hidden_names.h"
#include "platform/store_journal/journal_volume.h"

namespace holdfast::app {
namespace {

/// NetBIOS names are upper case by custom.
std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::uint32_t max_caching(const ShareConfig& s) {
  using namespace wire::smb2::LeaseState;
  switch (s.max_lease) {
    case MaxLease::kNone: return kNone;
    case MaxLease::kRead: return kReadCaching;
    case MaxLease::kReadHandle: return kReadCaching | kHandleCaching;
    case MaxLease::kReadWriteHandle: return kAll;
    case MaxLease::kAuto: break;
  }
  switch (s.cluster) {
    case ClusterKind::kFailover:
    case ClusterKind::kScaleout: return kReadCaching;
    case ClusterKind::kNone: break;
  }
  return kAll;
}

std::shared_ptr<const core::HiddenNames> hidden_names(const ShareConfig& s) {
  if (!s.hide_dot_files && s.hide_files.empty()) return nullptr;
  auto names = std::make_shared<core::HiddenNames>();
  names->dot_files = s.hide_dot_files;
  for (const std::string& pattern : s.hide_files) names->patterns.emplace_back(pattern);
  return names;
}

core::Share share_of(const ShareConfig& s, bool as_root, bool witness) {
  core::Share share;
  share.name = s.name;
  share.comment = s.comment;
  share.read_only = s.read_only;
  share.hidden = s.hidden;
  share.guest_ok = s.guest;
  share.allowed_users = s.users;
  // Who is named as reading only may connect, too.
  if (!s.users.empty())
    share.allowed_users.insert(share.allowed_users.end(), s.read_only_users.begin(),
                               s.read_only_users.end());
  share.read_only_users = s.read_only_users;
  share.encryption = s.encryption;
  share.compress_data = s.compress_data;
  share.access_based_enumeration = s.access_based_enumeration;
  share.streams = s.streams;
  share.hidden_names = hidden_names(s);
  share.keep_acl_flags = s.keep_acl_flags;
  share.change_notify = s.change_notify;
  share.local_changes = s.local_changes;
  share.max_file_size = s.max_file_size;
  share.time_machine = s.time_machine;
  for (const std::string& text : s.dfs_links)
    if (core::ParsedDfsLink parsed = core::parse_dfs_link(text); parsed.link)
      share.dfs_links.push_back(std::move(*parsed.link));
  share.continuous_availability = s.continuous_availability;
  share.keeps_durable = s.continuous_availability && s.keep_durable_handles;
  share.stable_writes = s.writes_survive == WritesSurvive::kMachine;
  // A client that is told so wants to register (MS-SMB2 3.2.5.5).
  share.is_clustered = witness && s.cluster != ClusterKind::kNone;
  share.is_scaleout = s.cluster == ClusterKind::kScaleout;
  share.max_caching = max_caching(s);
  share.local_coherence = s.local_coherence;
  share.act_as_user =
      s.identity == IdentityMode::kUser || (s.identity == IdentityMode::kAuto && as_root);
  return share;
}

std::optional<platform::SnapshotOptions> snapshots_of(const ShareConfig& s, bool as_root) {
  if (s.snapshots == SnapshotKind::kOff) return std::nullopt;
  platform::SnapshotOptions options;
  options.kind = s.snapshots == SnapshotKind::kBtrfs ? platform::SnapshotOptions::Kind::kBtrfs
                                                     : platform::SnapshotOptions::Kind::kNamed;
  options.directory =
      s.snapshot_dir.front() == '/' ? s.snapshot_dir : s.path + "/" + s.snapshot_dir;
  options.format = s.snapshot_format;
  options.path_within = s.snapshot_path;
  options.acts_as_users = share_of(s, as_root, false).act_as_user;
  return options;
}

std::optional<service::AppleOptions> apple_of(const ShareConfig& s) {
  if (!s.apple || !s.streams) return std::nullopt;
  return service::AppleOptions{s.apple_netatalk_metadata,
                               s.time_machine ? s.time_machine_max_size : 0, s.read_only};
}

VolumeRules volume_rules(const Config& config) {
  VolumeRules rules;
  rules.lease_ms = config.failover.lease_s * 1'000;
  if (config.failover.exclusive_mount != ExclusiveMount::kAuto)
    rules.exclusive_mount = config.failover.exclusive_mount == ExclusiveMount::kYes;
  rules.fence_command = config.failover.fence_command;
  rules.tickle = config.failover.tickle;
  rules.end_in_order = config.failover.end_in_order;
  if (!config.failover.address.empty()) {
    rules.address = parse_moving_address(config.failover.address);
    if (rules.address) rules.address->interface = config.failover.interface;
  }
  return rules;
}

}  // namespace

std::string state_path(const ShareConfig& share) {
  if (!share.continuous_availability) return "";
  return share.state_path.empty() ? share.path + "/" + platform::store::kStateFolder
                                  : share.state_path;
}

NodeOptions node_options(const Config& config, bool as_root, const Guid& server_guid,
                         std::shared_ptr<const service::UserDatabase> users,
                         std::shared_ptr<service::UnixAccounts> unix_accounts) {
  NodeOptions options;
  options.loops.kind = config.loop;
  options.loops.loops = config.threads;
  options.loops.max_blocking_threads = config.blocking_threads;
  options.max_connections = config.max_connections;
  options.channel_addresses = config.channel_addresses;
  options.witness_names = config.witness.names;
  options.server_name = config.server.name;
  options.comment = config.server.comment;
  options.policy = config.policy;
  options.policy.server_guid = server_guid;
  options.users = std::move(users);
  options.unix_accounts = std::move(unix_accounts);
  for (const ShareConfig& s : config.shares)
    options.shares.push_back({share_of(s, as_root, config.witness.enabled), s.path,
                              snapshots_of(s, as_root), apple_of(s), state_path(s)});
  options.volumes = volume_rules(config);
  options.policy.dfs = std::ranges::any_of(
      options.shares, [](const ShareOptions& s) { return !s.share.dfs_links.empty(); });
  service::LogonPolicy& logon = options.ntlm.policy;
  logon.allow_guest = config.policy.allow_guest;
  logon.allow_anonymous = config.policy.allow_anonymous;
  logon.map_unknown_user_to_guest = config.map_unknown_to_guest;
  logon.guest_unix_name = config.guest_account;
  // Without it, users without a Unix account would reach such a share as the service account.
  logon.act_as_unix_user = std::ranges::any_of(
      options.shares, [](const ShareOptions& s) { return s.share.act_as_user; });
  options.ntlm.names.netbios_name = upper(config.server.name);
  options.ntlm.names.netbios_domain = upper(config.server.workgroup);
  options.policy.persistent_handles = std::ranges::any_of(
      options.shares, [](const ShareOptions& s) { return s.share.continuous_availability; });
  options.leave_out_shares_without_directory = true;
  return options;
}

std::vector<ListenAt> endpoints_of(const Config& config) {
  std::vector<ListenAt> out;
  for (const ListenConfig& l : config.listen)
    if (auto at = parse_address(l.address, l.port)) out.push_back({*at, l.proxy_from});
  if (config.listen.empty()) out.push_back({*parse_address("::", 445), {}});
  const WitnessConfig& w = config.witness;
  if (!w.enabled) return out;
  if (auto at = parse_address(w.address, w.port)) out.push_back({*at, {}, Serves::kWitness});
  if (auto at = parse_address(w.address, w.endpoint_mapper); at && w.endpoint_mapper != 0)
    out.push_back({*at, {}, Serves::kEndpointMapper});
  return out;
}

std::vector<std::string> needs_restart(const Config& running, const Config& next) {
  std::vector<std::string> out;
  auto value = [](const Config& c, const std::string& name) {
    auto found = c.given.find(name);
    return found == c.given.end() ? std::string() : found->second;
  };
  for (const Table& table : schema())
    for (const Key& key : table.keys) {
      if (table.repeats || key.takes != Takes::kRestart) continue;
      std::string name = std::string(table.name) + "." + std::string(key.name);
      if (value(running, name) != value(next, name)) out.push_back(name);
    }
  return out;
}

}  // namespace holdfast::app
