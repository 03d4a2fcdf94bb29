// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/notify.h"

#include "base/reader.h"
#include "base/utf16.h"
#include "wire/fscc/file_information.h"

namespace holdfast::wire::fscc {
namespace {
constexpr std::size_t kFixedSize = 12;
}

std::size_t size_of(const NotifyInformation& x) {
  std::size_t units = 0;
  for (char c : x.file_name) {
    auto octet = static_cast<std::uint8_t>(c);
    // Every octet but continuations begins a code point; those of four octets have two units.
    if ((octet & 0xC0) != 0x80) units += octet >= 0xF0 ? 2 : 1;
  }
  return kFixedSize + 2 * units;
}

bool append_notify_list(const std::vector<NotifyInformation>& changes, std::size_t maximum,
                        Writer& w) {
  std::size_t begin = w.position(), last = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    w.zeros((4 - (w.position() - begin) % 4) % 4);
    std::size_t at = w.position();
    w.u32(0);
    w.u32(static_cast<std::uint32_t>(changes[i].action));
    w.u32(0);
    w.patch_u32(at + 8, static_cast<std::uint32_t>(append_utf16le(changes[i].file_name, w)));
    if (w.position() - begin > maximum) {
      w.buffer().truncate(w.buffer().size() - (w.position() - begin));
      return false;
    }
    if (i != 0) w.patch_u32(last, static_cast<std::uint32_t>(at - last));
    last = at;
  }
  return true;
}

Result<std::vector<NotifyInformation>> decode_notify_list(Bytes bytes) {
  std::vector<NotifyInformation> changes;
  while (!bytes.empty()) {
    Reader r(bytes);
    std::size_t next = r.u32();
    NotifyInformation x;
    x.action = static_cast<FileAction>(r.u32());
    std::size_t length = r.u32();
    Bytes name = r.bytes(length);
    if (!r.ok() || length % 2 != 0) return fail(NtStatus::kInvalidNetworkResponse);
    x.file_name = utf16le_to_utf8(name);
    changes.push_back(std::move(x));
    if (next == 0) break;
    if (next < r.position() || next >= bytes.size()) return fail(NtStatus::kInvalidNetworkResponse);
    bytes = bytes.subspan(next);
  }
  return changes;
}

}  // namespace holdfast::wire::fscc
