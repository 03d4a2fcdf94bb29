// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/share.h"

#include <fcntl.h>

#include "base/utf16.h"
#include "platform/vfs_posix/attributes.h"
#include "platform/vfs_posix/local_guards.h"
#include "platform/vfs_posix/names.h"
#include "wire/fscc/constants.h"

namespace holdfast::platform::posix {

std::string Place::path() const { return join_path(parent_path, name); }

Share::Share(PosixVfsOptions options, UniqueFd root, const Features& features)
    : options_(std::move(options)),
      root_(std::move(root)),
      features_(features),
      guards_(features.remote ? nullptr
                              : std::dynamic_pointer_cast<LocalGuards>(options_.coherence)),
      indexes_({.max_bytes = options_.max_index_bytes, .use_inotify = !features.remote}) {
  if (auto st = stat_fd(root_.get())) root_key_ = key_of(*st);
}

bool Share::is_reserved(std::string_view path) const {
  const std::string& own = options_.reserved_name;
  if (own.empty() || path.size() < own.size()) return false;
  return same_name(path.substr(0, path.find('/')), own);
}

Result<Found> Share::find(const Credentials& who, const std::string& path, bool no_follow,
                          Blocking blocking, Names names) {
  int flags = O_PATH | (no_follow ? O_NOFOLLOW : 0);
  if (is_reserved(path))
    return fail(path.find('/') == path.npos ? NtStatus::kObjectNameNotFound
                                            : NtStatus::kObjectPathNotFound);
  auto exact = open_beneath(who, root(), path, flags);
  if (exact) return Found{std::move(*exact), path};
  if (exact.error() != NtStatus::kObjectNameNotFound || path.empty()) return fail(exact.error());
  auto [parent, name] = split_path(path);
  auto directory = find_directory(who, parent, blocking, names);
  if (!directory) return fail(directory.error());
  if (names == Names::kExact) return fail(NtStatus::kObjectNameNotFound);
  return find_in(who, *directory, name, flags, blocking);
}

Result<Found> Share::find_directory(const Credentials& who, std::string_view path,
                                    Blocking blocking, Names names) {
  if (is_reserved(path)) return fail(NtStatus::kObjectPathNotFound);
  std::string spelled(path);
  auto exact = open_beneath(who, root(), spelled, O_PATH | O_DIRECTORY);
  if (exact) return Found{std::move(*exact), std::move(spelled)};
  if (exact.error() != NtStatus::kObjectNameNotFound || path.empty()) return fail(exact.error());
  if (names == Names::kExact) return fail(NtStatus::kObjectPathNotFound);
  auto [parent, name] = split_path(path);
  auto directory = find_directory(who, parent, blocking, names);
  if (!directory) return directory;
  auto found = find_in(who, *directory, name, O_PATH | O_DIRECTORY, blocking);
  if (!found && found.error() == NtStatus::kObjectNameNotFound)
    return fail(NtStatus::kObjectPathNotFound);
  return found;
}

Result<Found> Share::find_in(const Credentials& who, const Found& directory, std::string_view name,
                             int flags, Blocking blocking) {
  auto real = indexes_.find(directory.fd.get(), name, blocking);
  if (!real) return fail(real.error());
  // Nothing is behind a link that clients resolve: its directory is empty.
  if (!*real)
    return fail(is_client_symlink(directory.fd.get()) ? NtStatus::kStoppedOnSymlink
                                                      : NtStatus::kObjectNameNotFound);
  // From the root and not from the directory: a link in it may lead to its siblings.
  std::string path = join_path(directory.path, **real);
  auto fd = open_beneath(who, root(), path, flags);
  if (!fd) return fail(fd.error());
  return Found{std::move(*fd), std::move(path)};
}

Result<std::optional<std::string>> Share::find_name(int directory, FileKey key,
                                                    std::string_view name, Blocking blocking,
                                                    Names names) {
  if (names == Names::kFolded) return indexes_.find(directory, key, name, blocking);
  std::string spelled(name);
  auto st = stat_at(service(), directory, spelled);
  if (st) return std::optional(std::move(spelled));
  if (st.error() == NtStatus::kObjectNameNotFound) return std::optional<std::string>{};
  return fail(st.error());
}

Result<Place> Share::find_place(const Credentials& who, const std::string& path, Blocking blocking,
                                Names names) {
  auto [parent, name] = split_path(path);
  if (name.empty()) return fail(NtStatus::kObjectNameCollision);
  if (is_reserved(path)) return fail(NtStatus::kAccessDenied);
  auto directory = find_directory(who, parent, blocking, names);
  if (!directory) return fail(directory.error());
  auto st = stat_fd(directory->fd.get());
  if (!st) return fail(st.error());
  return Place{std::move(directory->fd), std::move(directory->path), std::string(name),
               key_of(*st)};
}

}  // namespace holdfast::platform::posix
