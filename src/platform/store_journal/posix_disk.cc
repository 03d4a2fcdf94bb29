// SPDX-License-Identifier: Apache-2.0
#include "platform/store_journal/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "platform/store_journal/errors.h"

namespace holdfast::platform::store {
namespace {

std::unexpected<int> last_errno() { return std::unexpected(errno); }

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

class PosixFile final : public DiskFile {
 public:
  explicit PosixFile(int fd) : fd_(fd) {}

  DiskResult<std::uint64_t> size() override {
    struct stat st;
    if (::fstat(fd_.get(), &st) != 0) return last_errno();
    return static_cast<std::uint64_t>(st.st_size);
  }
  DiskResult<std::size_t> pread(MutBytes out, std::uint64_t offset) override {
    for (;;) {
      const ssize_t n = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return last_errno();
    }
  }
  DiskResult<std::size_t> pwrite(Bytes data, std::uint64_t offset) override {
    for (;;) {
      const ssize_t n = ::pwrite(fd_.get(), data.data(), data.size(), static_cast<off_t>(offset));
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return last_errno();
    }
  }
  DiskResult<void> allocate(std::uint64_t size) override {
    int rc;
    do rc = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    while (rc == EINTR);
    if (rc == EOPNOTSUPP || rc == EINVAL) rc = 0;  // Zeros are written there anyway.
    if (rc != 0) return std::unexpected(rc);
    return {};
  }
  DiskResult<void> sync_data() override {
    // Not repeated after EINTR would be wrong; after EIO it would be: the kernel forgets what it
    // could not write, and the next call succeeds.
    while (::fdatasync(fd_.get()) != 0)
      if (errno != EINTR) return last_errno();
    return {};
  }

 private:
  Fd fd_;
};

class PosixDisk final : public Disk {
 public:
  PosixDisk(std::string path, int fd) : path_(std::move(path)), folder_(fd) {}

  DiskResult<std::vector<std::string>> list() override {
    const int copy = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return last_errno();
    DIR* dir = ::fdopendir(copy);
    if (dir == nullptr) {
      const int error = errno;
      ::close(copy);
      return std::unexpected(error);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(dir)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
      errno = 0;
    }
    const int error = errno;
    ::closedir(dir);
    if (error != 0) return std::unexpected(error);
    return names;
  }

  DiskResult<std::unique_ptr<DiskFile>> open(const std::string& name, Open how) override {
    int flags = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
    switch (how) {
      case Open::kRead: flags |= O_RDONLY | O_NONBLOCK; break;
      case Open::kWrite: flags |= O_RDWR; break;
      case Open::kCreate: flags |= O_RDWR | O_CREAT | O_TRUNC; break;
      case Open::kDirect: flags |= O_RDWR | O_DIRECT | O_DSYNC; break;
    }
    int fd = ::openat(folder_.get(), name.c_str(), flags, 0600);
    // Some file systems (tmpfs of older kernels) know no direct access.
    if (fd < 0 && errno == EINVAL && how == Open::kDirect)
      fd = ::openat(folder_.get(), name.c_str(), flags & ~O_DIRECT, 0600);
    if (fd < 0) return last_errno();
    auto file = std::make_unique<PosixFile>(fd);
    struct stat st;
    if (::fstat(fd, &st) != 0) return last_errno();
    if (!S_ISREG(st.st_mode)) return std::unexpected(ENOTSUP);
    return file;
  }

  DiskResult<void> rename(const std::string& from, const std::string& to) override {
    if (::renameat(folder_.get(), from.c_str(), folder_.get(), to.c_str()) != 0)
      return last_errno();
    return {};
  }
  DiskResult<void> unlink(const std::string& name) override {
    if (::unlinkat(folder_.get(), name.c_str(), 0) != 0) return last_errno();
    return {};
  }
  DiskResult<void> sync_folder() override {
    while (::fsync(folder_.get()) != 0)
      if (errno != EINTR) return last_errno();
    return {};
  }

  /// An open file description lock: it ends with this Disk, however that ends, is not lost when
  /// somebody else in this process closes the file, and NFS keeps it between machines.
  DiskResult<void> lock(const std::string& name) override {
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    auto fd = std::make_unique<Fd>(::openat(folder_.get(), name.c_str(), flags, 0600));
    if (fd->get() < 0) return last_errno();
    struct flock whole = {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(fd->get(), F_OFD_SETLK, &whole) != 0)
      return std::unexpected(errno == EAGAIN || errno == EACCES ? EWOULDBLOCK : errno);
    lock_ = std::move(fd);
    return {};
  }

  const std::string& path() const override { return path_; }

 private:
  std::string path_;
  Fd folder_;
  std::unique_ptr<Fd> lock_;
};

}  // namespace

ports::StoreResult<std::unique_ptr<Disk>> open_posix_disk(const std::string& path,
                                                          const PosixDiskOptions& options) {
  if (options.create && ::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return std::unexpected(error_of(errno, "make the folder " + path));
  // What is made here may lie where others write: a link of theirs is not followed.
  const int no_link = options.create ? O_NOFOLLOW : 0;
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | no_link);
  if (fd < 0) return std::unexpected(error_of(errno, "open the folder " + path));
  return std::make_unique<PosixDisk>(path, fd);
}

}  // namespace holdfast::platform::store
