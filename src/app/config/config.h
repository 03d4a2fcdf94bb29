// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/limits.h"
#include "core/connection/policy.h"
#include "platform/loop_group/loop_group.h"
#include "ports/address_range.h"
#include "ports/network.h"
#include "ports/stream.h"

namespace holdfast::app {

/// As whom system calls on a share are made. kAuto: kUser when the server runs as root, which alone
/// may act as others, else kService.
enum class IdentityMode : std::uint8_t { kAuto, kUser, kService };

/// How a share's previous versions are found.
enum class SnapshotKind : std::uint8_t { kOff, kDirectory, kBtrfs };

/// What stands behind a share.
enum class ClusterKind : std::uint8_t { kNone, kFailover, kScaleout };

/// The loss of what a WRITE through a persistent handle survives, once it is answered; in the order
/// of the key's choices.
enum class WritesSurvive : std::uint8_t { kMachine, kProcess };

/// Whether one machine alone can have a volume's file system mounted.
enum class ExclusiveMount : std::uint8_t { kAuto, kYes, kNo };

/// What clients may cache of a share's files, in the order of the key's choices.
enum class MaxLease : std::uint8_t { kAuto, kNone, kRead, kReadHandle, kReadWriteHandle };

enum class LogFormat : std::uint8_t { kPlain, kJson };

struct ShareConfig {
  std::string name;
  std::string path;
  std::string comment;
  bool read_only = false;
  bool guest = false;
  bool hidden = false;
  bool access_based_enumeration = false;
  bool compress_data = false;
  bool hide_dot_files = false;
  std::vector<std::string> hide_files;
  bool streams = true;
  bool keep_acl_flags = false;
  bool change_notify = true;
  bool local_changes = true;
  /// Octets; 0: no limit.
  std::uint64_t max_file_size = 0;
  bool continuous_availability = false;
  /// Empty: ".holdfast" in `path`.
  std::string state_path;
  bool keep_durable_handles = false;
  WritesSurvive writes_survive = WritesSurvive::kMachine;
  ClusterKind cluster = ClusterKind::kNone;
  MaxLease max_lease = MaxLease::kAuto;
  bool apple = false;
  bool apple_netatalk_metadata = false;
  bool time_machine = false;
  /// Octets; 0: what the file system has.
  std::uint64_t time_machine_max_size = 0;
  bool local_coherence = false;
  std::vector<std::string> users;
  std::vector<std::string> read_only_users;
  core::Requirement encryption = core::Requirement::kDesired;
  SnapshotKind snapshots = SnapshotKind::kOff;
  std::string snapshot_dir = ".snapshots";
  std::string snapshot_format = "@GMT-%Y.%m.%d-%H.%M.%S";
  std::string snapshot_path;
  std::vector<std::string> dfs_links;
  IdentityMode identity = IdentityMode::kAuto;
  /// Where its [[share]] stands, from 1.
  std::uint32_t line = 0;

  bool operator==(const ShareConfig&) const = default;
};

struct ListenConfig {
  std::string address = "::";
  std::uint16_t port = 445;
  bool proxy_protocol = false;
  std::vector<ports::AddressRange> proxy_from;
  std::uint32_t line = 0;
};

struct WitnessConfig {
  bool enabled = false;
  std::string address = "::";
  std::uint16_t port = 4451;
  /// 0: there is none.
  std::uint16_t endpoint_mapper = 135;
  std::vector<std::string> names;
};

/// What a configuration file says, checked, with every default filled in.
struct Config {
  struct {
    std::string name = "HOLDFAST";
    std::string comment;
    std::string workgroup;
    std::string state_dir = "/var/lib/holdfast";
    std::string run_dir = "/run/holdfast";
    std::string admin_socket;
    std::string users_file;
  } server;
  std::vector<ListenConfig> listen;
  WitnessConfig witness;
  core::Policy policy;
  /// protocol.channel_addresses.
  std::vector<ports::NetworkAddress> channel_addresses;
  bool map_unknown_to_guest = false;
  bool remote_share_changes = false;
  std::string guest_account = "nobody";
  std::size_t max_connections = limits::kMaxConnections;
  platform::LoopKind loop = platform::LoopKind::kAuto;
  unsigned threads = 0;
  unsigned blocking_threads = 32;
  Severity log_level = Severity::kInfo;
  LogFormat log_format = LogFormat::kPlain;
  std::vector<ShareConfig> shares;
  struct {
    /// "192.0.2.10/24" or empty.
    std::string address;
    std::string interface;
    std::uint32_t lease_s = 10;
    ExclusiveMount exclusive_mount = ExclusiveMount::kAuto;
    std::string fence_command;
    bool tickle = true;
    bool end_in_order = true;
  } failover;

  /// "server.name" -> the value as it was given; tables that repeat are not in it.
  std::map<std::string, std::string> given;

  std::string admin_socket() const {
    return server.admin_socket.empty() ? server.run_dir + "/admin.sock" : server.admin_socket;
  }
  std::string users_file() const {
    return server.users_file.empty() ? server.state_dir + "/users" : server.users_file;
  }
};

inline constexpr std::size_t kMaxConfigOctets = 4u << 20;
inline constexpr std::size_t kMaxShares = 10'000;
inline constexpr std::size_t kMaxListeners = 64;
inline constexpr const char* kDefaultConfigPath = "/etc/holdfast/holdfast.toml";
inline constexpr const char* kDefaultAdminSocket = "/run/holdfast/admin.sock";

}  // namespace holdfast::app
