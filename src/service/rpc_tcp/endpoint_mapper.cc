// SPDX-License-Identifier: Apache-2.0
#include "service/rpc_tcp/endpoint_mapper.h"

#include <algorithm>

#include "wire/rpc/epm.h"

namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;
namespace epm = wire::rpc::epm;

std::uint32_t group_of(const Call& c) {
  return c.host == nullptr ? 0 : c.host->association_group();
}

/// A handle is where its search goes on, and the group that it belongs to: nothing is kept for it.
/// The place is behind the attributes and never 0, so that a handle in use is not the null handle.
std::size_t place_of(const epm::Handle& handle) { return load_u32(handle.data() + 4); }

epm::Handle handle_for(const Call& c, std::size_t place) {
  epm::Handle handle{};
  store_u32(handle.data() + 4, static_cast<std::uint32_t>(place));
  store_u32(handle.data() + 8, group_of(c));
  return handle;
}

/// C706 9.3.3.2: another group's handles mean nothing.
bool is_foreign(const Call& c, const epm::Handle& handle) {
  return handle != epm::Handle() && load_u32(handle.data() + 8) != group_of(c);
}

ByteVec tower_of(const EndpointMap::Endpoint& endpoint, const Call& c) {
  epm::Tower tower;
  tower.interface = endpoint.interface;
  tower.transfer_syntax = rpc::kNdr32;
  tower.port = endpoint.port;
  // A tower has room for IPv4 alone; clients take the address that they asked at.
  if (c.client.local.is_v4())
    std::copy_n(c.client.local.address.begin() + 12, 4, tower.ipv4.begin());
  return epm::encode_tower(tower);
}

/// MS-RPCE 2.2.1.2.5: the same major version, a minor version that is not newer than what is there.
bool answers(const EndpointMap::Endpoint& endpoint, const epm::Tower& asked) {
  return asked.is_tcp() && endpoint.interface.uuid == asked.interface.uuid &&
         endpoint.interface.version == asked.interface.version &&
         endpoint.interface.version_minor >= asked.interface.version_minor &&
         asked.transfer_syntax == rpc::kNdr32;
}

std::vector<EndpointMap::Endpoint> endpoints(Call& c) {
  const EndpointMap* map = c.server.endpoints();
  return map == nullptr ? std::vector<EndpointMap::Endpoint>() : map->list();
}

std::uint32_t ept_map(Call& c) {
  epm::MapRequest request;
  if (!epm::decode_map_request(c.in.octets(c.in.remaining()), request) ||
      request.max_towers > epm::kMaxTowers)
    return rpc::fault_status::kBadStubData;
  if (is_foreign(c, request.handle)) return rpc::fault_status::kContextMismatch;
  epm::MapResponse response;
  response.max_towers = request.max_towers;
  const std::optional<epm::Tower> asked = epm::decode_tower(request.tower);
  std::vector<ByteVec> found;
  for (const EndpointMap::Endpoint& endpoint : endpoints(c))
    if (asked && answers(endpoint, *asked)) found.push_back(tower_of(endpoint, c));
  const std::size_t begin = std::min(place_of(request.handle), found.size());
  const std::size_t end = std::min(found.size(), begin + request.max_towers);
  for (std::size_t i = begin; i < end; ++i) response.towers.push_back(std::move(found[i]));
  if (end < found.size()) response.handle = handle_for(c, end);
  if (response.towers.empty()) response.status = epm::error::kNotRegistered;
  Buffer stub(256);
  epm::encode_map_response(response, stub);
  c.out.octets(stub.view());
  return 0;
}

/// C706 appendix O, vers_option.
bool version_fits(const rpc::SyntaxId& there, const rpc::SyntaxId& asked, epm::Versions how) {
  const bool same_major = there.version == asked.version;
  switch (how) {
    case epm::Versions::kCompatible:
      return same_major && there.version_minor >= asked.version_minor;
    case epm::Versions::kExact: return same_major && there.version_minor == asked.version_minor;
    case epm::Versions::kMajorOnly: return same_major;
    case epm::Versions::kUpTo:
      return there.version < asked.version ||
             (same_major && there.version_minor <= asked.version_minor);
    case epm::Versions::kAll: break;
  }
  return true;
}

std::uint32_t ept_lookup(Call& c) {
  epm::LookupRequest request;
  if (!epm::decode_lookup_request(c.in.octets(c.in.remaining()), request))
    return rpc::fault_status::kBadStubData;
  if (is_foreign(c, request.handle)) return rpc::fault_status::kContextMismatch;
  const bool by_interface =
      request.inquiry == epm::Inquiry::kByInterface || request.inquiry == epm::Inquiry::kByBoth;
  // No interface here is registered for an object.
  const bool by_object =
      request.inquiry == epm::Inquiry::kByObject || request.inquiry == epm::Inquiry::kByBoth;
  std::vector<epm::Entry> found;
  for (const EndpointMap::Endpoint& endpoint : endpoints(c)) {
    if (by_object && request.object && *request.object != Guid()) continue;
    if (by_interface && (!request.interface || endpoint.interface.uuid != request.interface->uuid ||
                         !version_fits(endpoint.interface, *request.interface, request.versions)))
      continue;
    found.push_back({{}, tower_of(endpoint, c), endpoint.annotation});
  }
  epm::LookupResponse response;
  response.max_entries = std::min(request.max_entries, epm::kMaxTowers);
  const std::size_t begin = std::min(place_of(request.handle), found.size());
  const std::size_t end = std::min(found.size(), begin + response.max_entries);
  for (std::size_t i = begin; i < end; ++i) response.entries.push_back(std::move(found[i]));
  // Fewer than wanted are the last, and come with the status that says so (as from Windows); else
  // clients ask on until they hear it, and with a null handle would begin anew.
  if (response.entries.size() < response.max_entries)
    response.status = epm::error::kNotRegistered;
  else
    response.handle = handle_for(c, end);
  Buffer stub(512);
  epm::encode_lookup_response(response, stub);
  c.out.octets(stub.view());
  return 0;
}

std::uint32_t ept_lookup_handle_free(Call& c) {
  epm::Handle handle;
  if (!epm::decode_handle(c.in.octets(c.in.remaining()), handle))
    return rpc::fault_status::kBadStubData;
  if (is_foreign(c, handle)) return rpc::fault_status::kContextMismatch;
  c.out.octets(epm::Handle());
  c.out.u32(epm::error::kOk);
  return 0;
}

/// Registering from afar is nobody's business (MS-RPCE 2.2.1.2).
Operation endpoint_mapper_operation(std::uint16_t opnum) {
  switch (opnum) {
    case epm::opnum::kLookup: return ept_lookup;
    case epm::opnum::kMap: return ept_map;
    case epm::opnum::kLookupHandleFree: return ept_lookup_handle_free;
    default: return nullptr;
  }
}

}  // namespace

const Interface kEndpointMapper{epm::kInterface, endpoint_mapper_operation};

}  // namespace holdfast::service::pipes
