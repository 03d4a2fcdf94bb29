// SPDX-License-Identifier: Apache-2.0
#include "service/rpc_tcp/rpc_listener.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "service/failover/test_loop.h"
#include "service/pipes/testing/fake_view.h"
#include "service/rpc_tcp/endpoint_mapper.h"
#include "wire/rpc/epm.h"

namespace holdfast::service {
namespace {

namespace rpc = wire::rpc;
namespace epm = wire::rpc::epm;
using ports::CloseReason;
using ports::Endpoint;
using testing::TestLoop;

constexpr rpc::SyntaxId kSome{rpc::make_uuid("ccd8c074-d0e5-4a40-92b4-d074faa6ba28"), 1, 1};

class FakeStream final : public ports::Stream {
 public:
  void start(std::shared_ptr<ports::StreamHandler> handler) override { handler_ = handler; }
  void send(Buffer data) override {
    sent_.insert(sent_.end(), data.view().begin(), data.view().end());
  }
  std::size_t queued() const override { return blocked_ ? sent_.size() : 0; }
  std::size_t unconfirmed() const override { return queued(); }
  void pause_receiving() override { paused_ = true; }
  void resume_receiving() override { paused_ = false; }
  void close() override { closed_ = true; }
  void abort() override { aborted_ = true; }
  Endpoint peer() const override { return Endpoint::v4(192, 0, 2, 7, 40'000); }
  Endpoint local() const override { return Endpoint::v4(192, 0, 2, 1, 135); }
  void end() { std::exchange(handler_, nullptr)->on_closed(CloseReason::kPeer); }
  /// The next fragment that was sent.
  ByteVec next() {
    auto header = rpc::decode_header(sent_);
    if (!header || sent_.size() < header->fragment_length) return {};
    ByteVec fragment(sent_.begin(), sent_.begin() + header->fragment_length);
    sent_.erase(sent_.begin(), sent_.begin() + header->fragment_length);
    return fragment;
  }
  std::shared_ptr<ports::StreamHandler> handler_;
  ByteVec sent_;
  bool paused_ = false, closed_ = false, aborted_ = false, blocked_ = false;
};

class View final : public pipes::testing::FakeView {
 public:
  const EndpointMap* endpoints() override { return &map; }
  EndpointMap map;
};

class RpcListenerTest : public ::testing::Test {
 protected:
  RpcListenerTest() {
    view_.map.set({{kSome, 4451, "Some"}, {epm::kInterface, 135, "Endpoint Mapper"}});
  }
  ~RpcListenerTest() override {
    for (auto& stream : streams_)
      if (stream->handler_ != nullptr) stream->end();
    EXPECT_EQ(listener_->connections(), 0u);
  }
  std::shared_ptr<FakeStream> accept() {
    auto stream = std::make_shared<FakeStream>();
    listener_->accept(loop_, stream);
    streams_.push_back(stream);
    return stream;
  }
  static ByteVec bind() {
    return rpc::encode_bind({}, {4280, 4280, 0, {{0, epm::kInterface, {rpc::kNdr32}}}});
  }
  static ByteVec request(std::uint16_t opnum, Bytes stub) {
    rpc::Header h;
    h.call_id = 2;
    return rpc::encode_request(h, {0, opnum, std::nullopt, stub});
  }
  static ByteVec map_stub(const rpc::SyntaxId& interface) {
    epm::Tower tower;
    tower.interface = interface;
    tower.transfer_syntax = rpc::kNdr32;
    Buffer out(256);
    epm::encode_map_request({std::nullopt, epm::encode_tower(tower), {}, 4}, out);
    return to_vec(out.view());
  }
  static void give(FakeStream& stream, Bytes octets) { stream.handler_->on_received(octets); }
  std::shared_ptr<FakeStream> bound() {
    auto stream = accept();
    give(*stream, bind());
    EXPECT_EQ(rpc::split_pdu(stream->next())->header.type, rpc::PduType::kBindAck);
    return stream;
  }
  epm::MapResponse map(FakeStream& stream, const rpc::SyntaxId& interface) {
    give(stream, request(epm::opnum::kMap, map_stub(interface)));
    const ByteVec fragment = stream.next();
    auto pdu = rpc::split_pdu(fragment);
    epm::MapResponse response;
    EXPECT_TRUE(pdu && pdu->header.type == rpc::PduType::kResponse &&
                epm::decode_map_response(rpc::decode_response(*pdu)->stub, response));
    return response;
  }

  TestLoop loop_;
  std::vector<std::shared_ptr<FakeStream>> streams_;
  View view_;
  pipes::AssociationGroups groups_{[](std::uint32_t) {}, 7};
  std::shared_ptr<RpcListener> listener_ = std::make_shared<RpcListener>(
      RpcListenerOptions{{&pipes::kEndpointMapper}, &view_, nullptr, &groups_});
};

TEST_F(RpcListenerTest, TheEndpointMapperTellsPorts) {
  auto stream = accept();
  const ByteVec octets = bind();
  for (std::uint8_t octet : octets) give(*stream, Bytes(&octet, 1));
  const ByteVec ack = stream->next();
  auto pdu = rpc::split_pdu(ack);
  ASSERT_TRUE(pdu);
  EXPECT_EQ(rpc::decode_bind_ack(*pdu)->secondary_address, "135");
  EXPECT_EQ(rpc::decode_bind_ack(*pdu)->association_group, 7u);
  epm::MapResponse found = map(*stream, kSome);
  EXPECT_EQ(found.status, epm::error::kOk);
  ASSERT_EQ(found.towers.size(), 1u);
  auto tower = epm::decode_tower(found.towers[0]);
  ASSERT_TRUE(tower);
  EXPECT_EQ(tower->port, 4451);
  EXPECT_EQ(tower->ipv4, (std::array<std::uint8_t, 4>{192, 0, 2, 1}));
  rpc::SyntaxId newer = kSome;
  newer.version_minor = 2;
  EXPECT_EQ(map(*stream, newer).status, epm::error::kNotRegistered);
  newer.version_minor = 0;
  EXPECT_EQ(map(*stream, newer).towers.size(), 1u);
}

TEST_F(RpcListenerTest, AListIsGivenInPieces) {
  auto stream = bound();
  epm::LookupRequest request_for{epm::Inquiry::kAll, {}, {}, epm::Versions::kAll, {}, 1};
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    Buffer out(128);
    epm::encode_lookup_request(request_for, out);
    give(*stream, request(epm::opnum::kLookup, out.view()));
    const ByteVec fragment = stream->next();
    epm::LookupResponse response;
    ASSERT_TRUE(epm::decode_lookup_response(rpc::decode_response(*rpc::split_pdu(fragment))->stub,
                                            response));
    EXPECT_EQ(response.status, i < 2 ? epm::error::kOk : epm::error::kNotRegistered);
    for (const epm::Entry& entry : response.entries) names.push_back(entry.annotation);
    request_for.handle = response.handle;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"Some", "Endpoint Mapper"}));
  EXPECT_EQ(request_for.handle, epm::Handle());
  // A handle of another group.
  request_for.handle[4] = 1;
  request_for.handle[8] = 99;
  Buffer out(128);
  epm::encode_lookup_request(request_for, out);
  give(*stream, request(epm::opnum::kLookup, out.view()));
  const ByteVec fragment = stream->next();
  EXPECT_EQ(rpc::decode_fault(*rpc::split_pdu(fragment))->status,
            rpc::fault_status::kContextMismatch);
}

TEST_F(RpcListenerTest, WhatIsNoRpcEndsTheConnection) {
  auto stream = accept();
  give(*stream, as_bytes("GET / HTTP/1.0\r\nHost: example.org\r\n\r\n"));
  EXPECT_TRUE(stream->closed_);
  give(*stream, bind());  // the loop had it already
  EXPECT_TRUE(stream->sent_.empty());
  stream->end();
  EXPECT_EQ(listener_->connections(), 0u);
}

TEST_F(RpcListenerTest, AStrangerHasAMinute) {
  auto stream = bound();
  loop_.pass(limits::kRpcUnauthenticatedTimeout_us - 10'000'000);
  EXPECT_FALSE(stream->closed_);
  map(*stream, kSome);
  loop_.pass(15'000'000);
  EXPECT_TRUE(stream->closed_);
}

TEST_F(RpcListenerTest, AnIncompleteCallHasLessTime) {
  auto stream = bound();
  const ByteVec octets = request(epm::opnum::kMap, map_stub(kSome));
  give(*stream, Bytes(octets).first(20));
  // Further octets give no further time.
  for (std::uint64_t t = 0; t < limits::kRpcPartialCallTimeout_us + 10'000'000; t += 5'000'000) {
    loop_.pass(5'000'000);
    if (!stream->closed_) give(*stream, Bytes(octets).subspan(20 + t / 5'000'000, 1));
  }
  EXPECT_TRUE(stream->closed_);
}

TEST_F(RpcListenerTest, ACallHasABound) {
  auto stream = bound();
  const ByteVec part(4'000);
  for (std::size_t sent = 0; sent <= limits::kMaxRpcTcpCall; sent += part.size()) {
    rpc::Header h;
    h.call_id = 2;
    h.flags = sent == 0 ? rpc::pfc::kFirstFragment : 0;
    give(*stream, rpc::encode_request(h, {0, epm::opnum::kMap, std::nullopt, part}));
  }
  const ByteVec fragment = stream->next();
  EXPECT_EQ(rpc::decode_fault(*rpc::split_pdu(fragment))->status, rpc::fault_status::kNoMemory);
}

TEST_F(RpcListenerTest, WhoDoesNotReadIsNotRead) {
  auto stream = bound();
  stream->blocked_ = true;
  const ByteVec octets = request(epm::opnum::kMap, map_stub(kSome));
  int calls = 0;
  for (; !stream->paused_ && calls < 10'000; ++calls) give(*stream, octets);
  EXPECT_LT(calls, 10'000);
  EXPECT_LE(stream->sent_.size(), limits::kMaxRpcSendQueue + 1'000);
  stream->handler_->on_send_progress();
  EXPECT_FALSE(stream->paused_);
}

TEST_F(RpcListenerTest, ConnectionsHaveABound) {
  std::vector<std::shared_ptr<FakeStream>> all;
  for (std::size_t i = 0; i < limits::kMaxRpcConnections; ++i) all.push_back(accept());
  EXPECT_TRUE(accept()->aborted_);
  all.back()->end();
  EXPECT_FALSE(accept()->aborted_);
}

}  // namespace
}  // namespace holdfast::service
