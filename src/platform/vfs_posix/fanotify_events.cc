// SPDX-License-Identifier: Apache-2.0
#include "platform/vfs_posix/fanotify_events.h"

#include <fcntl.h>
#include <sys/fanotify.h>

#include <cstring>

#include "platform/vfs_posix/system.h"

namespace holdfast::platform::posix {
namespace {

#ifndef FAN_RENAME
#define FAN_RENAME 0x10000000
#endif
#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200
#endif
// linux/fanotify.h of 5.17.
constexpr std::uint8_t kOldName = 10, kNewName = 12;

constexpr std::uint64_t kEvents = FAN_CREATE | FAN_DELETE | FAN_MODIFY | FAN_ATTRIB |
                                  FAN_MOVE_SELF | FAN_ONDIR | FAN_EVENT_ON_CHILD;
constexpr std::uint64_t kMoves = FAN_MOVED_FROM | FAN_MOVED_TO;

HandleKey key_of_handle(std::int32_t type, const char* octets, std::size_t size) {
  HandleKey key(reinterpret_cast<const char*>(&type), sizeof type);
  key.append(octets, size);
  return key;
}

/// The directory and name of one information record: its header (4 octets), the file system's id
/// (8), a struct file_handle and a terminated name.
std::optional<FanotifyEvent::Name> parse_name(const char* record, std::size_t size) {
  constexpr std::size_t kHandle = 12, kOctets = 20;
  if (size < kOctets) return std::nullopt;
  std::uint32_t length = 0;
  std::int32_t type = 0;
  std::memcpy(&length, record + kHandle, sizeof length);
  std::memcpy(&type, record + kHandle + 4, sizeof type);
  if (length > size - kOctets) return std::nullopt;
  const char* name = record + kOctets + length;
  return FanotifyEvent::Name{key_of_handle(type, record + kOctets, length),
                             std::string(name, ::strnlen(name, size - kOctets - length))};
}

void parse_records(const char* data, std::size_t size, FanotifyEvent& out) {
  while (size >= 4) {
    auto type = static_cast<std::uint8_t>(data[0]);
    std::uint16_t length = 0;
    std::memcpy(&length, data + 2, sizeof length);
    if (length < 4 || length > size) return;
    if (type == FAN_EVENT_INFO_TYPE_DFID_NAME) out.where = parse_name(data, length);
    if (type == kOldName) out.from = parse_name(data, length);
    if (type == kNewName) out.to = parse_name(data, length);
    data += length;
    size -= length;
  }
}

}  // namespace

UniqueFd open_fanotify() {
  constexpr unsigned kFlags = FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME | FAN_CLOEXEC | FAN_NONBLOCK;
  return UniqueFd(::fanotify_init(kFlags, O_RDONLY | O_CLOEXEC));
}

HandleKey handle_key_of(int fd) {
  alignas(file_handle) char room[sizeof(file_handle) + MAX_HANDLE_SZ];
  auto* handle = reinterpret_cast<file_handle*>(room);
  int mount = 0;
  // As events have it also where a handle cannot be opened again (overlay); older kernels do not
  // know the difference.
  for (int flags : {AT_EMPTY_PATH | AT_HANDLE_FID, AT_EMPTY_PATH}) {
    handle->handle_bytes = MAX_HANDLE_SZ;
    if (::name_to_handle_at(fd, "", handle, &mount, flags) == 0)
      return key_of_handle(handle->handle_type, reinterpret_cast<const char*>(handle->f_handle),
                           handle->handle_bytes);
  }
  return {};
}

bool mark_directory(int fanotify, int directory) {
  ProcPath path(directory);
  for (std::uint64_t moves : {std::uint64_t{FAN_RENAME}, kMoves})
    if (::fanotify_mark(fanotify, FAN_MARK_ADD | FAN_MARK_ONLYDIR, kEvents | moves, AT_FDCWD,
                        path.c_str()) == 0)
      return true;
  return false;
}

void unmark_directory(int fanotify, int directory) {
  ProcPath path(directory);
  for (std::uint64_t events : {kEvents | FAN_RENAME, kEvents | kMoves})
    (void)::fanotify_mark(fanotify, FAN_MARK_REMOVE | FAN_MARK_ONLYDIR, events, AT_FDCWD,
                          path.c_str());
}

std::vector<FanotifyEvent> parse_fanotify(const char* data, std::size_t size) {
  std::vector<FanotifyEvent> events;
  fanotify_event_metadata header;
  while (size >= sizeof header) {
    std::memcpy(&header, data, sizeof header);
    if (header.event_len < sizeof header || header.event_len > size) break;
    FanotifyEvent event;
    event.mask = header.mask;
    event.is_own = header.pid == ::getpid();
    event.is_directory = (header.mask & FAN_ONDIR) != 0;
    if (header.metadata_len >= sizeof header && header.metadata_len <= header.event_len)
      parse_records(data + header.metadata_len, header.event_len - header.metadata_len, event);
    events.push_back(std::move(event));
    data += header.event_len;
    size -= header.event_len;
  }
  return events;
}

}  // namespace holdfast::platform::posix
