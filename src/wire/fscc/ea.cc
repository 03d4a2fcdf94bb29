// SPDX-License-Identifier: Apache-2.0
#include "wire/fscc/ea.h"

#include "base/limits.h"
#include "base/reader.h"

namespace holdfast::wire::fscc {
namespace {

constexpr std::size_t kFullFixedSize = 8;
constexpr std::size_t kGetFixedSize = 5;

std::size_t pad_4(std::size_t n) { return (4 - n % 4) % 4; }

/// One entry; the status says what is wrong with it.
NtStatus read_full_ea(Reader& r, FullEa& ea) {
  ea.flags = r.u8();
  std::size_t name_length = r.u8();
  std::size_t value_length = r.u16();
  Bytes name = r.bytes(name_length);
  bool terminated = r.u8() == 0;
  Bytes value = r.bytes(value_length);
  if (!r.ok() || !terminated) return NtStatus::kEaListInconsistent;
  ea.name = as_text(name);
  if (!is_valid_ea_name(ea.name)) return NtStatus::kInvalidEaName;
  ea.value = to_vec(value);
  return NtStatus::kSuccess;
}

/// Where the next entry is; nullopt when NextEntryOffset is wrong.
std::optional<Bytes> advance(Bytes bytes, std::size_t next, std::size_t entry_size) {
  if (next < entry_size || next % 4 != 0 || next >= bytes.size()) return std::nullopt;
  return bytes.subspan(next);
}

}  // namespace

bool is_valid_ea_name(std::string_view name) {
  if (name.empty() || name.size() > 255) return false;
  for (char c : name)
    if (static_cast<std::uint8_t>(c) < 0x20 ||
        std::string_view("\"*+,/:;<=>?[\\]|").find(c) != std::string_view::npos)
      return false;
  return true;
}

std::expected<std::vector<FullEa>, EaListError> decode_ea_list(Bytes bytes) {
  std::vector<FullEa> eas;
  if (bytes.size() > limits::kMaxEaList)
    return std::unexpected(EaListError{NtStatus::kEaTooLarge, 0});
  std::size_t offset = 0;
  while (!bytes.empty()) {
    Reader r(bytes);
    std::size_t next = r.u32();
    FullEa ea;
    NtStatus status = read_full_ea(r, ea);
    if (status != NtStatus::kSuccess) return std::unexpected(EaListError{status, offset});
    eas.push_back(std::move(ea));
    if (next == 0) break;
    std::optional<Bytes> rest = advance(bytes, next, r.position());
    if (!rest) return std::unexpected(EaListError{NtStatus::kEaListInconsistent, offset});
    bytes = *rest;
    offset += next;
  }
  return eas;
}

std::size_t append_ea_list(const std::vector<FullEa>& eas, std::size_t first, std::size_t maximum,
                           Writer& w) {
  std::size_t begin = w.position(), last = 0, written = 0;
  for (std::size_t i = first; i < eas.size(); ++i) {
    const FullEa& ea = eas[i];
    HF_ASSERT(ea.name.size() <= 255 && ea.value.size() <= 65535);
    std::size_t padding = pad_4(w.position() - begin);
    std::size_t size = kFullFixedSize + ea.name.size() + 1 + ea.value.size();
    if (w.position() - begin + padding + size > maximum) break;
    w.zeros(padding);
    std::size_t at = w.position();
    w.u32(0);
    w.u8(ea.flags);
    w.u8(static_cast<std::uint8_t>(ea.name.size()));
    w.u16(static_cast<std::uint16_t>(ea.value.size()));
    w.bytes(as_bytes(ea.name));
    w.u8(0);
    w.bytes(ea.value);
    if (written != 0) w.patch_u32(last, static_cast<std::uint32_t>(at - last));
    last = at;
    ++written;
  }
  return written;
}

Result<std::vector<std::string>> decode_get_ea_list(Bytes bytes) {
  std::vector<std::string> names;
  if (bytes.size() > limits::kMaxEaList) return fail(NtStatus::kEaListInconsistent);
  while (!bytes.empty()) {
    Reader r(bytes);
    std::size_t next = r.u32();
    Bytes name = r.bytes(r.u8());
    // The NUL behind the name: absent at the very end with some clients.
    if (r.remaining() != 0 && r.u8() != 0) r.fail();
    if (!r.ok()) return fail(NtStatus::kEaListInconsistent);
    if (!is_valid_ea_name(as_text(name))) return fail(NtStatus::kInvalidEaName);
    names.emplace_back(as_text(name));
    if (next == 0) break;
    std::optional<Bytes> rest = advance(bytes, next, kGetFixedSize + name.size());
    if (!rest) return fail(NtStatus::kEaListInconsistent);
    bytes = *rest;
  }
  return names;
}

void append_get_ea_list(const std::vector<std::string>& names, Writer& w) {
  std::size_t begin = w.position(), last = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    HF_ASSERT(names[i].size() <= 255);
    w.zeros(pad_4(w.position() - begin));
    std::size_t at = w.position();
    w.u32(0);
    w.u8(static_cast<std::uint8_t>(names[i].size()));
    w.bytes(as_bytes(names[i]));
    w.u8(0);
    if (i != 0) w.patch_u32(last, static_cast<std::uint32_t>(at - last));
    last = at;
  }
}

std::uint32_t ea_size(const std::vector<FullEa>& eas) {
  if (eas.empty()) return 0;
  std::size_t size = 4;
  for (const FullEa& ea : eas) size += 5 + ea.name.size() + ea.value.size();
  return static_cast<std::uint32_t>(size);
}

}  // namespace holdfast::wire::fscc
