// SPDX-License-Identifier: Apache-2.0
#include "app/daemon/state_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "platform/loop/unique_fd.h"

namespace holdfast::app {
namespace {

std::unexpected<std::string> failure(const std::string& path) {
  return std::unexpected(path + ": " + std::strerror(errno));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// 32 hexadecimal digits: the octets in order.
bool parse_octets(std::string_view text, Guid& guid) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  if (text.size() != 2 * guid.octets.size()) return false;
  for (std::size_t i = 0; i < guid.octets.size(); ++i) {
    int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    guid.octets[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return !guid.is_zero();
}

std::string print_octets(const Guid& guid) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (std::uint8_t octet : guid.octets) {
    text += kHex[octet >> 4];
    text += kHex[octet & 15];
  }
  return text + "\n";
}

bool write_synced(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

std::expected<void, std::string> prepare_state_dir(const std::string& path) {
  std::error_code error;
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failure(path);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return failure(path);
  if (!S_ISDIR(info.st_mode)) return std::unexpected(path + ": not a directory");
  if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    return std::unexpected(path + ": " + std::strerror(errno) +
                           " (server.state_dir names another folder)");
  return {};
}

std::expected<void, std::string> replace_file(const std::string& path, std::string_view text,
                                              unsigned mode) {
  std::string temporary = path + ".new";
  struct stat old{};
  bool is_there = ::stat(path.c_str(), &old) == 0;
  ::unlink(temporary.c_str());
  platform::UniqueFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return failure(temporary);
  bool fine = write_synced(fd.get(), text);
  if (fine && is_there && ::geteuid() == 0) fine = ::fchown(fd.get(), old.st_uid, old.st_gid) == 0;
  if (fine) fine = ::fchmod(fd.get(), is_there ? old.st_mode & 07777 : mode) == 0;
  if (!fine || ::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = failure(path);
    ::unlink(temporary.c_str());
    return error;
  }
  std::string folder = std::filesystem::path(path).parent_path();
  platform::UniqueFd parent(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.valid()) ::fsync(parent.get());
  return {};
}

std::expected<Guid, std::string> load_server_guid(const std::string& state_dir,
                                                  ports::Random& random) {
  std::string path = state_dir + "/server-guid";
  Guid guid;
  std::ifstream in(path);
  if (in) {
    std::string text(64, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (parse_octets(text, guid)) return guid;
    return std::unexpected(path +
                           ": expected 32 hexadecimal digits; remove the file to get a new "
                           "identity for this server");
  }
  if (errno != ENOENT) return failure(path);
  guid = random.guid();
  if (auto written = replace_file(path, print_octets(guid), 0600); !written)
    return std::unexpected(written.error());
  return guid;
}

}  // namespace holdfast::app
