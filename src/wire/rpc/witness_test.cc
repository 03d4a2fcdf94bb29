// SPDX-License-Identifier: Apache-2.0
#include "wire/rpc/witness.h"

#include <gtest/gtest.h>

namespace holdfast::wire::rpc::witness {
namespace {

template <class Encode>
ByteVec stub_of(Encode encode) {
  Buffer out;
  encode(out);
  return to_vec(out.view());
}

/// No part of a stub is one.
template <class Decode>
void expect_whole(const ByteVec& stub, Decode decode) {
  for (std::size_t i = 0; i < stub.size(); ++i)
    EXPECT_FALSE(decode(Bytes(stub).first(i))) << i << " of " << stub.size();
  EXPECT_TRUE(decode(stub));
}

TEST(Witness, RegisterAsItIsOnTheWire) {
  RegisterRequest request{kVersion1, "N", std::nullopt, "1", std::nullopt, 0, 0};
  ByteVec stub = stub_of([&](Buffer& out) { encode_register(request, false, out); });
  const std::uint8_t wanted[] = {1,   0, 1, 0, 0, 0, 2, 0,  // Version, pointer
                                 2,   0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 'N', 0, 0, 0,  // NetName
                                 4,   0, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2,   0, 0, 0,
                                 '1', 0, 0, 0, 0, 0, 0, 0};
  EXPECT_TRUE(equal(stub, wanted));
  RegisterRequest read;
  expect_whole(stub, [&](Bytes b) { return decode_register(b, false, read); });
  EXPECT_EQ(read, request);
}

TEST(Witness, RegisterExHasAShareAndATimeout) {
  RegisterRequest request{
      kVersion2, "server", "data", "192.0.2.1", "client", kRegisterIpNotification, 120};
  ByteVec stub = stub_of([&](Buffer& out) { encode_register(request, true, out); });
  RegisterRequest read;
  expect_whole(stub, [&](Bytes b) { return decode_register(b, true, read); });
  EXPECT_EQ(read, request);
}

TEST(Witness, HandlesAndStatuses) {
  HandleResponse response{{}, error::kRevisionMismatch};
  for (std::size_t i = 0; i < 20; ++i) response.handle[i] = static_cast<std::uint8_t>(i);
  ByteVec stub = stub_of([&](Buffer& out) { encode_handle_response(response, out); });
  EXPECT_EQ(stub.size(), 24u);
  HandleResponse read;
  expect_whole(stub, [&](Bytes b) { return decode_handle_response(b, read); });
  EXPECT_EQ(read.handle, response.handle);
  EXPECT_EQ(read.status, response.status);
  stub = stub_of([&](Buffer& out) { encode_handle(response.handle, out); });
  ContextHandle handle;
  expect_whole(stub, [&](Bytes b) { return decode_handle(b, handle); });
  EXPECT_EQ(handle, response.handle);
  stub = stub_of([&](Buffer& out) { encode_status(error::kNotFound, out); });
  std::uint32_t status = 0;
  expect_whole(stub, [&](Bytes b) { return decode_status(b, status); });
  EXPECT_EQ(status, error::kNotFound);
}

TEST(Witness, InterfaceListHasItsNamesInFixedRooms) {
  InterfaceListResponse response;
  response.interfaces.push_back({"NODE-A",
                                 kVersion2,
                                 State::kAvailable,
                                 {192, 0, 2, 1},
                                 {},
                                 interface_flag::kIpv4 | interface_flag::kWitness});
  response.interfaces.push_back({std::string(259, 'x'),
                                 kVersion1,
                                 State::kUnavailable,
                                 {},
                                 {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
                                 interface_flag::kIpv6});
  ByteVec stub = stub_of([&](Buffer& out) { encode_interface_list(response, out); });
  EXPECT_EQ(stub.size(), 4u + 8 + 4 + 2 * 552 + 4);
  const std::uint8_t tail[] = {0, 0, 2, 0, 1, 0, 0, 0, 192, 0, 2, 1};
  EXPECT_TRUE(equal(Bytes(stub).subspan(16 + 520, 12), tail));
  InterfaceListResponse read;
  expect_whole(stub, [&](Bytes b) { return decode_interface_list(b, read); });
  EXPECT_EQ(read.interfaces, response.interfaces);

  response.interfaces[1].group_name += "y";
  stub = stub_of([&](Buffer& out) { encode_interface_list(response, out); });
  ASSERT_TRUE(decode_interface_list(stub, read));
  EXPECT_EQ(read.interfaces[1].group_name.size(), kMaxGroupName);

  response.status = error::kNoMoreItems;
  stub = stub_of([&](Buffer& out) { encode_interface_list(response, out); });
  EXPECT_EQ(stub.size(), 8u);
  ASSERT_TRUE(decode_interface_list(stub, read));
  EXPECT_EQ(read.status, error::kNoMoreItems);
  EXPECT_TRUE(read.interfaces.empty());
}

TEST(Witness, NotificationsOfResources) {
  NotifyResponse response;
  response.notification = Notification{NotificationType::kResourceChange,
                                       {{State::kUnavailable, "SRV"}, {State::kAvailable, "ä"}},
                                       {}};
  ByteVec stub = stub_of([&](Buffer& out) { encode_notify_response(response, out); });
  // Type, Length, NumberOfMessages, pointer, count; then Length, ChangeType, the name with its NUL.
  const std::uint8_t wanted[] = {1,   0, 0, 0, 28, 0, 0, 0, 2,   0, 0, 0, 4,    0, 2,   0,
                                 28,  0, 0, 0, 16, 0, 0, 0, 255, 0, 0, 0, 'S',  0, 'R', 0,
                                 'V', 0, 0, 0, 12, 0, 0, 0, 1,   0, 0, 0, 0xE4, 0, 0,   0};
  EXPECT_TRUE(equal(Bytes(stub).subspan(4, sizeof wanted), wanted));
  NotifyResponse read;
  expect_whole(stub, [&](Bytes b) { return decode_notify_response(b, read); });
  EXPECT_EQ(read.notification, response.notification);
  response = {std::nullopt, error::kTimeout};
  stub = stub_of([&](Buffer& out) { encode_notify_response(response, out); });
  EXPECT_EQ(stub.size(), 8u);
  ASSERT_TRUE(decode_notify_response(stub, read));
  EXPECT_FALSE(read.notification);
}

TEST(Witness, NotificationsOfMoves) {
  NotifyResponse response;
  response.notification =
      Notification{NotificationType::kClientMove,
                   {},
                   {{{address_flag::kIpv4 | address_flag::kOnline, {192, 0, 2, 9}, {}},
                     {address_flag::kIpv6 | address_flag::kOffline, {}, {0xfd, 1}}}}};
  ByteVec stub = stub_of([&](Buffer& out) { encode_notify_response(response, out); });
  EXPECT_EQ(stub.size(), 4u + 16 + 4 + 12 + 2 * 24 + 4);
  NotifyResponse read;
  expect_whole(stub, [&](Bytes b) { return decode_notify_response(b, read); });
  EXPECT_EQ(read.notification, response.notification);
  stub[4] = 5;
  EXPECT_FALSE(decode_notify_response(stub, read));
}

}  // namespace
}  // namespace holdfast::wire::rpc::witness
