// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/directory_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstring>

#include "platform/credentials/act_as.h"
#include "platform/vfs_posix/errno_map.h"

namespace holdfast::platform::posix {
namespace {

constexpr std::size_t kBufferSize = 32u << 10;

/// The kernel's linux_dirent64, up to its name.
struct EntryHeader {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  unsigned char type;
};
constexpr std::size_t kNameOffset = 19;

bool is_dot(std::string_view name) { return name == "." || name == ".."; }

}  // namespace

Result<DirectoryReader> DirectoryReader::open(const Credentials& who, int directory) {
  ActAs as(who);
  if (!as.ok()) return fail(NtStatus::kAccessDenied);
  UniqueFd fd(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno();
  return DirectoryReader(std::move(fd));
}

Result<std::optional<RawEntry>> DirectoryReader::next() {
  for (;;) {
    if (position_ == size_) {
      if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kBufferSize);
      long n = ::syscall(SYS_getdents64, fd_.get(), buffer_.get(), kBufferSize);
      // A directory that was removed while it is open has no entries.
      if (n < 0 && errno != ENOENT) return fail_errno();
      position_ = 0;
      size_ = n > 0 ? static_cast<std::size_t>(n) : 0;
      if (size_ == 0) {
        buffer_.reset();
        return std::optional<RawEntry>{};
      }
    }
    EntryHeader header;
    const char* entry = buffer_.get() + position_;
    std::memcpy(&header, entry, kNameOffset);
    position_ += header.size;
    std::string_view name(entry + kNameOffset);
    if (!is_dot(name)) return RawEntry{std::string(name), header.inode, header.type};
  }
}

void DirectoryReader::rewind() {
  ::lseek(fd_.get(), 0, SEEK_SET);
  position_ = size_ = 0;
}

Result<void> DirectoryReader::for_each(const std::function<bool(const RawEntry&)>& visit) {
  for (;;) {
    auto entry = next();
    if (!entry) return fail(entry.error());
    if (!*entry || !visit(**entry)) return {};
  }
}

}  // namespace holdfast::platform::posix
