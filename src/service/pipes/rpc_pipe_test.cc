// SPDX-License-Identifier: Apache-2.0
#include "service/pipes/rpc_pipe.h"

#include <gtest/gtest.h>

#include "service/pipes/pipe_service.h"
#include "service/pipes/testing/fake_view.h"
#include "wire/rpc/srvs.h"

namespace holdfast::service::pipes {
namespace {

namespace rpc = wire::rpc;
namespace srvs = wire::rpc::srvs;
using testing::FakeView;

rpc::Header header(std::uint32_t call_id, std::uint8_t flags = rpc::pfc::kWhole) {
  rpc::Header h;
  h.call_id = call_id;
  h.flags = flags;
  return h;
}

rpc::Bind usual_bind() { return {4280, 4280, 0, {{0, srvs::kInterface, {rpc::kNdr32}}}}; }

class RpcPipeTest : public ::testing::Test {
 protected:
  RpcPipeTest() : pipe_(options(), view_) {}
  static RpcPipeOptions options() {
    RpcPipeOptions o;
    o.secondary_address = "\\PIPE\\srvsvc";
    o.interfaces = {&kSrvsvc};
    o.client = client();
    o.association_group = 0x53F0;
    return o;
  }
  static ports::PipeClient client() {
    ports::PipeClient c;
    c.identity.user = "anna";
    return c;
  }
  void bind() {
    ASSERT_TRUE(pipe_.write(rpc::encode_bind(header(1), usual_bind())));
    ASSERT_EQ(next().header.type, rpc::PduType::kBindAck);
  }
  /// The next message, whole.
  rpc::Pdu next() {
    Result<ports::Pipe::Chunk> chunk = pipe_.read(65'536);
    if (!chunk) return {};
    EXPECT_FALSE(chunk->more);
    last_ = std::move(chunk->data);
    std::optional<rpc::Pdu> pdu = rpc::split_pdu(last_);
    EXPECT_TRUE(pdu);
    return pdu.value_or(rpc::Pdu{});
  }
  std::uint32_t next_fault() {
    rpc::Pdu pdu = next();
    EXPECT_EQ(pdu.header.type, rpc::PduType::kFault);
    return rpc::decode_fault(pdu)->status;
  }
  bool is_empty() {
    auto chunk = pipe_.read(1);
    return !chunk && chunk.error() == NtStatus::kPipeEmpty;
  }
  static ByteVec stub_of_tod() {
    Buffer out(64);
    rpc::NdrWriter w(out);
    w.unique_wide_string("\\\\server");
    return to_vec(out);
  }
  FakeView view_;
  RpcPipe pipe_;
  ByteVec last_;
};

TEST_F(RpcPipeTest, AnswersABindAsWindowsDoes) {
  rpc::Bind bind = usual_bind();
  bind.contexts.push_back({1, srvs::kInterface, {rpc::kNdr64}});
  rpc::SyntaxId features{rpc::make_uuid("6cb71c2c-9812-4540-0300-000000000000"), 1, 0};
  bind.contexts.push_back({2, srvs::kInterface, {features}});
  rpc::SyntaxId other = srvs::kInterface;
  other.uuid.octets[0] ^= 1;
  bind.contexts.push_back({3, other, {rpc::kNdr32}});
  ASSERT_TRUE(pipe_.write(rpc::encode_bind(header(9), bind)));
  rpc::Pdu pdu = next();
  ASSERT_EQ(pdu.header.type, rpc::PduType::kBindAck);
  EXPECT_EQ(pdu.header.call_id, 9u);
  auto ack = rpc::decode_bind_ack(pdu);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->max_transmit, 4280);
  EXPECT_EQ(ack->association_group, 0x53F0u);
  EXPECT_EQ(ack->secondary_address, "\\PIPE\\srvsvc");
  using R = rpc::ContextResult;
  EXPECT_EQ(ack->results,
            (std::vector<R>{{R::kAcceptance, 0, rpc::kNdr32},
                            {R::kProviderRejection, R::kTransferSyntaxesNotSupported, {}},
                            {R::kNegotiateAck, rpc::bind_feature::kKeepConnectionOnOrphan, {}},
                            {R::kProviderRejection, R::kAbstractSyntaxNotSupported, {}}}));
}

TEST_F(RpcPipeTest, ACallComesInAnyPiecesAndItsAnswerToo) {
  bind();
  const ByteVec request =
      rpc::encode_request(header(2), {0, srvs::opnum::kRemoteTod, std::nullopt, stub_of_tod()});
  for (std::uint8_t octet : request) {
    EXPECT_TRUE(is_empty());
    ASSERT_TRUE(pipe_.write(Bytes(&octet, 1)));
  }
  ByteVec answer;
  const std::size_t all = pipe_.available();
  for (;;) {
    auto chunk = pipe_.read(10);
    ASSERT_TRUE(chunk);
    answer.insert(answer.end(), chunk->data.begin(), chunk->data.end());
    EXPECT_EQ(pipe_.available(), all - answer.size());
    EXPECT_EQ(chunk->more, answer.size() < all);
    if (!chunk->more) break;
  }
  auto pdu = rpc::split_pdu(answer);
  ASSERT_TRUE(pdu);
  EXPECT_EQ(pdu->header.type, rpc::PduType::kResponse);
  rpc::NdrReader r(rpc::decode_response(*pdu)->stub);
  srvs::TimeOfDay tod;
  ASSERT_TRUE(r.unique());
  rpc::read_structure(r, tod);
  EXPECT_EQ(r.u32(), 0u);
  EXPECT_EQ(tod.year * 10'000 + tod.month * 100 + tod.day, 20'040'229u);
  EXPECT_EQ(tod.hours * 100 + tod.minutes, 2'359u);
  EXPECT_EQ(tod.hundredths, 50u);
  EXPECT_EQ(tod.weekday, 0u);
  EXPECT_EQ(tod.elapsed_s, 1'078'099'140u);
}

TEST_F(RpcPipeTest, FragmentsOfACallAreJoined) {
  bind();
  const ByteVec stub = stub_of_tod();
  const Bytes half = Bytes(stub).first(8), rest = Bytes(stub).subspan(8);
  const auto op = srvs::opnum::kRemoteTod;
  ASSERT_TRUE(pipe_.write(
      rpc::encode_request(header(2, rpc::pfc::kFirstFragment), {0, op, std::nullopt, half})));
  EXPECT_TRUE(is_empty());
  ASSERT_TRUE(pipe_.write(
      rpc::encode_request(header(2, rpc::pfc::kLastFragment), {0, op, std::nullopt, rest})));
  EXPECT_EQ(next().header.type, rpc::PduType::kResponse);
}

TEST_F(RpcPipeTest, FragmentsOutOfOrderAreAProtocolError) {
  bind();
  const auto op = srvs::opnum::kRemoteTod;
  // A last one without a first.
  ASSERT_TRUE(pipe_.write(
      rpc::encode_request(header(2, rpc::pfc::kLastFragment), {0, op, std::nullopt, {}})));
  EXPECT_EQ(next_fault(), rpc::fault_status::kProtocolError);
  // A second call between the fragments of the first.
  ASSERT_TRUE(pipe_.write(
      rpc::encode_request(header(3, rpc::pfc::kFirstFragment), {0, op, std::nullopt, {}})));
  ASSERT_TRUE(pipe_.write(rpc::encode_request(header(4), {0, op, std::nullopt, {}})));
  EXPECT_EQ(next_fault(), rpc::fault_status::kProtocolError);
  // Given up, then begun anew.
  ASSERT_TRUE(pipe_.write(
      rpc::encode_request(header(5, rpc::pfc::kFirstFragment), {0, op, std::nullopt, {}})));
  rpc::Header orphaned = header(5);
  orphaned.type = rpc::PduType::kOrphaned;
  ByteVec octets = rpc::encode_bind_nak(orphaned, {});
  octets.resize(rpc::kHeaderSize);
  octets[2] = static_cast<std::uint8_t>(rpc::PduType::kOrphaned);
  octets[8] = rpc::kHeaderSize;
  ASSERT_TRUE(pipe_.write(octets));
  ASSERT_TRUE(pipe_.write(rpc::encode_request(header(6), {0, op, std::nullopt, stub_of_tod()})));
  EXPECT_EQ(next().header.type, rpc::PduType::kResponse);
}

TEST_F(RpcPipeTest, FaultsSayWhatIsWrong) {
  ASSERT_TRUE(pipe_.write(rpc::encode_request(header(1), {0, 28, std::nullopt, {}})));
  EXPECT_EQ(next_fault(), rpc::fault_status::kProtocolError) << "not bound";
  bind();
  ASSERT_TRUE(pipe_.write(rpc::encode_request(header(2), {7, 28, std::nullopt, {}})));
  EXPECT_EQ(next_fault(), rpc::fault_status::kInvalidContextId);
  for (std::uint16_t opnum : {0, 7, 19, 39, 58, 0xFFFF}) {
    ASSERT_TRUE(pipe_.write(rpc::encode_request(header(3), {0, opnum, std::nullopt, {}})));
    EXPECT_EQ(next_fault(), rpc::fault_status::kOperationRange) << opnum;
  }
  ASSERT_TRUE(pipe_.write(rpc::encode_request(header(4), {0, 28, std::nullopt, {}})));
  EXPECT_EQ(next_fault(), rpc::fault_status::kBadStubData);
}

TEST_F(RpcPipeTest, BigEndianClientsAreToldAtTheBind) {
  ByteVec octets = rpc::encode_bind(header(1), usual_bind());
  octets[4] = 0;
  std::swap(octets[8], octets[9]);
  ASSERT_TRUE(pipe_.write(octets));
  EXPECT_EQ(next().header.type, rpc::PduType::kBindNak);
}

TEST_F(RpcPipeTest, RpcSecurityIsRefused) {
  ByteVec octets = rpc::encode_bind(header(1), usual_bind());
  const ByteVec trailer{10, 2, 0, 0, 0, 0, 0, 0, 'N', 'T', 'L', 'M'};
  octets.insert(octets.end(), trailer.begin(), trailer.end());
  octets[8] = static_cast<std::uint8_t>(octets.size());
  octets[10] = 4;
  ASSERT_TRUE(pipe_.write(octets));
  rpc::Pdu pdu = next();
  ASSERT_EQ(pdu.header.type, rpc::PduType::kBindNak);
  EXPECT_EQ(rpc::decode_bind_nak(pdu)->reason, rpc::nak_reason::kAuthenticationType);
  bind();  // without it, the same pipe serves
}

TEST_F(RpcPipeTest, AlterContextAddsContexts) {
  bind();
  rpc::Header h = header(2);
  h.type = rpc::PduType::kAlterContext;
  rpc::Bind more = usual_bind();
  more.contexts[0].id = 5;
  ASSERT_TRUE(pipe_.write(rpc::encode_bind(h, more)));
  rpc::Pdu pdu = next();
  EXPECT_EQ(pdu.header.type, rpc::PduType::kAlterContextResponse);
  EXPECT_EQ(rpc::decode_bind_ack(pdu)->secondary_address, "");
  ASSERT_TRUE(pipe_.write(rpc::encode_request(header(3), {5, 28, std::nullopt, stub_of_tod()})));
  EXPECT_EQ(next().header.type, rpc::PduType::kResponse);
}

TEST_F(RpcPipeTest, WhatIsNoPduEndsTheAssociation) {
  bind();
  const ByteVec junk(64, 0xFF);
  auto written = pipe_.write(junk);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error(), NtStatus::kPipeDisconnected);
  EXPECT_EQ(pipe_.read(16).error(), NtStatus::kPipeDisconnected);
}

TEST_F(RpcPipeTest, AClientThatDoesNotReadIsRefused) {
  bind();
  const ByteVec request = rpc::encode_request(header(2), {0, 28, std::nullopt, stub_of_tod()});
  Result<void> written;
  int calls = 0;
  while ((written = pipe_.write(request)) && calls < 100'000) ++calls;
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error(), NtStatus::kInsufficientResources);
  EXPECT_LE(pipe_.available(), limits::kMaxRpcCall + 1024);
}

TEST_F(RpcPipeTest, ACallLongerThanTheLimitIsRefused) {
  bind();
  const ByteVec part(4'000);
  std::uint8_t flags = rpc::pfc::kFirstFragment;
  for (std::size_t sent = 0; sent <= limits::kMaxRpcCall; sent += part.size()) {
    ASSERT_TRUE(pipe_.write(rpc::encode_request(header(2, flags), {0, 28, std::nullopt, part})));
    flags = 0;
  }
  EXPECT_EQ(next_fault(), rpc::fault_status::kNoMemory);
}

TEST_F(RpcPipeTest, LongAnswersComeInFragmentsOfMultiplesOfEight) {
  Settings many = *view_.settings_value;
  core::Share share = *many.shares[0];
  for (int i = 0; i < 500; ++i) {
    share.name = "share" + std::to_string(i);
    many.shares.push_back(std::make_shared<const core::Share>(share));
  }
  view_.settings_value = std::make_shared<const Settings>(std::move(many));
  bind();
  Buffer out(64);
  rpc::NdrWriter w(out);
  w.unique_wide_string(std::nullopt);
  rpc::write_enum_request(w, {1, 0xFFFFFFFF, 0});
  ASSERT_TRUE(pipe_.write(
      rpc::encode_request(header(2), {0, srvs::opnum::kShareEnum, std::nullopt, out.view()})));
  ByteVec stub;
  for (int i = 0;; ++i) {
    rpc::Pdu pdu = next();
    ASSERT_EQ(pdu.header.type, rpc::PduType::kResponse);
    EXPECT_LE(pdu.header.fragment_length, 4280);
    EXPECT_EQ(pdu.header.has(rpc::pfc::kFirstFragment), i == 0);
    Bytes part = rpc::decode_response(pdu)->stub;
    stub.insert(stub.end(), part.begin(), part.end());
    if (pdu.header.has(rpc::pfc::kLastFragment)) break;
    EXPECT_EQ(part.size() % 8, 0u);
  }
  EXPECT_TRUE(is_empty());
  rpc::NdrReader r(stub);
  auto answer = rpc::read_enum_response<srvs::ShareInfo1>(r);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(answer.entries.size(), 502u);
}

TEST(PipeService, NamesMatchInAnyCaseWithOrWithoutPrefix) {
  PipeService service(std::make_unique<FakeView>());
  ports::PipeClient client;
  for (const char* name : {"srvsvc", "\\srvsvc", "SRVSVC", "\\PIPE\\srvsvc", "pipe\\WKSsvc"})
    EXPECT_TRUE(service.open(name, client)) << name;
  for (const char* name : {"samr", "", "\\", "srvsvc2", "\\\\srvsvc"}) {
    auto opened = service.open(name, client);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error(), NtStatus::kObjectNameNotFound) << name;
  }
}

}  // namespace
}  // namespace holdfast::service::pipes
