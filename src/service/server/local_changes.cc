// SPDX-License-Identifier: Apache-2.0
#include "service/server/local_changes.h"

#include "core/path/path.h"
#include "service/server/local_opens.h"
#include "wire/smb2/change_notify.h"

namespace holdfast::service {
namespace {

namespace Filter = wire::smb2::CompletionFilter;
using core::NotifyAction, core::NotifyChange;
using ports::LocalChange;

std::uint32_t name_filter(const LocalChange& change) {
  return change.is_directory ? Filter::kDirName : Filter::kFileName;
}

void report_rename(core::NotifyTable& table, const ports::Vfs& vfs, const LocalChange& change,
                   std::vector<core::Wake>& wakes) {
  bool stays = core::parent_path(change.path) == core::parent_path(change.new_path);
  const NotifyChange parts[] = {
      {change.path, stays ? NotifyAction::kRenamedOldName : NotifyAction::kRemoved,
       name_filter(change)},
      {change.new_path, stays ? NotifyAction::kRenamedNewName : NotifyAction::kAdded,
       name_filter(change)}};
  if (change.is_directory) table.directory_moved(&vfs, change.path, change.new_path);
  table.report(&vfs, parts, wakes);
}

}  // namespace

void LocalChanges::on_local_changes(const ports::Vfs& vfs, std::span<const LocalChange> changes) {
  Lock lock(mutex_);
  if (stopped_) return;
  std::vector<core::Wake> wakes;
  for (const LocalChange& c : changes) {
    opens_.entry_changed(vfs, c.path, c.kind == LocalChange::Kind::kLost);
    if (c.kind == LocalChange::Kind::kRenamed) opens_.entry_changed(vfs, c.new_path, false);
    switch (c.kind) {
      case LocalChange::Kind::kCreated:
        notifications_.report(&vfs, {c.path, NotifyAction::kAdded, name_filter(c)}, wakes);
        break;
      case LocalChange::Kind::kRemoved:
        notifications_.report(&vfs, {c.path, NotifyAction::kRemoved, name_filter(c)}, wakes);
        break;
      case LocalChange::Kind::kRenamed: report_rename(notifications_, vfs, c, wakes); break;
      case LocalChange::Kind::kWritten:
        notifications_.report(
            &vfs, {c.path, NotifyAction::kModified, Filter::kSize | Filter::kLastWrite}, wakes);
        break;
      case LocalChange::Kind::kAttributes:
        // The kernel does not say which; extended attributes are EAs, attributes and security.
        notifications_.report(&vfs,
                              {c.path, NotifyAction::kModified,
                               Filter::kAttributes | Filter::kLastWrite | Filter::kLastAccess |
                                   Filter::kCreation | Filter::kEa | Filter::kSecurity},
                              wakes);
        break;
      case LocalChange::Kind::kLost: notifications_.lost_below(&vfs, c.path, wakes); break;
    }
  }
  waits_.wake(wakes);
}

void LocalChanges::stop() {
  Lock lock(mutex_);
  stopped_ = true;
}

}  // namespace holdfast::service
