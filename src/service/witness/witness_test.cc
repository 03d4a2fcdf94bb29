// SPDX-License-Identifier: Apache-2.0
#include "service/witness/witness.h"

#include <gtest/gtest.h>

#include <deque>

#include "service/pipes/association_groups.h"
#include "service/pipes/testing/fake_view.h"
#include "service/pipes/testing/rpc_client.h"

namespace holdfast::service {
namespace {

namespace rpc = wire::rpc;
namespace wit = wire::rpc::witness;
using pipes::testing::RpcClient;

class SteppedClock final : public ports::Clock {
 public:
  NtTime now() override { return {}; }
  std::uint64_t monotonic_us() override { return us; }
  std::uint64_t us = 1'000'000;
};

/// Runs what is posted, and the one timer, when the test says so.
class SteppedLoop final : public ports::Executor {
 public:
  void post(UniqueFunction fn) override { posted.push_back(std::move(fn)); }
  ports::TimerId start_timer(std::uint64_t, UniqueFunction fn) override {
    timer = std::move(fn);
    return 1;
  }
  bool cancel_timer(ports::TimerId) override { return true; }
  void run_blocking(UniqueFunction work, UniqueFunction done) override { work(), done(); }
  ports::Clock& clock() override { return clock_; }
  unsigned index() const override { return 0; }
  void run() {
    while (!posted.empty()) {
      UniqueFunction fn = std::move(posted.front());
      posted.pop_front();
      fn();
    }
  }
  void tick() {
    std::exchange(timer, nullptr)();
    run();
  }
  SteppedClock clock_;
  std::deque<UniqueFunction> posted;
  UniqueFunction timer;
};

/// No key comes twice.
class Distinct final : public ports::Random {
 public:
  void fill(MutBytes out) override {
    ++count_;
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<std::uint8_t>(i < 4 ? count_ >> (8 * i) : i);
  }

 private:
  std::uint32_t count_ = 0;
};

class Silent final : public EventSink {
 public:
  void emit(const Event& event) override { names.emplace_back(event.name); }
  std::vector<std::string> names;
};

class View final : public pipes::testing::FakeView {
 public:
  Witness* witness() override { return service.get(); }
  std::shared_ptr<Witness> service;
};

ports::NetworkAddress at(std::uint8_t last) {
  ports::NetworkAddress a;
  a.address = ports::Endpoint::v4(192, 0, 2, last, 0);
  a.interface_index = 1;
  return a;
}

class WitnessTest : public ::testing::Test {
 protected:
  WitnessTest() {
    view_.service = std::make_shared<Witness>(
        WitnessEnvironment{random_, loop_.clock_, events_,
                           [] { return core::WitnessServer{{"HOLDFAST"}, {"data"}, {}}; },
                           [](const auto& machine, const ports::Endpoint&) { return machine; },
                           [this] { return machine_; }});
    view_.service->start(loop_);
    loop_.run();
  }
  ~WitnessTest() override { view_.service->stop(); }
  std::shared_ptr<pipes::RpcPipe> connect() {
    pipes::RpcPipeOptions options;
    options.interfaces = {&pipes::kWitness};
    options.authenticator = world_.authenticator.get();
    options.client.identity.is_anonymous = true;
    options.groups = &groups_;
    options.on_late_answer = [this] { ++late_; };
    return std::make_shared<pipes::RpcPipe>(std::move(options), view_);
  }
  Witness& witness() { return *view_.service; }

  static ByteVec registration(const std::string& client, std::uint32_t keep_alive_s = 60) {
    wit::RegisterRequest q;
    q.net_name = "holdfast.example.org";
    q.share_name = "data";
    q.ip_address = "192.0.2.1";
    q.client_computer_name = client;
    q.flags = wit::kRegisterIpNotification;
    q.keep_alive_timeout_s = keep_alive_s;
    Buffer out(256);
    wit::encode_register(q, true, out);
    return to_vec(out.view());
  }
  wit::ContextHandle add(RpcClient& client, const std::string& name,
                         std::uint32_t keep_alive = 60) {
    auto answer = client.call(wit::opnum::kRegisterEx, registration(name, keep_alive));
    wit::HandleResponse response;
    EXPECT_TRUE(answer && wit::decode_handle_response(*answer, response));
    EXPECT_EQ(response.status, wit::error::kSuccess);
    return response.handle;
  }
  static ByteVec stub_of(const wit::ContextHandle& handle) { return to_vec(handle); }
  /// The late answer to an AsyncNotify.
  wit::NotifyResponse told(RpcClient& client) {
    loop_.run();
    auto answer = client.answer();
    wit::NotifyResponse response;
    EXPECT_TRUE(answer) << "nothing, or a fault";
    if (answer) EXPECT_TRUE(wit::decode_notify_response(*answer, response));
    return response;
  }
  /// Sends an AsyncNotify; it waits.
  void ask(RpcClient& client, const wit::ContextHandle& handle, std::uint32_t call_id = 50) {
    ASSERT_TRUE(client.send(client.request(call_id, wit::opnum::kAsyncNotify, stub_of(handle))));
    loop_.run();
  }

