// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/smb1_negotiate.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {
namespace {

constexpr std::uint32_t kSmb1ProtocolId = 0x424D53FF;
constexpr std::uint8_t kSmbComNegotiate = 0x72;
/// BufferFormat of a dialect string.
constexpr std::uint8_t kDialectFormat = 0x02;

}  // namespace

bool Smb1NegotiateRequest::offers(std::string_view dialect) const {
  for (std::string_view offered : dialects)
    if (offered == dialect) return true;
  return false;
}

bool decode(Bytes message, Smb1NegotiateRequest& out) {
  out = {};
  Reader reader(message);
  if (reader.u32() != kSmb1ProtocolId || reader.u8() != kSmbComNegotiate) return false;
  // Status, flags, flags2, high process id, signature, reserved, tree id, process id, user id.
  reader.skip(4 + 1 + 2 + 2 + 8 + 2 + 2 + 2 + 2);
  out.mid = reader.u16();
  reader.skip(std::size_t{2} * reader.u8());  // parameter words
  Bytes list = reader.bytes(reader.u16());
  if (!reader.ok()) return false;
  while (!list.empty()) {
    if (list[0] != kDialectFormat || out.dialects.size() == Smb1NegotiateRequest::kMaxDialects)
      return false;
    const std::string_view rest = as_text(list.subspan(1));
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) return false;
    out.dialects.push_back(rest.substr(0, end));
    list = list.subspan(end + 2);
  }
  return true;
}

void encode(const Smb1NegotiateRequest& request, Writer& writer) {
  writer.u32(kSmb1ProtocolId);
  writer.u8(kSmbComNegotiate);
  writer.u32(0);
  writer.u8(0x18);     // Flags: canonicalized paths, case insensitive
  writer.u16(0xC843);  // Flags2: Unicode, NTSTATUS, extended security, long names, EAs
  writer.zeros(2 + 8 + 2);
  writer.u16(0xFFFF);  // tree id
  writer.u16(0xFEFF);  // process id
  writer.u16(0);
  writer.u16(request.mid);
  writer.u8(0);
  std::size_t size = 0;
  for (std::string_view dialect : request.dialects) size += dialect.size() + 2;
  HF_ASSERT(size <= 0xFFFF);
  writer.u16(static_cast<std::uint16_t>(size));
  for (std::string_view dialect : request.dialects) {
    writer.u8(kDialectFormat);
    writer.bytes(as_bytes(dialect));
    writer.u8(0);
  }
}

std::string print(const Smb1NegotiateRequest& request) {
  Printer printer("Smb1NegotiateRequest");
  printer.field("mid", request.mid);
  // Their number only: the strings are the client's.
  printer.field("dialects", request.dialects.size());
  return printer.take();
}

}  // namespace holdfast::wire::smb2
