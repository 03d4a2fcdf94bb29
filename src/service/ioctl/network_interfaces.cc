// SPDX-License-Identifier: Apache-2.0
#include "core/connection/channel_addresses.h"
#include "service/ioctl/ioctl.h"
#include "service/server/driver.h"
#include "wire/smb2/ioctl_payload.h"

namespace holdfast::service::fsctl {
namespace {

namespace smb2 = wire::smb2;

smb2::NetworkInterfaceInfo info_of(const ports::NetworkAddress& address) {
  smb2::NetworkInterfaceInfo info;
  info.if_index = address.interface_index;
  if (address.rss) info.capability |= smb2::NetworkInterfaceInfo::kRssCapable;
  info.link_speed = address.bits_per_second;
  if (address.address.is_v4()) {
    std::copy_n(address.address.address.begin() + 12, 4, info.address.begin());
  } else {
    info.family = smb2::NetworkInterfaceInfo::kFamilyInet6;
    info.address = address.address.address;
  }
  return info;
}

}  // namespace

/// MS-SMB2 3.3.5.15.11: where the client may open further channels.
Task<Answer> query_network_interface_info(Call c) {
  Request& r = c.request;
  if ((r.connection.negotiated()->server_capabilities & smb2::GlobalCap::kMultiChannel) == 0)
    co_return failed(NtStatus::kInvalidDeviceRequest);
  std::vector<ports::NetworkAddress> machine = r.server.settings()->channel_addresses;
  if (std::shared_ptr<ports::NetworkInterfaces> system = r.server.network();
      machine.empty() && system != nullptr)
    machine = co_await ports::run_blocking(r.loop, [system] { return system->addresses(); });
  smb2::NetworkInterfaceInfoList list;
  for (const ports::NetworkAddress& address :
       core::channel_addresses(machine, r.server.listening(), r.driver.local()))
    if (list.interfaces.size() < smb2::NetworkInterfaceInfoList::kMaxInterfaces)
      list.interfaces.push_back(info_of(address));
  Buffer octets;
  Writer writer(octets);
  encode(list, writer);
  co_return Answer{NtStatus::kSuccess, to_vec(octets), {}};
}

}  // namespace holdfast::service::fsctl
