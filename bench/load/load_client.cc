// SPDX-License-Identifier: Apache-2.0
#include "bench/load/load_client.h"

#include "wire/fscc/file_information.h"
#include "wire/smb2/read.h"
#include "wire/smb2/write.h"

namespace holdfast::load {

namespace smb2 = wire::smb2;
namespace LeaseState = smb2::LeaseState;
using sim::Answer;

namespace {

/// Beyond all data, one place for each open.
constexpr std::uint64_t kLockOffset = 1ull << 40;
constexpr std::uint64_t kLockLength = 16;
/// Of a writer's requests, one in so many reads back what it wrote.
constexpr std::uint64_t kReadOneIn = 8;
/// What the files are filled with that come and go.
constexpr std::uint32_t kPassingSize = 3'000;

std::uint16_t dialect_of(std::uint32_t index) {
  return index % 4 == 3 ? smb2::Dialect::kSmb302 : smb2::Dialect::kSmb311;
}

smb2::LeaseContext lease(const Guid& key, std::uint32_t state) {
  smb2::LeaseContext context;
  context.version = 2;
  context.lease_key = key;
  context.lease_state = state;
  return context;
}

}  // namespace

LoadClient::LoadClient(Run& run, std::uint32_t index)
    : run_(run), index_(index), client_(run, index, dialect_of(index)) {}

void LoadClient::fail(const std::string& what) {
  run_.fail("client " + std::to_string(index_) + ": " + what);
}

Task<void> LoadClient::think() {
  std::uint64_t most = 2 * run_.options().think_us;
  co_await ports::sleep_for(run_.loop(), most == 0 ? 1 : client_.rng().below(most));
}

// ---- opens that stay ----

/// In turn: a lease of all; a byte-range lock and no lease; a lease for reading and the handle, and
/// a lock; a lease of all, and a lock; a lease of all, and nobody else may open the file.
Task<bool> LoadClient::open_kept(Kept& kept) {
  const Layout& layout = run_.options().layout;
  std::uint32_t kind = kept.file % layout.opens % 5;
  kept.handle.path = std::string(kFolder) + "\\" + file_name(layout, kept.file);
  if (kind != 1)
    kept.handle.lease =
        lease(client_.new_guid(),
              kind == 2 ? LeaseState::kReadCaching | LeaseState::kHandleCaching : LeaseState::kAll);
  if (kind == 4) kept.handle.share = 0;
  if (!co_await client_.open(kept.handle)) co_return false;
  kept.guarded.path = kept.handle.path;
  if (kind == 4) {
    kept.guarded.kind = Guarded::Kind::kExclusive;
  } else if (kind != 0) {
    kept.guarded.lock_offset = kLockOffset + kept.file * kLockLength;
    // LockSequenceIndex from 1 to 64, LockSequenceNumber (MS-SMB2 2.2.26).
    kept.lock_sequence = (kept.file % 64 + 1) << 4 | (kept.file % 15 + 1);
    if (!co_await lock(
            kept, smb2::LockElement::kFlagExclusiveLock | smb2::LockElement::kFlagFailImmediately))
      co_return false;
  } else {
    co_return true;
  }
  kept.guarded.held = true;
  run_.guarded().push_back(&kept.guarded);
  co_return true;
}

/// A LOCK that goes again because its answer was lost has the same LockSequence, and is done once.
Task<bool> LoadClient::lock(Kept& kept, std::uint32_t flags) {
  Answer answer = co_await client_.insist(
      [&kept, flags] {
        smb2::LockRequest request;
        request.file_id = kept.handle.id;
        request.lock_sequence = kept.lock_sequence;
        request.locks.push_back({kept.guarded.lock_offset, kLockLength, flags});
        return sim::Part{smb2::Command::kLock, sim::message_of(request)};
      },
      false);
  if (answer.status != NtStatus::kSuccess)
    fail("LOCK of " + kept.handle.path + " got " + to_string(answer.status));
  co_return answer.status == NtStatus::kSuccess;
}

Task<bool> LoadClient::begin() {
  spawn(client_.keep_connected());
  const Layout& layout = run_.options().layout;
  for (std::uint32_t i = 0; i < layout.opens; ++i) {
    kept_.push_back(std::make_unique<Kept>());
    kept_.back()->file = index_ * layout.opens + i;
    if (!co_await open_kept(*kept_.back())) co_return false;
  }
  co_return true;
}

Task<void> LoadClient::work() {
  std::uint32_t half = run_.options().layout.size / 2;
  working_ = 2 * kept_.size() + run_.options().passing;
  for (auto& kept : kept_) {
    spawn(keep_writing(*kept, 0, half));
    spawn(keep_writing(*kept, half, run_.options().layout.size));
  }
  for (std::uint32_t i = 0; i < run_.options().passing; ++i) spawn(keep_making(i));
  (void)co_await all_ended_;
  for (auto& kept : kept_) {
    kept->guarded.held = false;
    co_await client_.close(kept->handle);
  }
  co_await client_.leave();
}

void LoadClient::ended() {
  if (--working_ == 0) all_ended_.set(true);
}

Task<void> LoadClient::write_once(Kept& kept, std::uint32_t begin, MutBytes model) {
  std::uint32_t most = std::min<std::uint32_t>(run_.options().largest_write,
                                               static_cast<std::uint32_t>(model.size()));
  auto length = static_cast<std::uint32_t>(client_.rng().between(1, most));
  auto at = static_cast<std::uint32_t>(client_.rng().below(model.size() - length + 1));
  Written write{kept.file, ++kept.writes, begin + at, length};
  ByteVec content(length);
  fill_content(run_.options().layout.seed, write, content);
  run_.log().sent(write);
  Answer answer = co_await client_.insist(
      [&] { return sim::write_part(kept.handle.id, write.offset, content); }, true);
  smb2::WriteResponse response;
  if (answer.lost) co_return;
  if (answer.status != NtStatus::kSuccess || !decode(answer.message, response) ||
      response.count != length) {
    fail("WRITE to " + kept.handle.path + " got " + to_string(answer.status));
    co_return;
  }
  run_.log().acknowledged(write);
  std::copy(content.begin(), content.end(), model.begin() + at);
  run_.count("writes");
}

Task<void> LoadClient::read_back(Kept& kept, std::uint32_t begin, Bytes model) {
  Answer answer = co_await client_.insist(
      [&] {
        return sim::read_part(kept.handle.id, begin, static_cast<std::uint32_t>(model.size()));
      },
      false);
  if (answer.lost) co_return;
  ByteVec found(model.size());
  if (answer.status == NtStatus::kSuccess) {
    smb2::ReadResponse response;
    if (!decode(answer.message, response) || response.data.size() > found.size())
      co_return fail("an answer to READ that does not decode");
    std::copy(response.data.begin(), response.data.end(), found.begin());
  } else if (answer.status != NtStatus::kEndOfFile) {
    co_return fail("READ of " + kept.handle.path + " got " + to_string(answer.status));
  }
  // What nobody has written yet is zeros, or beyond the end.
  if (!equal(found, model)) fail("READ of " + kept.handle.path + " does not give what was written");
  run_.count("reads");
}

Task<void> LoadClient::keep_writing(Kept& kept, std::uint32_t begin, std::uint32_t end) {
  ByteVec model(end - begin);
  co_await think();
  while (!run_.stopping()) {
    if (client_.rng().one_in(kReadOneIn)) {
      co_await read_back(kept, begin, model);
    } else {
      co_await write_once(kept, begin, model);
    }
    co_await think();
  }
  co_await read_back(kept, begin, model);
  ended();
}

// ---- files that come and go ----

Task<bool> LoadClient::fill_and_compare(Handle& handle) {
  ByteVec content(kPassingSize);
  for (std::uint8_t& octet : content) octet = static_cast<std::uint8_t>(client_.rng().u64() >> 9);
  Answer answer =
      co_await client_.insist([&] { return sim::write_part(handle.id, 0, content); }, true);
  if (answer.status != NtStatus::kSuccess) {
    fail("WRITE to " + handle.path + " got " + to_string(answer.status));
    co_return false;
  }
  answer = co_await client_.insist([&] { return sim::read_part(handle.id, 0, 2 * kPassingSize); },
                                   false);
  smb2::ReadResponse response;
  if (answer.status == NtStatus::kSuccess && decode(answer.message, response) &&
      equal(response.data, content))
    co_return true;
  fail("READ of " + handle.path + " does not give what was written: " + to_string(answer.status));
  co_return false;
}

/// A CREATE of a new name that goes again must not find its own file in the way.
Task<void> LoadClient::keep_making(std::uint32_t maker) {
  co_await think();
  for (std::uint32_t n = 0; !run_.stopping(); ++n) {
    Handle handle;
    handle.path = std::string(kFolder) + "\\passing-" + std::to_string(index_) + "-" +
                  std::to_string(maker) + "-" + std::to_string(n);
    handle.disposition = smb2::CreateDisposition::kCreate;
    handle.options |= smb2::CreateOptions::kDeleteOnClose;
    handle.lease = lease(client_.new_guid(), LeaseState::kAll);
    bool ok = co_await client_.open(handle);
    if (ok) (void)co_await fill_and_compare(handle);
    co_await client_.close(handle);
    run_.count("files made and deleted");
    co_await think();
  }
  ended();
}

}  // namespace holdfast::load
