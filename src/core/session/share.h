// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ports/apple_volume.h"
#include "ports/quota.h"
#include "ports/snapshots.h"
#include "ports/vfs.h"
#include "ports/volume.h"
#include "wire/smb2/types.h"

namespace holdfast::core {

enum class ShareType : std::uint8_t { kDisk, kPipe };

/// A policy that can be off, wished for, or a condition. kOffered is for encryption only: there for
/// clients that ask for it, and not asked of them.
enum class Requirement : std::uint8_t { kOff, kDesired, kRequired, kOffered };

struct HiddenNames;

/// A place in a DFS namespace that is somewhere else (MS-DFSC 3.2.1.1).
struct DfsLink {
  /// Below the share's root, joined by '/'.
  std::string path;
  /// "\server\share" or deeper, one backslash in front; in the order in which clients try them.
  std::vector<std::string> targets;
};

/// One share as configured. Immutable: a changed configuration makes a new one, and tree connects
/// keep the one they were made with.
struct Share {
  std::string name;
  std::string comment;
  ShareType type = ShareType::kDisk;
  /// Where it is, for people ("/srv/data").
  std::string location;
  std::shared_ptr<ports::Vfs> vfs;
  /// vfs with exact names, for the SMB3 POSIX extensions; null: the share does not offer them.
  std::shared_ptr<ports::Vfs> exact_vfs;
  /// Null: no previous versions.
  std::shared_ptr<ports::SnapshotProvider> snapshots;
  /// Null: macOS is spoken to as any other client. Otherwise vfs knows what macOS means by its
  /// streams (service/apple), and is this.
  std::shared_ptr<ports::AppleVolume> apple;
  /// macOS is told that it may back up here.
  bool time_machine = false;
  /// Null: no quotas.
  std::shared_ptr<ports::QuotaProvider> quotas;
  bool read_only = false;
  bool hidden = false;
  bool guest_ok = false;
  /// Users (as in Identity::user) who may connect; empty: everybody who logged on.
  std::vector<std::string> allowed_users;
  /// Users who get read access only, whatever the security descriptors say.
  std::vector<std::string> read_only_users;
  Requirement encryption = Requirement::kDesired;
  /// Clients are told that they may compress all that they read and write (MS-SMB2 2.2.10
  /// SMB2_SHAREFLAG_COMPRESS_DATA).
  bool compress_data = false;
  /// Entries that the user may not read are not listed (MS-SMB2 3.3.5.18).
  bool access_based_enumeration = false;
  /// Whose HIDDEN attribute is set by their names; null: nobody's.
  std::shared_ptr<const HiddenNames> hidden_names;
  /// Named streams exist.
  bool streams = true;
  /// AUTO_INHERITED of an ACL is stored without AUTO_INHERIT_REQ, too.
  bool keep_acl_flags = false;
  /// No file may become larger, octets; 0: what the file system can hold.
  std::uint64_t max_file_size = 0;
  /// CHANGE_NOTIFY is answered; otherwise STATUS_NOT_IMPLEMENTED.
  bool change_notify = true;
  /// Watchers hear also of what other programs do to the files.
  bool local_changes = true;
  /// Clients and programs on this machine respect each other's caches and locks.
  bool local_coherence = false;
  /// Grants persistent handles (TreeConnect.Share.IsCA, MS-SMB2 3.3.1.6).
  bool continuous_availability = false;
  /// Not null: the handles that it grants outlive the server, with it those that are persistent.
  std::shared_ptr<ports::Volume> failover;
  /// Other durable and resilient opens outlive the server, too.
  bool keeps_durable = false;
  /// A WRITE through a persistent open is answered when it would survive the loss of the machine;
  /// otherwise when it would survive that of the process.
  bool stable_writes = true;
  /// What clients are told of a cluster behind the share (MS-SMB2 2.2.10, 3.3.5.7): another node
  /// may take it over, or all nodes serve it at once.
  bool is_clustered = false;
  bool is_scaleout = false;
  /// LeaseState bits that are granted.
  std::uint32_t max_caching = wire::smb2::LeaseState::kAll;
  /// System calls are made as the user who logged on; otherwise as the service account, and
  /// Holdfast's own access check decides.
  bool act_as_user = false;

  /// The file system for an open: with exact names when it speaks the SMB3 POSIX extensions.
  ports::Vfs& volume(bool posix) const { return posix && exact_vfs ? *exact_vfs : *vfs; }
  /// Not empty: the share is the root of a DFS namespace.
  std::vector<DfsLink> dfs_links;
};

/// Would a file that ends there be larger than the share allows?
inline bool passes_largest_file(const Share& share, std::uint64_t end) {
  return share.max_file_size != 0 && end > share.max_file_size;
}

}  // namespace holdfast::core
