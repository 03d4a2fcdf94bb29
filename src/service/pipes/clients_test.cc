// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "service/pipes/rpc_pipe.h"
#include "service/pipes/testing/fake_view.h"
#include "wire/rpc/srvs.h"

/// Octets that clients and another server put on the wire.
namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;
namespace srvs = wire::rpc::srvs;

ByteVec hex(std::string_view digits) {
  auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  ByteVec out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(digit(digits[i]) << 4 | digit(digits[i + 1])));
  return out;
}

constexpr char kSmbclientBind[] =
    "05000b03100000004800000001000000b810b810000000000100000000000100c84f324b7016d30112785a47bf6ee1"
    "8803000000045d888aeb1cc9119fe808002b10486002000000";
// smbclient 4.17 -L: NetrShareEnum of level 1.
constexpr char kSmbclientShareEnum[] =
    "05000003100000005c000000020000004400000000000f00000002000a000000000000000a00000031003200370"
    "02e0030002e0030002e00310000000100000001000000040002000000000000000000ffffffff08000200000000"
    "00";
// impacket 0.10 hNetrShareEnum of level 0; pads with 0xab.
constexpr char kImpacketShareEnum[] =
    "05000003100000004c000000010000003400000000000f0081e900000100000000000000010000000000abab0000"
    "0000000000001fa100000000000000000000ffffffff4777000000000000";
// What smbd 4.17 answered smbclient.
constexpr char kSmbdAnswer[] =
    "0500020310000000fc00000002000000e40000000000000001000000010000000c00020002000000100002000200"
    "00001400020000000000180002001c00020003000080200002000500000000000000050000006400610074006100"
    "000000000a000000000000000a00000053006f006d00650020006400610074006100000005000000000000000500"
    "00004900500043002400000000002300000000000000230000004900500043002000530065007200760069006300"
    "650020002800530061006d0062006100200034002e00310037002e00310032002d00440065006200690061006e00"
    "29000000000002000000240002000000000000000000";

/// The answer to a bind and a request.
ByteVec answer(const char* bind, const char* request) {
  testing::FakeView view;
  ports::PipeClient client;
  RpcPipeOptions options;
  options.secondary_address = "\\PIPE\\srvsvc";
  options.interfaces = {&kSrvsvc};
  options.client = client;
  RpcPipe pipe(std::move(options), view);
  EXPECT_TRUE(pipe.write(hex(bind)));
  auto ack = pipe.read(65'536);
  EXPECT_TRUE(ack && rpc::split_pdu(ack->data)->header.type == rpc::PduType::kBindAck);
  EXPECT_TRUE(pipe.write(hex(request)));
  auto chunk = pipe.read(65'536);
  return chunk ? chunk->data : ByteVec{};
}

TEST(Clients, SmbclientListsShares) {
  const ByteVec octets = answer(kSmbclientBind, kSmbclientShareEnum);
  auto pdu = rpc::split_pdu(octets);
  ASSERT_TRUE(pdu && pdu->header.type == rpc::PduType::kResponse);
  rpc::NdrReader r(rpc::decode_response(*pdu)->stub);
  auto shares = rpc::read_enum_response<srvs::ShareInfo1>(r);
  ASSERT_TRUE(r.ok());
  ASSERT_EQ(shares.entries.size(), 2u);
  EXPECT_EQ(shares.entries[0].netname, "data");
  EXPECT_EQ(shares.status, 0u);
}

TEST(Clients, ImpacketListsShares) {
  const ByteVec octets = answer(kSmbclientBind, kImpacketShareEnum);
  auto pdu = rpc::split_pdu(octets);
  ASSERT_TRUE(pdu && pdu->header.type == rpc::PduType::kResponse);
  rpc::NdrReader r(rpc::decode_response(*pdu)->stub);
  auto shares = rpc::read_enum_response<srvs::ShareInfo0>(r);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(shares.entries.size(), 2u);
}

// Another server's answer reads the same, and the same values are written as the same octets.
TEST(Clients, SmbdsAnswerMakesTheRoundTrip) {
  const ByteVec octets = hex(kSmbdAnswer);
  auto pdu = rpc::split_pdu(octets);
  ASSERT_TRUE(pdu);
  rpc::NdrReader r(rpc::decode_response(*pdu)->stub);
  auto shares = rpc::read_enum_response<srvs::ShareInfo1>(r);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.remaining(), 0u);
  ASSERT_EQ(shares.entries.size(), 2u);
  EXPECT_EQ(shares.entries[0].netname, "data");
  EXPECT_EQ(shares.entries[0].remark, "Some data");
  EXPECT_EQ(shares.entries[1].type, 0x80000003u);
  EXPECT_EQ(shares.resume_handle, 0u);
  Buffer out(256);
  rpc::NdrWriter w(out);
  rpc::write_enum_response(w, shares);
  // The other server counts referents from another number; the shape is what must agree.
  EXPECT_EQ(out.size(), rpc::decode_response(*pdu)->stub.size());
}

}  // namespace
}  // namespace holdfast::service::pipes
