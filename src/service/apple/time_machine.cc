// SPDX-License-Identifier: Apache-2.0
// The size of a share that Time Machine backs up to.
#include <algorithm>

#include "core/apple/band_size.h"
#include "service/apple/apple_vfs_impl.h"

namespace holdfast::service::apple {
namespace {

using ports::DataAccess, ports::Opened;

constexpr std::size_t kBatch = 512;

Task<std::optional<std::uint64_t>> band_size_of(IoContext io, ports::Vfs& vfs,
                                                const std::string& image) {
  ports::OpenHow how;
  how.access = DataAccess::kRead;
  Result<Opened> plist = co_await vfs.open(io, image + "/Info.plist", how);
  if (!plist || plist->info.is_directory) co_return std::nullopt;
  ByteVec text(std::min<std::uint64_t>(plist->info.end_of_file, core::apple::kMaxInfoPlist));
  Result<std::size_t> got = co_await plist->file->read(io, 0, text);
  if (!got) co_return std::nullopt;
  co_return core::apple::band_size(as_text(Bytes(text).first(*got)));
}

}  // namespace

Task<std::uint64_t> AppleVfs::taken_by_image(IoContext io, const std::string& image) {
  Result<Opened> bands = co_await inner_->open(io, image + "/bands", ports::OpenHow{});
  if (!bands || !bands->info.is_directory) co_return 0;
  {
    // There may be 100,000 of them, and clients ask often.
    Lock lock(bands_mutex_);
    auto known = bands_.find(image);
    if (known != bands_.end() && known->second.read_as_of == bands->info.last_write_time)
      co_return known->second.octets;
  }
  std::optional<std::uint64_t> size = co_await band_size_of(io, *inner_, image);
  if (!size) co_return 0;
  std::uint64_t count = 0;
  std::vector<ports::DirEntry> batch;
  for (bool restart = true;; restart = false) {
    batch.clear();
    Result<void> read =
        co_await bands->file->read_directory(io, restart, ports::DirDetail::kNames, kBatch, batch);
    if (!read || batch.empty()) break;
    for (const ports::DirEntry& e : batch) count += !e.name.starts_with('.');
  }
  std::uint64_t octets = count > ~0ull / *size ? ~0ull : count * *size;
  Lock lock(bands_mutex_);
  bands_[image] = {bands->info.last_write_time, octets};
  co_return octets;
}

Task<std::uint64_t> AppleVfs::taken_by_images(IoContext io) {
  std::uint64_t octets = 0;
  Result<Opened> root = co_await inner_->open(io, "", ports::OpenHow{});
  if (!root) co_return octets;
  std::vector<std::string> images;
  std::vector<ports::DirEntry> batch;
  for (bool restart = true;; restart = false) {
    batch.clear();
    Result<void> read =
        co_await root->file->read_directory(io, restart, ports::DirDetail::kNames, kBatch, batch);
    if (!read || batch.empty()) break;
    for (ports::DirEntry& e : batch)
      if (core::apple::is_image_name(e.name)) images.push_back(std::move(e.name));
  }
  {
    Lock lock(bands_mutex_);
    std::erase_if(bands_, [&images](const auto& known) {
      return std::ranges::find(images, known.first) == images.end();
    });
  }
  for (const std::string& image : images) {
    std::uint64_t taken = co_await taken_by_image(io, image);
    octets = taken > ~0ull - octets ? ~0ull : octets + taken;
  }
  co_return octets;
}

/// Time Machine fills what it is given, and makes room by itself when that is full.
Task<Result<ports::VolumeInfo>> AppleVfs::volume_info(IoContext io) {
  auto self = shared_from_this();
  Result<ports::VolumeInfo> v = co_await inner_->volume_info(io);
  if (!v || options_.time_machine_size == 0) co_return v;
  std::uint64_t taken = co_await taken_by_images(io);
  std::uint64_t unit = std::uint64_t{v->sectors_per_unit} * v->bytes_per_sector;
  std::uint64_t room = v->caller_free_units * unit;
  constexpr std::uint64_t kUnit = 2 * 512;
  v->sectors_per_unit = 2;
  v->bytes_per_sector = 512;
  v->total_units = options_.time_machine_size / kUnit;
  std::uint64_t left = options_.time_machine_size > taken ? options_.time_machine_size - taken : 0;
  v->free_units = v->caller_free_units = std::min(left, room) / kUnit;
  co_return v;
}

}  // namespace holdfast::service::apple
