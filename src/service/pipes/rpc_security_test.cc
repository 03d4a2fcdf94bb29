// SPDX-License-Identifier: Apache-2.0
#include "service/pipes/rpc_security.h"

#include <gtest/gtest.h>

#include "service/pipes/testing/fake_view.h"
#include "service/pipes/testing/rpc_client.h"
#include "wire/rpc/srvs.h"

namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;
namespace srvs = wire::rpc::srvs;
namespace level = wire::rpc::auth_level;
namespace type = wire::rpc::auth_type;
using rpc::PduType;
using testing::RpcClient;

/// Remembers who was refused.
class View final : public testing::FakeView {
 public:
  void logon_refused(const std::string&, const std::string& reason) override { refused = reason; }
  std::string refused;
};

class RpcSecurityTest : public ::testing::Test {
 protected:
  RpcSecurityTest() { make_pipe(&kSrvsvc); }
  void make_pipe(const Interface* interface) {
    RpcPipeOptions options;
    options.secondary_address = "\\PIPE\\srvsvc";
    options.interfaces = {interface};
    options.authenticator = world_.authenticator.get();
    options.client.identity.is_anonymous = true;
    pipe_ = std::make_shared<RpcPipe>(std::move(options), view_);
  }
  static ByteVec stub_of_tod() {
    Buffer out(64);
    rpc::NdrWriter w(out);
    w.unique_wide_string("\\\\server");
    return to_vec(out.view());
  }
  testing::LogonWorld world_;
  View view_;
  std::shared_ptr<RpcPipe> pipe_;
};

TEST_F(RpcSecurityTest, CallsAreSignedAndSealedWithBothProviders) {
  for (std::uint8_t provider : {type::kNtlm, type::kSpnego})
    for (std::uint8_t wanted :
         {level::kConnect, level::kCall, level::kPacket, level::kIntegrity, level::kPrivacy}) {
      make_pipe(&kSrvsvc);
      RpcClient client(*pipe_, world_, provider, wanted);
      EXPECT_EQ(client.bind(srvs::kInterface),
                provider == type::kNtlm ? PduType::kBindAck : PduType::kAlterContextResponse);
      EXPECT_TRUE(pipe_->progress().authenticated);
      for (int i = 0; i < 3; ++i) {
        // Level "call" is the client's own affair in this client: it sends no trailer below.
        if (wanted == level::kCall) continue;
        auto answer = client.call(srvs::opnum::kRemoteTod, stub_of_tod());
        ASSERT_TRUE(answer) << int{provider} << " " << int{wanted} << " " << std::hex
                            << answer.error();
        EXPECT_FALSE(client.bad_signature);
        rpc::NdrReader r(*answer);
        srvs::TimeOfDay tod;
        ASSERT_TRUE(r.unique());
        rpc::read_structure(r, tod);
        EXPECT_EQ(r.u32(), 0u);
      }
    }
}

TEST_F(RpcSecurityTest, WhatIsSealedIsNotToBeRead) {
  RpcClient client(*pipe_, world_, type::kNtlm, level::kPrivacy);
  client.bind(srvs::kInterface);
  const ByteVec stub = stub_of_tod();
  const ByteVec request = client.request(2, srvs::opnum::kRemoteTod, stub);
  EXPECT_EQ(std::ranges::search(request, stub).begin(), request.end());
}

TEST_F(RpcSecurityTest, LongCallsAndAnswersAreProtectedFragmentByFragment) {
  Settings many = *view_.settings_value;
  core::Share share = *many.shares[0];
  for (int i = 0; i < 500; ++i) {
    share.name = "share" + std::to_string(i);
    many.shares.push_back(std::make_shared<const core::Share>(share));
  }
  view_.settings_value = std::make_shared<const Settings>(std::move(many));
  for (std::uint8_t wanted : {level::kIntegrity, level::kPrivacy}) {
    make_pipe(&kSrvsvc);
    RpcClient client(*pipe_, world_, type::kSpnego, wanted);
    client.bind(srvs::kInterface);
    Buffer out(64);
    rpc::NdrWriter w(out);
    w.unique_wide_string(std::nullopt);
    rpc::write_enum_request(w, {1, 0xFFFFFFFF, 0});
    const Bytes stub = out.view();
    ASSERT_TRUE(client.send(
        client.request(2, srvs::opnum::kShareEnum, stub.first(8), rpc::pfc::kFirstFragment)));
    ASSERT_TRUE(client.send(
        client.request(2, srvs::opnum::kShareEnum, stub.subspan(8), rpc::pfc::kLastFragment)));
    auto answer = client.answer();
    ASSERT_TRUE(answer);
    rpc::NdrReader r(*answer);
    EXPECT_EQ(rpc::read_enum_response<srvs::ShareInfo1>(r).entries.size(), 502u);
  }
}

