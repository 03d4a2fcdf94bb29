// SPDX-License-Identifier: Apache-2.0
#include "bench/load/rival.h"

namespace holdfast::load {

namespace smb2 = wire::smb2;

namespace {
constexpr std::uint64_t kBetweenTriesUs = 5'000;
}

Rival::Rival(Run& run, std::uint32_t number)
    : run_(run),
      client_(run.surroundings().world(),
              client_options(run.surroundings().target(), "rival " + std::to_string(number),
                             smb2::Dialect::kSmb311)) {}

Task<bool> Rival::log_on() {
  NtStatus status = co_await client_.connect();
  if (status == NtStatus::kSuccess) status = co_await client_.logon();
  if (status == NtStatus::kSuccess)
    status = co_await client_.tree_connect(run_.surroundings().target().share);
  if (status == NtStatus::kSuccess) co_return true;
  client_.abort();
  co_await client_.closed();
  co_return false;
}

Task<void> Rival::try_lock(Guarded& guarded, smb2::FileId id) {
  bool before = guarded.held;
  NtStatus status = co_await sim::lock(
      client_, id, guarded.lock_offset, 1,
      smb2::LockElement::kFlagExclusiveLock | smb2::LockElement::kFlagFailImmediately);
  if (status == NtStatus::kLockNotGranted) {
    run_.count("locks that held");
  } else if (status == NtStatus::kSuccess && before && guarded.held) {
    run_.fail("a rival got the lock that another client holds on " + guarded.path);
  } else if (status != NtStatus::kSuccess && status != NtStatus::kConnectionDisconnected) {
    run_.fail("a rival's LOCK on " + guarded.path + " got " + to_string(status));
  }
}

Task<void> Rival::try_once(Guarded& guarded) {
  bool before = guarded.held;
  sim::OpenArgs args;
  args.path = guarded.path;
  args.disposition = smb2::CreateDisposition::kOpen;
  args.access = sim::access::kReadWrite;
  Result<sim::OpenFile> file = co_await sim::open(client_, args);
  if (!file) {
    switch (file.error()) {
      case NtStatus::kConnectionDisconnected: break;
      case NtStatus::kFileNotAvailable: run_.count("opens kept off"); break;
      case NtStatus::kSharingViolation:
        if (guarded.kind == Guarded::Kind::kExclusive) {
          run_.count("sharing violations");
          break;
        }
        [[fallthrough]];
      default:
        if (before && guarded.held)
          run_.fail("a rival's CREATE of " + guarded.path + " got " + to_string(file.error()));
    }
    co_return;
  }
  if (guarded.kind == Guarded::Kind::kExclusive) {
    if (before && guarded.held)
      run_.fail("a rival could open " + guarded.path + ", which another has for itself");
  } else {
    co_await try_lock(guarded, file->id);
  }
  (void)co_await sim::close(client_, file->id);
}

Task<void> Rival::run() {
  while (!run_.stopping()) {
    if (!client_.connected() && !co_await log_on()) {
      co_await ports::sleep_for(run_.loop(), run_.options().retry_us);
      continue;
    }
    if (!run_.guarded().empty())
      co_await try_once(*run_.guarded()[client_.rng().below(run_.guarded().size())]);
    co_await ports::sleep_for(run_.loop(), kBetweenTriesUs);
  }
  if (!client_.connected()) co_return;
  (void)co_await client_.logoff();
  client_.disconnect();
  co_await client_.closed();
}

}  // namespace holdfast::load
