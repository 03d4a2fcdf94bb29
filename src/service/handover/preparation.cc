// SPDX-License-Identifier: Apache-2.0
#include "service/handover/preparation.h"

#include "core/object/directory_scan.h"
#include "service/server/request.h"
#include "wire/state/handover.h"

namespace holdfast::service::handover {
namespace {

constexpr std::size_t kBatch = 4'096;
using HeldOpen = core::OpenTable::HeldOpen;

/// Reads a listing that has begun to its end: the next binary cannot go on in the middle. False: it
/// cannot be handed over. What is told of a name is looked up when it is told.
Task<bool> finish_scan(ports::Executor& loop, const HeldOpen& open) {
  core::DirectoryScan& scan = *open.scan;
  if (!scan.has_pattern() || scan.must_rewind || !scan.pattern().has_wildcards()) co_return true;
  if (scan.at_end && scan.pending.empty()) co_return true;
  // Who may see a name was decided for those that were read.
  if (open.share->access_based_enumeration) co_return false;
  scan.read_as_of = {};
  while (!scan.at_end) {
    std::vector<ports::DirEntry> batch;
    Result<void> read = co_await open.file->read_directory(
        io_of(loop, *open.share, *open.identity), false, ports::DirDetail::kNames, kBatch, batch);
    if (!read) co_return false;
    scan.at_end = batch.empty();
    for (ports::DirEntry& entry : batch)
      if (scan.pattern().matches(entry.name)) scan.pending.push_back(std::move(entry));
    if (scan.pending.size() > wire::state::HeldOpen::kMaxNames) co_return false;
  }
  co_return true;
}

Task<std::string_view> look_at(ports::Executor& loop, const HeldOpen& open, std::string& path) {
  if (open.file->is_previous_version()) co_return "it has a previous version open";
  if (open.file->is_quota_index()) co_return "it has the quota index open";
  Result<std::string> now = co_await open.file->path({loop, open.identity->credentials});
  if (!now) co_return "it has a file open that has no name any more";
  path = std::move(*now);
  if (open.scan != nullptr && !co_await finish_scan(loop, open))
    co_return "it is in the middle of a listing that cannot be handed over";
  co_return std::string_view{};
}

}  // namespace

Task<void> prepare(Server& server, ports::Executor& loop, Preparation& out) {
  for (const HeldOpen& open : server.opens().hand_over()) {
    if (open.is_pipe || open.file == nullptr) continue;
    std::string path;
    std::string_view obstacle = co_await look_at(loop, open, path);
    if (obstacle.empty())
      out.paths[open.id] = std::move(path);
    else if (open.session != 0)
      out.obstacles.emplace(open.session, obstacle);
  }
}

}  // namespace holdfast::service::handover