TEST_F(RpcSecurityTest, WrongPasswordsAreFaultsOfTheNextCall) {
  RpcClient client(*pipe_, world_, type::kNtlm, level::kIntegrity, "wrong");
  EXPECT_EQ(client.bind(srvs::kInterface), PduType::kBindAck);
  EXPECT_EQ(view_.refused, "wrong password for \"anna\"");
  EXPECT_EQ(client.call(srvs::opnum::kRemoteTod, stub_of_tod()).error(),
            rpc::fault_status::kAccessDenied);
  // With SPNEGO the leg is answered, and so refused.
  make_pipe(&kSrvsvc);
  RpcClient spnego(*pipe_, world_, type::kSpnego, level::kIntegrity, "wrong");
  EXPECT_EQ(spnego.bind(srvs::kInterface), PduType::kFault);
  EXPECT_EQ(spnego.call(srvs::opnum::kRemoteTod, stub_of_tod()).error(),
            rpc::fault_status::kAccessDenied);
}

TEST_F(RpcSecurityTest, AnonymousUsersCannotSign) {
  RpcClient client(*pipe_, world_, type::kNtlm, level::kIntegrity, "", "");
  client.bind(srvs::kInterface);
  EXPECT_EQ(client.call(srvs::opnum::kRemoteTod, stub_of_tod()).error(),
            rpc::fault_status::kAccessDenied);
  EXPECT_NE(view_.refused.find("cannot sign"), std::string::npos);
  make_pipe(&kSrvsvc);
  RpcClient connect(*pipe_, world_, type::kNtlm, level::kConnect, "", "");
  connect.bind(srvs::kInterface);
  EXPECT_TRUE(connect.call(srvs::opnum::kRemoteTod, stub_of_tod()));
}

TEST_F(RpcSecurityTest, SpoiledFragmentsEndTheAssociation) {
  for (std::uint8_t wanted : {level::kIntegrity, level::kPrivacy})
    for (std::size_t at : {3u, 12u, 17u, 25u, 60u}) {
      make_pipe(&kSrvsvc);
      RpcClient client(*pipe_, world_, type::kNtlm, wanted);
      client.bind(srvs::kInterface);
      ByteVec request = client.request(2, srvs::opnum::kRemoteTod, stub_of_tod());
      request[at] ^= 0x40;
      EXPECT_FALSE(client.send(request)) << at;
      auto pdu = client.next();
      ASSERT_TRUE(pdu) << at;
      ASSERT_EQ(pdu->header.type, PduType::kFault);
      EXPECT_EQ(rpc::decode_fault(*pdu)->status, rpc::fault_status::kSecurityPackageError);
      EXPECT_EQ(pipe_->read(1).error(), NtStatus::kPipeDisconnected);
    }
}

TEST_F(RpcSecurityTest, AFragmentMayNotComeTwiceNorBare) {
  RpcClient client(*pipe_, world_, type::kNtlm, level::kIntegrity);
  client.bind(srvs::kInterface);
  const ByteVec request = client.request(2, srvs::opnum::kRemoteTod, stub_of_tod());
  ASSERT_TRUE(client.send(request));
  ASSERT_TRUE(client.answer());
  EXPECT_FALSE(client.send(request));
  EXPECT_EQ(client.answer().error(), rpc::fault_status::kSecurityPackageError);
  make_pipe(&kSrvsvc);
  RpcClient other(*pipe_, world_, type::kNtlm, level::kIntegrity);
  other.bind(srvs::kInterface);
  rpc::Header h;
  h.call_id = 2;
  EXPECT_FALSE(other.send(
      rpc::encode_request(h, {0, srvs::opnum::kRemoteTod, std::nullopt, stub_of_tod()})));
  EXPECT_EQ(other.answer().error(), rpc::fault_status::kAccessDenied);
}

TEST_F(RpcSecurityTest, AnInterfaceMayDemandALevel) {
  const Interface demanding{srvs::kInterface, kSrvsvc.operation, level::kIntegrity};
  for (std::uint8_t wanted : {level::kConnect, level::kPacket, level::kIntegrity}) {
    make_pipe(&demanding);
    RpcClient client(*pipe_, world_, type::kNtlm, wanted);
    client.bind(srvs::kInterface);
    auto answer = client.call(srvs::opnum::kRemoteTod, stub_of_tod());
    EXPECT_EQ(answer.has_value(), wanted == level::kIntegrity);
    if (!answer) EXPECT_EQ(answer.error(), rpc::fault_status::kAccessDenied);
  }
}

TEST_F(RpcSecurityTest, OtherProvidersAndLevelsAreUnknown) {
  for (auto [provider, wanted] : {std::pair<int, int>{16, 5}, {68, 6}, {10, 0}, {10, 1}, {9, 7}}) {
    make_pipe(&kSrvsvc);
    rpc::Header h;
    ByteVec octets = rpc::encode_bind(h, {4280, 4280, 0, {{0, srvs::kInterface, {rpc::kNdr32}}}});
    const ByteVec token{'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0};
    rpc::append_auth(octets, {static_cast<std::uint8_t>(provider),
                              static_cast<std::uint8_t>(wanted), 0, 0, token});
    ASSERT_TRUE(pipe_->write(octets));
    auto answer = pipe_->read(1000);
    ASSERT_TRUE(answer);
    auto pdu = rpc::split_pdu(answer->data);
    ASSERT_EQ(pdu->header.type, PduType::kBindNak);
    EXPECT_EQ(rpc::decode_bind_nak(*pdu)->reason, rpc::nak_reason::kAuthenticationType);
  }
}

}  // namespace
}  // namespace holdfast::service::pipes
