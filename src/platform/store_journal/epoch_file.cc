// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/epoch_file.h"

#include <cerrno>
#include <utility>

#include "platform/store_journal/crc32c.h"
#include "platform/store_journal/errors.h"
#include "platform/store_journal/format.h"
#include "wire/state/records.h"

namespace holdfast::platform::store {
namespace {

using core::failover::Epoch;
using ports::StoreError;
using ports::StoreResult;

const std::string kName = "epoch";
constexpr std::uint8_t kMagic[8] = {'H', 'F', 'E', 'P', 'O', 'C', 'H', '1'};

/// A block: magic, CRC-32C of all behind it, size of the record, record, zeros.
constexpr std::size_t kBegin = 16;

/// Aligned as direct access wants it.
struct alignas(kBlock) Blocks {
  std::uint8_t octets[2 * kBlock];
};

void encode_block(const Epoch& epoch, MutBytes block) {
  wire::state::EpochState s;
  s.epoch = epoch.number;
  s.instance = epoch.instance;
  s.boot = epoch.boot;
  s.lease_ms = epoch.lease_ms;
  s.renewals = epoch.renewals;
  s.activity = static_cast<std::uint8_t>(epoch.state);
  s.renewed_us = epoch.renewed_us;
  s.taken = epoch.taken;
  s.host =
      as_bytes(epoch.host).first(std::min(epoch.host.size(), wire::state::EpochState::kMaxHost));
  Buffer record;
  Writer writer(record);
  wire::state::encode(s, writer);
  HF_ASSERT(kBegin + record.size() <= kBlock);
  std::memset(block.data(), 0, block.size());
  std::memcpy(block.data(), kMagic, sizeof kMagic);
  store_u32(block.data() + 12, static_cast<std::uint32_t>(record.size()));
  std::memcpy(block.data() + kBegin, record.data(), record.size());
  store_u32(block.data() + 8, crc32c(Bytes(block).subspan(12)));
}

enum class BlockState : std::uint8_t { kWhole, kNone, kNewer };

BlockState decode_block(Bytes block, Epoch& epoch) {
  if (!equal(block.first(sizeof kMagic), kMagic)) return BlockState::kNone;
  if (load_u32(block.data() + 8) != crc32c(block.subspan(12))) return BlockState::kNone;
  const std::uint32_t size = load_u32(block.data() + 12);
  if (size > kBlock - kBegin) return BlockState::kNone;
  const Bytes record = block.subspan(kBegin, size);
  wire::state::EpochState s;
  if (!wire::state::decode(record, s)) {
    wire::state::Version version;
    const bool newer = wire::state::decode(record, version) &&
                       version.readable_by > wire::state::EpochState::kVersion;
    return newer ? BlockState::kNewer : BlockState::kNone;
  }
  epoch = {.number = s.epoch,
           .instance = s.instance,
           .boot = s.boot,
           .lease_ms = s.lease_ms,
           .renewals = s.renewals,
           .state = static_cast<Epoch::State>(s.activity),
           .renewed_us = s.renewed_us,
           .taken = s.taken,
           .host = std::string(as_text(s.host))};
  return BlockState::kWhole;
}

/// The newer of both blocks. `newest`: which it is.
StoreResult<std::optional<Epoch>> newest_of(Bytes octets, const std::string& where,
                                            unsigned& newest) {
  std::optional<Epoch> found;
  bool written = false;
  for (unsigned i = 0; i < 2; ++i) {
    const Bytes block = octets.subspan(i * kBlock, kBlock);
    Epoch epoch;
    const BlockState state = decode_block(block, epoch);
    if (state == BlockState::kNewer)
      return std::unexpected(
          StoreError{NtStatus::kRevisionMismatch,
                     "The epoch in " + where + " was written by a newer Holdfast."});
    for (std::uint8_t octet : block) written |= octet != 0;
    if (state != BlockState::kWhole) continue;
    if (found &&
        std::pair(found->number, found->renewals) >= std::pair(epoch.number, epoch.renewals))
      continue;
    found = epoch;
    newest = i;
  }
  // One block may be torn. Not both; nor may the first ever written be called nothing, when it was
  // written by something else.
  if (!found && written && !equal(octets.first(kBlock), Bytes(ByteVec(kBlock))) &&
      !equal(octets.subspan(kBlock), Bytes(ByteVec(kBlock))))
    return std::unexpected(StoreError{
        NtStatus::kUnexpectedIoError,
        "The epoch in " + where +
            " is damaged: neither of its two blocks is whole. When no server uses this volume, "
            "remove the file."});
  return found;
}

}  // namespace

StoreResult<std::unique_ptr<EpochFile>> EpochFile::open(Disk& disk) {
  const std::string where = disk.path() + "/" + kName;
  auto file = disk.open(kName, Disk::Open::kDirect);
  if (!file && file.error() == ENOENT) {
    // Under another name first: who finds the file finds both blocks of it.
    const std::string unfinished = "epoch.tmp";
    auto made = disk.open(unfinished, Disk::Open::kCreate);
    if (!made) return std::unexpected(error_of(made.error(), "make " + where));
    auto done = write_all(**made, ByteVec(2 * kBlock), 0);
    if (done) done = (*made)->sync_data();
    if (done) done = disk.rename(unfinished, kName);
    if (done) done = disk.sync_folder();
    if (!done) return std::unexpected(error_of(done.error(), "make " + where));
    file = disk.open(kName, Disk::Open::kDirect);
  }
  if (!file) return std::unexpected(error_of(file.error(), "open " + where));
  return std::unique_ptr<EpochFile>(new EpochFile(where, std::move(*file)));
}

StoreResult<std::optional<Epoch>> EpochFile::read() {
  auto blocks = std::make_unique<Blocks>();
  std::memset(blocks->octets, 0, sizeof blocks->octets);
  auto got = file_->pread(blocks->octets, 0);
  if (!got) return std::unexpected(error_of(got.error(), "read " + where_));
  return newest_of(blocks->octets, where_, newest_);
}

StoreResult<void> EpochFile::write(const Epoch& epoch) {
  auto block = std::make_unique<Blocks>();
  const unsigned slot = 1 - newest_;
  MutBytes octets(block->octets, kBlock);
  encode_block(epoch, octets);
  auto done = write_all(*file_, octets, slot * kBlock);
  if (done) done = file_->sync_data();
  if (!done) return std::unexpected(error_of(done.error(), "write " + where_));
  return {};
}

StoreResult<std::optional<Epoch>> read_epoch(Disk& disk) {
  const std::string where = disk.path() + "/" + kName;
  auto file = disk.open(kName, Disk::Open::kRead);
  if (!file && file.error() == ENOENT) return std::nullopt;
  if (!file) return std::unexpected(error_of(file.error(), "open " + where));
  auto octets = read_some(**file, 0, 2 * kBlock);
  if (!octets) return std::unexpected(error_of(octets.error(), "read " + where));
  octets->resize(2 * kBlock);
  unsigned newest = 0;
  return newest_of(*octets, where, newest);
}

}  // namespace holdfast::platform::store
