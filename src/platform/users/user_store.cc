// SPDX-License-Identifier: Apache-2.0
#include "platform/users/user_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "service/logon/ntlm_crypto.h"

namespace holdfast::platform {
namespace {

using service::UserFile;
template <class T>
using Outcome = std::expected<T, std::string>;

constexpr std::size_t kMaxFileSize = 64u << 20;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::unexpected<std::string> failed(const std::string& path, const char* what) {
  const int error = errno;
  return std::unexpected(path + ": cannot " + what + ": " + std::strerror(error));
}

/// Where the file itself is, should the path be a symbolic link.
std::string real_path(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string out = resolved;
  std::free(resolved);
  return out;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Outcome<void> check_owner(const std::string& path, const struct stat& st, bool any_owner) {
  if (!S_ISREG(st.st_mode)) return std::unexpected(path + ": is not a regular file");
  if (st.st_mode & 077)
    return std::unexpected(path + ": others than its owner can use it; `chmod 600` it");
  if (!any_owner && st.st_uid != 0 && st.st_uid != ::geteuid())
    return std::unexpected(path + ": belongs to uid " + std::to_string(st.st_uid) +
                           ", neither to root nor to who runs this");
  return {};
}

Outcome<std::string> read_all(const std::string& path, int fd) {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path, "read");
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > kMaxFileSize) return std::unexpected(path + ": is too large");
  }
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// The lock file of `path`, held until the result is dropped. It stays, because removing it would
/// let two lock different files.
Outcome<Fd> lock(const std::string& path) {
  const std::string name = path + ".lock";
  Fd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed(name, "open");
  while (::flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) return failed(name, "lock");
  return fd;
}

}  // namespace

bool UserStore::exists() const {
  struct stat st;
  return ::stat(path_.c_str(), &st) == 0;
}

std::expected<UserFile, std::string> UserStore::load() const { return read(false); }

std::expected<UserFile, std::string> UserStore::read(bool any_owner) const {
  Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return failed(path_, "open");
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) return failed(path_, "look at");
  if (auto checked = check_owner(path_, st, any_owner); !checked)
    return std::unexpected(std::move(checked.error()));
  auto text = read_all(path_, fd.get());
  if (!text) return std::unexpected(std::move(text.error()));
  auto file = service::parse_user_file(*text);
  if (!file)
    return std::unexpected(path_ + ":" + std::to_string(file.error().line) + ": " +
                           file.error().text);
  return std::move(*file);
}

std::expected<void, std::string> UserStore::write(const UserFile& file) const {
  const std::string target = real_path(path_);
  const std::string temporary = target + ".new";
  // Whoever holds the lock owns this name too; what an interrupted edit left is overwritten.
  ::unlink(temporary.c_str());
  Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return failed(temporary, "create");
  const auto give_up = [&](const char* what) {
    auto error = failed(temporary, what);
    ::unlink(temporary.c_str());
    return error;
  };
  struct stat old;
  if (::stat(target.c_str(), &old) == 0 && old.st_uid != ::geteuid() &&
      ::fchown(fd.get(), old.st_uid, old.st_gid) != 0)
    return give_up("give to its owner");
  if (!write_all(fd.get(), service::serialize_user_file(file))) return give_up("write");
  if (::fsync(fd.get()) != 0) return give_up("sync");
  if (::rename(temporary.c_str(), target.c_str()) != 0) return give_up("rename");
  Fd folder(::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return failed(folder_of(target), "sync");
  return {};
}

std::expected<void, std::string> UserStore::edit(ports::Random& random,
                                                 const Change& change) const {
  auto locked = lock(real_path(path_));
  if (!locked) return std::unexpected(std::move(locked.error()));
  UserFile file;
  if (exists()) {
    auto loaded = read(::geteuid() == 0);
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    file = std::move(*loaded);
  } else {
    std::uint8_t octets[12];
    random.fill(octets);
    file.machine_sid = service::make_machine_sid(octets);
  }
  if (auto changed = change(file); !changed) return changed;
  return write(file);
}

std::expected<void, std::string> UserStore::add(ports::Random& random, const NewUser& user) const {
  return edit(random, [&](UserFile& file) {
    service::UserRecord record;
    record.name = user.name;
    record.nt_hash = service::nt_hash(user.password);
    record.unix_name = user.unix_name;
    record.admin = user.admin;
    return service::add_user(file, std::move(record));
  });
}

namespace {

/// A change to one account that exists.
template <class F>
UserStore::Change on_user(std::string_view name, F change) {
  return [name, change](UserFile& file) -> Outcome<void> {
    service::UserRecord* user = service::find_user(file, name);
    if (user == nullptr) return std::unexpected("there is no user \"" + std::string(name) + "\"");
    change(*user);
    return {};
  };
}

}  // namespace

std::expected<void, std::string> UserStore::set_password(ports::Random& random,
                                                         std::string_view name,
                                                         std::string_view password) const {
  return edit(random, on_user(name, [password](service::UserRecord& user) {
                user.nt_hash = service::nt_hash(password);
              }));
}

std::expected<void, std::string> UserStore::set_disabled(ports::Random& random,
                                                         std::string_view name,
                                                         bool disabled) const {
  return edit(random,
              on_user(name, [disabled](service::UserRecord& user) { user.disabled = disabled; }));
}

std::expected<void, std::string> UserStore::remove(ports::Random& random,
                                                   std::string_view name) const {
  return edit(random, [name](UserFile& file) -> Outcome<void> {
    if (!service::remove_user(file, name))
      return std::unexpected("there is no user \"" + std::string(name) + "\"");
    return {};
  });
}

std::expected<void, std::string> FileUserDatabase::reload() {
  auto file = store_.load();
  if (!file) return std::unexpected(std::move(file.error()));
  auto fresh = std::make_shared<const service::StaticUserDatabase>(file->machine_sid,
                                                                   std::move(file->users));
  Lock lock(mutex_);
  users_ = std::move(fresh);
  return {};
}

std::shared_ptr<const service::StaticUserDatabase> FileUserDatabase::current() const {
  Lock lock(mutex_);
  return users_;
}

std::optional<service::UserRecord> FileUserDatabase::find(std::string_view name) const {
  const auto users = current();
  return users ? users->find(name) : std::nullopt;
}

std::optional<service::UserRecord> FileUserDatabase::find_rid(std::uint32_t rid) const {
  const auto users = current();
  return users ? users->find_rid(rid) : std::nullopt;
}

Sid FileUserDatabase::machine_sid() const {
  const auto users = current();
  return users ? users->machine_sid() : sids::kNull;
}

}  // namespace holdfast::platform
