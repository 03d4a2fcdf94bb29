// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/ioctl_payload.h"

#include "wire/printer.h"

namespace holdfast::wire::smb2 {
namespace {

/// Octets of one NETWORK_INTERFACE_INFO, Next included; the next one follows without padding.
constexpr std::size_t kInterfaceSize = 152;

/// SOCKADDR_STORAGE: SOCKADDR_IN or SOCKADDR_IN6 in 128 octets (MS-SMB2 2.2.32.5.1).
bool decode_address(Bytes storage, NetworkInterfaceInfo& out) {
  Reader reader(storage);
  out.family = reader.u16();
  reader.skip(2);  // port
  std::size_t size = 4;
  if (out.family == NetworkInterfaceInfo::kFamilyInet6) {
    reader.skip(4);  // flow info
    size = 16;
  }
  Bytes address = reader.bytes(size);
  if (!reader.ok()) return false;
  std::memcpy(out.address.data(), address.data(), size);
  return true;
}

}  // namespace

HF_WIRE_IMPLEMENT(ValidateNegotiateInfoRequest);
HF_WIRE_IMPLEMENT(ValidateNegotiateInfoResponse);
HF_WIRE_IMPLEMENT(SrvCopychunkCopy);
HF_WIRE_IMPLEMENT(SrvCopychunkResponse);
HF_WIRE_IMPLEMENT(SrvRequestResumeKeyResponse);
HF_WIRE_IMPLEMENT(NetworkResiliencyRequest);
HF_WIRE_IMPLEMENT(PipeWaitRequest);
HF_WIRE_IMPLEMENT(PipePeekResponse);
HF_WIRE_IMPLEMENT(SrvReadHashRequest);
HF_WIRE_IMPLEMENT(SrvSnapshotArray);

bool decode(Bytes message, NetworkInterfaceInfoList& out) {
  out.interfaces.clear();
  Reader reader(message);
  std::uint32_t next = 0;
  while (reader.remaining() != 0) {
    const std::size_t begin = reader.position();
    if (out.interfaces.size() == NetworkInterfaceInfoList::kMaxInterfaces) return false;
    NetworkInterfaceInfo info;
    next = reader.u32();
    info.if_index = reader.u32();
    info.capability = reader.u32();
    reader.skip(4);
    info.link_speed = reader.u64();
    if (!decode_address(reader.bytes(128), info)) return false;
    out.interfaces.push_back(info);
    if (next == 0) break;
    if (next < kInterfaceSize) return false;
    reader.seek(begin + next);
    if (!reader.ok() || reader.remaining() == 0) return false;
  }
  return reader.ok();
}

void encode(const NetworkInterfaceInfoList& list, Writer& writer) {
  for (std::size_t i = 0; i < list.interfaces.size(); ++i) {
    const NetworkInterfaceInfo& info = list.interfaces[i];
    const std::size_t end = writer.position() + kInterfaceSize;
    writer.u32(i + 1 < list.interfaces.size() ? kInterfaceSize : 0);
    writer.u32(info.if_index);
    writer.u32(info.capability);
    writer.u32(0);
    writer.u64(info.link_speed);
    writer.u16(info.family);
    writer.u16(0);
    if (info.family == NetworkInterfaceInfo::kFamilyInet6) {
      writer.u32(0);
      writer.bytes(info.address);
    } else {
      writer.bytes(Bytes(info.address).first(4));
    }
    writer.zeros(end - writer.position());
  }
}

std::string print(const NetworkInterfaceInfoList& list) {
  Printer printer("NetworkInterfaceInfoList");
  for (const NetworkInterfaceInfo& info : list.interfaces) {
    printer.field("if_index", info.if_index);
    printer.field("capability", info.capability);
    printer.field("link_speed", info.link_speed);
    printer.field("family", info.family);
    printer.field("address", info.address);
  }
  return printer.take();
}

}  // namespace holdfast::wire::smb2
