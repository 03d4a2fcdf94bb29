// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "base/assert.h"
#include "service/logon/ntlm_client.h"
#include "service/logon/ntlm_mechanism.h"
#include "service/logon/test_world.h"
#include "service/pipes/rpc_pipe.h"

namespace holdfast::service::pipes::testing {

/// What a server that asks for names has: the user "anna", whose password is "secret".
struct LogonWorld {
  LogonWorld() {
    UserRecord anna;
    anna.name = "anna";
    anna.rid = 1001;
    anna.nt_hash = nt_hash("secret");
    NtlmConfig config;
    config.policy.allow_anonymous = true;
    authenticator = make_ntlm_authenticator(
        config,
        std::make_shared<StaticUserDatabase>(Sid(5, {21, 1, 2, 3}), std::vector<UserRecord>{anna}),
        nullptr, clock, random);
  }
  service::testing::FixedClock clock;
  service::testing::CountingRandom random;
  std::unique_ptr<ports::Authenticator> authenticator;
};

/// The client's end of an association, with security: for tests and fuzzers.
class RpcClient {
 public:
  /// type, level: of wire::rpc::auth_type and auth_level.
  RpcClient(RpcPipe& pipe, LogonWorld& world, std::uint8_t type, std::uint8_t level,
            const std::string& password = "secret", const std::string& user = "anna")
      : pipe_(pipe),
        type_(type),
        level_(level),
        logon_(options(type, user, password), world.clock, world.random) {}

  /// Bind and log-on. The type of the PDU that the server has answered last; kShutdown: none.
  wire::rpc::PduType bind(const wire::rpc::SyntaxId& interface, std::uint32_t group = 0) {
    wire::rpc::Header h = header(1);
    h.flags |= wire::rpc::pfc::kSupportHeaderSign;
    wire::rpc::Bind bind{4280, 4280, group, {{0, interface, {wire::rpc::kNdr32}}}};
    ByteVec token = logon_.first_token();
    send_leg(wire::rpc::encode_bind(h, bind), token);
    std::optional<wire::rpc::Pdu> answer = next();
    if (!answer) return wire::rpc::PduType::kShutdown;
    if (auto ack = wire::rpc::decode_bind_ack(*answer)) group_ = ack->association_group;
    while (answer && answer->auth && !done_) {
      auto next_token = logon_.next_token(answer->auth->credentials);
      if (!next_token) break;
      if (type_ == wire::rpc::auth_type::kNtlm) {
        send_leg(wire::rpc::encode_auth3(header(1)), *next_token);
        done_ = true;
        break;
      }
      wire::rpc::Header alter = header(1);
      alter.type = wire::rpc::PduType::kAlterContext;
      send_leg(wire::rpc::encode_bind(alter, bind), *next_token);
      answer = next();
      if (!answer || !answer->auth) break;
      if (logon_.finish(answer->auth->credentials)) done_ = true;
    }
    return answer ? answer->header.type : wire::rpc::PduType::kShutdown;
  }
  std::uint32_t group() const { return group_; }

  /// A request fragment as this level has it.
  ByteVec request(std::uint32_t call_id, std::uint16_t opnum, Bytes stub,
                  std::uint8_t flags = wire::rpc::pfc::kWhole) {
    wire::rpc::Header h = header(call_id);
    h.flags = flags;
    ByteVec octets = wire::rpc::encode_request(h, {0, opnum, std::nullopt, stub});
    if (level_ < wire::rpc::auth_level::kPacket || logon_.security() == nullptr) return octets;
    const ByteVec room(16);
    wire::rpc::append_auth(octets, {type_, level_, 0, kContext, room});
    const auto parts = wire::rpc::protected_parts(*wire::rpc::split_pdu(octets));
    const MutBytes all = MutBytes(octets).first(parts->credentials_begin);
    const MutBytes secret = all.subspan(parts->stub_begin, parts->stub_end - parts->stub_begin);
    const ByteVec signature = level_ == wire::rpc::auth_level::kPrivacy
                                  ? logon_.security()->seal(all, secret)
                                  : logon_.security()->sign(all);
    std::ranges::copy(signature, octets.end() - 16);
    return octets;
  }
  Result<void> send(Bytes octets) { return pipe_.write(octets); }

  /// The next fragment: checked, decrypted. nullopt: there is none, or its signature is wrong
  /// (then bad_signature).
  std::optional<wire::rpc::Pdu> next() {
    auto chunk = pipe_.read(65'536);
    if (!chunk) return std::nullopt;
    last_ = std::move(chunk->data);
    auto pdu = wire::rpc::split_pdu(last_);
    HF_ASSERT(pdu.has_value());
    if (pdu->header.type != wire::rpc::PduType::kResponse || !pdu->auth) return pdu;
    const auto parts = wire::rpc::protected_parts(*pdu);
    const MutBytes all = MutBytes(last_).first(parts->credentials_begin);
    const MutBytes secret = all.subspan(parts->stub_begin, parts->stub_end - parts->stub_begin);
    const bool right = level_ == wire::rpc::auth_level::kPrivacy
                           ? logon_.security()->unseal(all, secret, pdu->auth->credentials)
                           : logon_.security()->verify(all, pdu->auth->credentials);
    if (!right) bad_signature = true;
    return right ? pdu : std::nullopt;
  }
  /// A whole call: the answer's stub, or the fault's status.
  std::expected<ByteVec, std::uint32_t> call(std::uint16_t opnum, Bytes stub) {
    (void)send(request(++call_id_, opnum, stub));
    return answer();
  }
  std::expected<ByteVec, std::uint32_t> answer() {
    ByteVec whole;
    for (;;) {
      auto pdu = next();
      if (!pdu) return std::unexpected(1u);
      if (auto fault = wire::rpc::decode_fault(*pdu);
          fault && pdu->header.type == wire::rpc::PduType::kFault)
        return std::unexpected(fault->status);
      const auto response = wire::rpc::decode_response(*pdu);
      whole.insert(whole.end(), response->stub.begin(), response->stub.end());
      if (pdu->header.has(wire::rpc::pfc::kLastFragment)) return whole;
    }
  }

  bool bad_signature = false;

 private:
  static constexpr std::uint32_t kContext = 79'231;
  static NtlmClientOptions options(std::uint8_t type, const std::string& user,
                                   const std::string& password) {
    NtlmClientOptions o;
    o.user = user;
    o.password = password;
    o.spnego = type == wire::rpc::auth_type::kSpnego;
    return o;
  }
  static wire::rpc::Header header(std::uint32_t call_id) {
    wire::rpc::Header h;
    h.call_id = call_id;
    return h;
  }
  void send_leg(ByteVec octets, Bytes token) {
    wire::rpc::append_auth(octets, {type_, level_, 0, kContext, token});
    (void)pipe_.write(octets);
  }

  RpcPipe& pipe_;
  const std::uint8_t type_;
  const std::uint8_t level_;
  LogonClient logon_;
  bool done_ = false;
  ByteVec last_;
  std::uint32_t call_id_ = 1;
  std::uint32_t group_ = 0;
};

}  // namespace holdfast::service::pipes::testing
