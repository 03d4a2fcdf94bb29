// SPDX-License-Identifier: Apache-2.0
#include "service/failover/restore.h"

#include <expected>

#include "base/failover_limits.h"
#include "base/utf16.h"
#include "core/access/data_access.h"
#include "core/path/path.h"
#include "service/failover/failover.h"
#include "service/server/keeping.h"
#include "service/server/times.h"

namespace holdfast::service {

using core::OpenRecord;

std::shared_ptr<const ports::Identity> owner_of(const OpenRecord& record,
                                                const core::Share& share) {
  auto owner = std::make_shared<ports::Identity>();
  owner->user = record.owner_name;
  owner->sid = record.owner;
  owner->credentials.act_as_user = share.act_as_user;
  return owner;
}

namespace {

ports::OpenHow how_to_open(const OpenRecord& record) {
  ports::OpenHow how;
  how.stream = record.stream;
  how.open_reparse_point = (record.options & wire::smb2::CreateOptions::kOpenReparsePoint) != 0;
  if (!record.is_directory) how.access = core::data_access(record.access);
  return how;
}

/// What is changed through it survives the loss of the machine once it is answered.
bool is_stable(const OpenRecord& record, const core::Share& share) {
  return record.durable == core::DurableKind::kPersistent && share.stable_writes;
}

/// Writes the directories that the object was in to the disk.
Task<void> flush_directories(ports::IoContext io, const core::Share& share,
                             const OpenRecord& record) {
  for (const std::string& path : {record.path, record.renaming_to}) {
    if (path.empty()) continue;
    Result<ports::Opened> directory =
        co_await share.volume(record.posix).open(io, std::string(core::parent_path(path)), {});
    if (directory) (void)co_await directory->file->flush(io);
  }
}

}  // namespace

Task<Result<ports::Opened>> open_object(ports::IoContext io, const core::Share& share,
                                        const OpenRecord& record) {
  Result<ports::Opened> opened = fail(NtStatus::kObjectNameNotFound);
  for (const std::string& path : {record.path, record.renaming_to}) {
    if (&path == &record.renaming_to && path.empty()) break;
    opened = co_await share.volume(record.posix).open(io, path, how_to_open(record));
    if (opened && opened->info.key.inode == record.key.inode) co_return opened;
    if (opened) opened = fail(NtStatus::kObjectNameNotFound);
  }
  co_return opened;
}

std::uint32_t time_to_come_back_ms(const core::OpenRecord& record, bool is_told) {
  std::uint32_t ms = record.durable_timeout_ms;
  // The client left it to the server, which did not know then that nobody would tell the client.
  if (!is_told && ms == limits::kDurableTimeout_ms) ms = limits::kUntoldTimeout_ms;
  return std::max(record.resilient ? record.resilient_timeout_ms : 0, ms);
}

Task<std::expected<core::OpenId, std::string>> restore_open(Server& server, ports::Executor& loop,
                                                            const ports::Volume& volume,
                                                            const OpenRecord& record) {
  std::shared_ptr<const core::Share> share;
  for (const auto& candidate : server.settings()->shares)
    if (candidate->failover.get() == &volume && same_name(candidate->name, record.share))
      share = candidate;
  if (share == nullptr) co_return std::unexpected("the share does not exist any more");
  core::OpenTable::Restored restored;
  restored.record = record;
  restored.share = share;
  restored.identity = owner_of(record, *share);
  ports::Credentials as_service;
  Result<ports::Opened> opened = co_await open_object({loop, as_service}, *share, record);
  bool not_there = !opened && (opened.error() == NtStatus::kObjectNameNotFound ||
                               opened.error() == NtStatus::kObjectPathNotFound);
  if (not_there && (record.delete_on_close || record.delete_pending)) {
    // The server before has removed it, perhaps in the kernel's memory only. With the record goes
    // whoever would remove it again.
    if (is_stable(record, *share)) co_await flush_directories({loop, as_service}, *share, record);
    co_return std::unexpected(std::string());
  }
  if (!opened)
    co_return std::unexpected(not_there
                                  ? "the file is not there any more"
                                  : "the file cannot be opened: " + to_string(opened.error()));
  co_await opened->file->clear_creation_mark({loop, as_service});
  // Its client may never have had the answer to the CREATE or the rename, and nobody waited for the
  // name to be on the disk; from now on the open is promised.
  if (is_stable(record, *share) &&
      (is_young(opened->info, server.env().clock.now()) || !record.renaming_to.empty()))
    (void)co_await opened->file->flush({loop, as_service});
  restored.file = opened->file;
  restored.key = opened->info.key;
  restored.path = opened->path;
  std::uint64_t now_us = loop.clock().monotonic_us();
  restored.expires_us =
      now_us +
      std::uint64_t{time_to_come_back_ms(record, server.failover().tells_clients())} * 1'000;
  std::uint64_t expires_us = restored.expires_us;
  Result<core::OpenId> id = server.opens().restore(std::move(restored));
  if (!id)
    co_return std::unexpected("its record does not go with another's: " + to_string(id.error()));
  if (!record.create_guid.is_zero())
    server.create_replays().finish({record.client_guid, record.create_guid}, *id);
  expire_later(server, loop, *id, expires_us);
  co_return *id;
}

}  // namespace holdfast::service