  pipes::testing::LogonWorld world_;
  Distinct random_;
  SteppedLoop loop_;
  Silent events_;
  std::vector<ports::NetworkAddress> machine_{at(1)};
  View view_;
  pipes::AssociationGroups groups_{
      [this](std::uint32_t group) { view_.service->group_ended(group); }, 1};
  int late_ = 0;
};

TEST_F(WitnessTest, NewsAnswersTheRequestThatWaits) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kSpnego, rpc::auth_level::kPrivacy);
  client.bind(wit::kInterface);
  auto handle = add(client, "CLIENT1");
  ask(client, handle);
  EXPECT_EQ(pipe->available(), 0u);
  EXPECT_EQ(pipe->progress().waiting_calls, 1u);
  EXPECT_TRUE(witness().list().at(0).waits);
  EXPECT_EQ(witness().move("client1", std::nullopt, {ports::Endpoint::v4(192, 0, 2, 9, 445)}), 1u);
  EXPECT_EQ(late_, 0) << "answered on the loop, not by whoever makes the news";
  auto response = told(client);
  EXPECT_EQ(late_, 1);
  ASSERT_TRUE(response.notification);
  EXPECT_EQ(response.notification->type, wit::NotificationType::kClientMove);
  ASSERT_EQ(response.notification->address_lists.at(0).size(), 1u);
  EXPECT_EQ(response.notification->address_lists[0][0].ipv4,
            (std::array<std::uint8_t, 4>{192, 0, 2, 9}));
  EXPECT_EQ(witness().untold(), 0u);
}

TEST_F(WitnessTest, AClientIsToldBeforeTheServerGoes) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  client.bind(wit::kInterface);
  auto handle = add(client, "CLIENT1");
  ask(client, handle);
  EXPECT_EQ(witness().announce_unavailable({ports::Endpoint::v4(192, 0, 2, 9, 445)}), 1u);
  EXPECT_EQ(told(client).notification->type, wit::NotificationType::kClientMove);
  EXPECT_EQ(witness().untold(), 1u);
  ask(client, handle, 51);
  auto second = told(client);
  EXPECT_EQ(second.notification->changes,
            (std::vector<wit::ResourceChange>{{wit::State::kUnavailable, "holdfast.example.org"}}));
  EXPECT_EQ(witness().untold(), 0u);
  ask(client, handle, 52);
  EXPECT_EQ(witness().announce_available(), 1u);
  EXPECT_EQ(told(client).notification->changes.at(0).state, wit::State::kAvailable);
}

TEST_F(WitnessTest, NewsThatNobodyWaitsForComesWithTheNextRequest) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  client.bind(wit::kInterface);
  auto handle = add(client, "CLIENT1");
  EXPECT_EQ(witness().move(std::nullopt, "DATA", {ports::Endpoint::v4(192, 0, 2, 9, 445)}), 1u);
  ask(client, handle);
  EXPECT_EQ(told(client).notification->type, wit::NotificationType::kShareMove);
}

TEST_F(WitnessTest, OneRequestWaitsForARegistration) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  client.bind(wit::kInterface);
  auto handle = add(client, "CLIENT1");
  ask(client, handle, 50);
  ask(client, handle, 51);
  EXPECT_EQ(told(client).status, wit::error::kInvalidState);
  EXPECT_EQ(pipe->progress().waiting_calls, 1u);
  // The registration's end is the request's.
  auto ended = client.call(wit::opnum::kUnRegister, stub_of(handle));
  std::uint32_t status = 1;
  ASSERT_TRUE(ended && wit::decode_status(*ended, status));
  EXPECT_EQ(status, wit::error::kSuccess);
  EXPECT_EQ(told(client).status, wit::error::kNotFound);
}

TEST_F(WitnessTest, AnAssociationHasAFewWaitingCalls) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  client.bind(wit::kInterface);
  for (std::uint32_t i = 0; i < limits::kMaxRpcWaitingCalls; ++i)
    ask(client, add(client, "CLIENT" + std::to_string(i)), 100 + i);
  EXPECT_EQ(pipe->progress().waiting_calls, limits::kMaxRpcWaitingCalls);
  ask(client, add(client, "ONEMORE"), 200);
  EXPECT_EQ(told(client).status, wit::error::kNoSystemResources);
}

