// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/create_context.h"

#include <gtest/gtest.h>

#include "wire/smb2/testing/all_messages.h"
#include "wire/testing/generator.h"

namespace holdfast::wire::smb2 {
namespace {

using Kind = CreateContextFault::Kind;
using wire::testing::Generator;

template <class List>
ByteVec chain_of(const List& list) {
  Buffer buffer;
  Writer writer(buffer);
  encode(list, writer);
  return to_vec(buffer.view());
}

/// One context: header, name at 16, data behind it on the next multiple of eight.
ByteVec context(std::string_view name, Bytes data, std::uint32_t next = 0) {
  Buffer buffer;
  Writer writer(buffer);
  const std::size_t data_offset = (16 + name.size() + 7) / 8 * 8;
  writer.u32(next);
  writer.u16(16);
  writer.u16(static_cast<std::uint16_t>(name.size()));
  writer.u16(0);
  writer.u16(static_cast<std::uint16_t>(data_offset));
  writer.u32(static_cast<std::uint32_t>(data.size()));
  writer.bytes(as_bytes(name));
  writer.align(8);
  writer.bytes(data);
  return to_vec(buffer.view());
}

ByteVec operator+(ByteVec a, const ByteVec& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

CreateContextList everything(Generator& generator) {
  CreateContextList list;
  list.ea_buffer = Bytes(generator.octets(20));
  list.sd_buffer = Bytes(generator.octets(33));
  list.durable_handle_request = DurableHandleRequest{};
  list.durable_handle_reconnect = generator.make<DurableHandleReconnect>();
  list.allocation_size = generator.make<AllocationSizeContext>();
  list.query_maximal_access = generator.make<QueryMaximalAccessRequest>();
  list.timewarp_token = generator.make<TimewarpToken>();
  list.query_on_disk_id = true;
  list.lease = generator.make<LeaseContext>();
  list.durable_handle_request_v2 = generator.make<DurableHandleRequestV2>();
  list.durable_handle_reconnect_v2 = generator.make<DurableHandleReconnectV2>();
  list.app_instance_id = generator.make<AppInstanceId>();
  list.app_instance_version = generator.make<AppInstanceVersion>();
  list.svhdx_open_device = Bytes(generator.octets(7));
  list.posix = generator.make<PosixCreateRequest>();
  list.aapl = generator.make<AaplRequest>();
  return list;
}

CreateContextResponseList every_response(Generator& generator) {
  CreateContextResponseList list;
  list.query_maximal_access = generator.make<QueryMaximalAccessResponse>();
  list.query_on_disk_id = generator.make<QueryOnDiskIdResponse>();
  list.durable_handle = DurableHandleResponse{};
  list.durable_handle_v2 = generator.make<DurableHandleResponseV2>();
  list.lease = generator.make<LeaseContext>();
  list.svhdx_open_device = Bytes(generator.octets(9));
  list.posix = generator.make<PosixCreateResponse>();
  list.aapl = generator.make<AaplResponse>();
  return list;
}

template <class List>
void round_trip(const List& list) {
  const ByteVec octets = chain_of(list);
  List decoded;
  const CreateContextFault fault = decode(octets, decoded);
  ASSERT_TRUE(fault.ok()) << name_of(fault.tag);
  EXPECT_EQ(print(decoded), print(list));
  EXPECT_EQ(chain_of(decoded), octets);
  for (std::size_t size = 1; size < octets.size(); ++size) {
    const ByteVec cut(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
    List part;
    (void)decode(cut, part);
  }
}

TEST(CreateContexts, RoundTripAndTruncation) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Generator generator(seed);
    round_trip(everything(generator));
    round_trip(every_response(generator));
  }
}

TEST(CreateContexts, OrderAndTagsAreThoseOfTheWire) {
  Generator generator(1);
  const ByteVec octets = chain_of(everything(generator));
  CreateContextList list;
  ASSERT_TRUE(decode(octets, list).ok());
  ASSERT_EQ(list.order.size(), 16u);
  for (std::size_t i = 0; i < list.order.size(); ++i)
    EXPECT_EQ(static_cast<std::size_t>(list.order[i].tag), i);
  EXPECT_EQ(as_text(list.order[5].name), "MxAc");
}

TEST(CreateContexts, NoneIsRight) {
  CreateContextList list;
  EXPECT_TRUE(decode(Bytes{}, list).ok());
  EXPECT_TRUE(list.order.empty());
}

TEST(CreateContexts, LeaseVersionComesFromTheLength) {
  LeaseContext lease;
  lease.lease_state = LeaseState::kAll;
  lease.epoch = 9;
  CreateContextList list;
  list.lease = lease;
  ByteVec v1 = chain_of(list);
  EXPECT_EQ(v1.size(), 24u + 32);
  CreateContextList decoded;
  ASSERT_TRUE(decode(v1, decoded).ok());
  EXPECT_EQ(decoded.lease->version, 1);
  EXPECT_EQ(decoded.lease->epoch, 0);
  list.lease->version = 2;
  ByteVec v2 = chain_of(list);
  EXPECT_EQ(v2.size(), 24u + 52);
  ASSERT_TRUE(decode(v2, decoded).ok());
  EXPECT_EQ(decoded.lease->version, 2);
  EXPECT_EQ(decoded.lease->epoch, 9);
  const CreateContextFault fault = decode(context("RqLs", ByteVec(40)), decoded);
  EXPECT_EQ(fault.kind, Kind::kMalformed);
  EXPECT_EQ(fault.tag, CreateContextTag::kLease);
}

TEST(CreateContexts, UnknownOnesAreKeptAndDoNoHarm) {
  CreateContextList list;
  const ByteVec chain = context("ABCD", ByteVec(8), 32) + context("MxAc", {});
  ASSERT_TRUE(decode(chain, list).ok());
  ASSERT_EQ(list.order.size(), 2u);
  EXPECT_EQ(list.order[0].tag, CreateContextTag::kUnknown);
  EXPECT_EQ(as_text(list.order[0].name), "ABCD");
  ASSERT_TRUE(list.query_maximal_access.has_value());
  EXPECT_EQ(list.query_maximal_access->timestamp.ticks, 0u);
}

TEST(CreateContexts, DuplicateIsNamedAndTheFirstKept) {
  const ByteVec first = {1, 0, 0, 0, 0, 0, 0, 0};
  const ByteVec second = {2, 0, 0, 0, 0, 0, 0, 0};
  CreateContextList list;
  const CreateContextFault fault =
      decode(context("AlSi", first, 32) + context("AlSi", second), list);
  EXPECT_EQ(fault.kind, Kind::kDuplicate);
  EXPECT_EQ(fault.tag, CreateContextTag::kAllocationSize);
  EXPECT_EQ(list.allocation_size->allocation_size, 1u);
}

TEST(CreateContexts, ShortDataIsMalformed) {
  CreateContextList list;
  const CreateContextFault fault = decode(context("DHnC", ByteVec(15)), list);
  EXPECT_EQ(fault.kind, Kind::kMalformed);
  EXPECT_EQ(fault.tag, CreateContextTag::kDurableHandleReconnect);
}

TEST(CreateContexts, BadChains) {
  CreateContextList list;
  // A name of less than four octets.
  EXPECT_EQ(decode(context("Mx", {}), list).kind, Kind::kBadChain);
  // Next that leads behind the end, to the very end, and into its own header.
  EXPECT_EQ(decode(context("MxAc", {}, 100), list).kind, Kind::kBadChain);
  EXPECT_EQ(decode(context("MxAc", {}, 24), list).kind, Kind::kBadChain);
  EXPECT_EQ(decode(context("MxAc", {}, 8), list).kind, Kind::kBadChain);
  // Data that reaches into the next context.
  ByteVec reaching = context("AlSi", ByteVec(8), 32) + context("MxAc", {});
  reaching[12] = 16;
  EXPECT_EQ(decode(reaching, list).kind, Kind::kBadChain);
  // A name inside the header.
  ByteVec inside = context("MxAc", {});
  inside[4] = 8;
  EXPECT_EQ(decode(inside, list).kind, Kind::kBadChain);
}

TEST(CreateContexts, CountIsBounded) {
  ByteVec chain;
  for (std::size_t i = 0; i < kMaxCreateContexts - 1; ++i) chain = chain + context("ABCD", {}, 24);
  CreateContextList list;
  EXPECT_TRUE(decode(chain + context("ABCD", {}), list).ok());
  EXPECT_EQ(decode(chain + context("ABCD", {}, 24) + context("ABCD", {}), list).kind,
            Kind::kTooMany);
}

TEST(CreateContexts, GuidNames) {
  CreateContextList list;
  const std::string_view posix("\x93\xAD\x25\x50\x9C\xB4\x11\xE7\xB4\x23\x83\xDE\x96\x8B\xCD\x7C",
                               16);
  ASSERT_TRUE(decode(context(posix, ByteVec{0xED, 1, 0, 0}), list).ok());
  ASSERT_TRUE(list.posix.has_value());
  EXPECT_EQ(list.posix->mode, 0755u);
}

}  // namespace
}  // namespace holdfast::wire::smb2
