// SPDX-License-Identifier: Apache-2.0
// The share as a whole: opening it, and what PosixVfs tells of its volume.
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/errno_map.h"
#include "platform/vfs_posix/features.h"
#include "platform/vfs_posix/posix_vfs_impl.h"
#include "platform/vfs_posix/where.h"
#include "wire/fscc/fs_information.h"

namespace holdfast::platform::posix {
namespace {

using FsAttributes = wire::fscc::FsAttributeInformation;
constexpr std::uint32_t kSectorSize = 512;
/// 255 octets of a name on disk are at most as many UTF-16 units.
constexpr std::uint32_t kMaxComponent = 255;

std::uint32_t volume_attributes(const Features& f) {
  std::uint32_t attributes = FsAttributes::kCasePreservedNames | FsAttributes::kUnicodeOnDisk |
                             FsAttributes::kSupportsHardLinks;
  if (f.sparse) attributes |= FsAttributes::kSupportsSparseFiles;
  if (f.compression) attributes |= FsAttributes::kFileCompression;
  if (f.read_only) attributes |= FsAttributes::kReadOnlyVolume;
  if (f.reflink) attributes |= FsAttributes::kSupportsBlockRefcounting;
  if (f.xattrs)
    attributes |= FsAttributes::kPersistentAcls | FsAttributes::kNamedStreams |
                  FsAttributes::kSupportsExtendedAttributes | FsAttributes::kSupportsReparsePoints;
  return attributes;
}

}  // namespace

Result<ports::VolumeInfo> PosixVfs::volume_info_now() {
  struct statvfs fs;
  if (::fstatvfs(share_->root(), &fs) != 0) return fail_errno();
  ports::VolumeInfo volume;
  volume.label = share_->options().label;
  // Clients decide by this name what they may expect; the attributes say the rest.
  volume.file_system_name = "NTFS";
  auto id = static_cast<std::uint64_t>(fs.f_fsid);
  volume.serial_number = static_cast<std::uint32_t>(id ^ id >> 32);
  if (auto info = load_info(*share_, share_->root())) volume.creation_time = info->creation_time;
  // A unit is at least a sector, and a whole number of them.
  std::uint64_t unit = std::max<std::uint64_t>(fs.f_frsize, kSectorSize);
  volume.bytes_per_sector = kSectorSize;
  volume.sectors_per_unit = static_cast<std::uint32_t>(unit / kSectorSize);
  volume.total_units = fs.f_blocks;
  volume.free_units = fs.f_bfree;
  volume.caller_free_units = fs.f_bavail;
  volume.attributes = volume_attributes(share_->features());
  volume.trims = share_->features().sparse;
  volume.max_component_units =
      fs.f_namemax == 0
          ? kMaxComponent
          : static_cast<std::uint32_t>(std::min<unsigned long>(fs.f_namemax, kMaxComponent));
  FileKey key = share_->root_key();
  std::memcpy(volume.object_id.octets.data(), &id, sizeof id);
  std::memcpy(volume.object_id.octets.data() + sizeof id, &key.inode, sizeof key.inode);
  return volume;
}

Task<Result<ports::VolumeInfo>> PosixVfs::volume_info(IoContext io) {
  co_return co_await run(io, *share_, Cost::kMetadata,
                         [this](Blocking) { return volume_info_now(); });
}

Task<std::shared_ptr<ports::ChangeWatch>> PosixVfs::watch_local_changes(
    IoContext io, ports::FilePtr directory, bool tree, std::weak_ptr<ports::LocalChangeSink> sink) {
  using Watch = std::shared_ptr<ports::ChangeWatch>;
  auto file = std::static_pointer_cast<PosixFile>(directory);
  auto watch =
      co_await run(io, *share_, tree ? Cost::kLong : Cost::kMetadata,
                   [&](Blocking) -> Result<Watch> { return watcher_->watch(file, tree, sink); });
  co_return watch ? std::move(*watch) : nullptr;
}

}  // namespace holdfast::platform::posix

namespace holdfast::platform {

std::expected<std::shared_ptr<ports::Vfs>, std::string> open_posix_vfs(PosixVfsOptions options) {
  posix::UniqueFd root(::open(options.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root)
    return std::unexpected("cannot open the directory " + options.root + ": " +
                           std::strerror(errno));
  if (::access("/proc/self/fd", X_OK) != 0)
    return std::unexpected("/proc is not mounted; files cannot be served without it");
  if (auto probe = posix::open_beneath(posix::service(), root.get(), "", O_PATH); !probe)
    return std::unexpected(
        "the kernel refuses openat2(RESOLVE_BENEATH) in " + options.root +
        " (Linux 5.6 or newer is needed, and a seccomp profile that allows openat2)");
  if (options.acts_as_users)
    if (auto can = check_can_act_as_users(); !can) return std::unexpected(can.error());
  posix::Features features = posix::probe_features(root.get());
  auto share = std::make_shared<posix::Share>(std::move(options), std::move(root), features);
  return std::make_shared<posix::PosixVfs>(std::move(share));
}

}  // namespace holdfast::platform