TEST_F(WitnessTest, KeepAliveTimesEndRequests) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  client.bind(wit::kInterface);
  ask(client, add(client, "CLIENT1", 30));
  loop_.clock_.us += 29'000'000;
  loop_.tick();
  EXPECT_EQ(pipe->available(), 0u);
  loop_.clock_.us += 1'000'000;
  loop_.tick();
  EXPECT_EQ(told(client).status, wit::error::kTimeout);
  EXPECT_EQ(witness().list().size(), 1u);
}

TEST_F(WitnessTest, AddressesThatComeAreTold) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  client.bind(wit::kInterface);
  ask(client, add(client, "CLIENT1"));
  for (int i = 0; i < 10; ++i) loop_.tick();
  EXPECT_EQ(pipe->available(), 0u);
  machine_.push_back(at(2));
  for (int i = 0; i < 5; ++i) loop_.tick();
  auto response = told(client);
  EXPECT_EQ(response.notification->type, wit::NotificationType::kIpChange);
  EXPECT_EQ(response.notification->address_lists.at(0).size(), 2u);
}

TEST_F(WitnessTest, ACancelledRequestIsForgottenAndAnswered) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  client.bind(wit::kInterface);
  auto handle = add(client, "CLIENT1");
  ask(client, handle, 50);
  rpc::Header cancel;
  cancel.call_id = 50;
  cancel.type = rpc::PduType::kCancel;
  ASSERT_TRUE(client.send(rpc::encode_cancel(cancel)));
  EXPECT_EQ(client.answer().error(), rpc::fault_status::kCancelled);
  EXPECT_FALSE(witness().list().at(0).waits);
  ask(client, handle, 51);
  cancel.call_id = 51;
  cancel.type = rpc::PduType::kOrphaned;
  ASSERT_TRUE(client.send(rpc::encode_cancel(cancel)));
  EXPECT_EQ(pipe->available(), 0u);
  // Told all the same, by the next request.
  witness().move("CLIENT1", std::nullopt, {ports::Endpoint::v4(192, 0, 2, 9, 445)});
  ask(client, handle, 52);
  EXPECT_EQ(told(client).notification->type, wit::NotificationType::kClientMove);
}

TEST_F(WitnessTest, RegistrationsEndWithTheLastConnectionOfTheirGroup) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  client.bind(wit::kInterface);
  auto handle = add(client, "CLIENT1");
  auto second = connect();
  RpcClient other(*second, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  other.bind(wit::kInterface, client.group());
  ask(other, handle);
  pipe->close();
  EXPECT_EQ(witness().list().size(), 1u);
  second->close();
  EXPECT_EQ(witness().list().size(), 0u);
  // A group that has gone is no group.
  auto third = connect();
  RpcClient late(*third, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  EXPECT_EQ(late.bind(wit::kInterface, client.group()), rpc::PduType::kBindNak);
}

TEST_F(WitnessTest, ANewsThatComesWhenTheClientIsGoneGoesNowhere) {
  auto pipe = connect();
  {
    RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
    client.bind(wit::kInterface);
    ask(client, add(client, "CLIENT1"));
    witness().move(std::nullopt, std::nullopt, {ports::Endpoint::v4(192, 0, 2, 9, 445)});
  }
  pipe.reset();  // while the answer is on its way
  loop_.run();
  EXPECT_EQ(late_, 0);
  EXPECT_EQ(witness().list().size(), 0u);
}

TEST_F(WitnessTest, InterfacesAreToldAndNothingBelowIntegrity) {
  auto pipe = connect();
  RpcClient client(*pipe, world_, rpc::auth_type::kNtlm, rpc::auth_level::kIntegrity);
  client.bind(wit::kInterface);
  auto answer = client.call(wit::opnum::kGetInterfaceList, {});
  wit::InterfaceListResponse list;
  ASSERT_TRUE(answer && wit::decode_interface_list(*answer, list));
  ASSERT_EQ(list.interfaces.size(), 1u);
  EXPECT_EQ(list.interfaces[0].group_name, "HOLDFAST");
  EXPECT_EQ(list.interfaces[0].flags, wit::interface_flag::kIpv4 | wit::interface_flag::kWitness);
  for (std::uint8_t level : {rpc::auth_level::kConnect, rpc::auth_level::kPacket}) {
    auto weak = connect();
    RpcClient lower(*weak, world_, rpc::auth_type::kNtlm, level);
    lower.bind(wit::kInterface);
    EXPECT_EQ(lower.call(wit::opnum::kGetInterfaceList, {}).error(),
              rpc::fault_status::kAccessDenied);
  }
}

}  // namespace
}  // namespace holdfast::service
