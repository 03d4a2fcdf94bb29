// SPDX-License-Identifier: Apache-2.0
#include "service/logon/spnego_authenticator.h"

#include <utility>

#include "base/limits.h"
#include "wire/auth/spnego.h"

namespace holdfast::service {
namespace {

using ports::AuthStep;
using wire::auth::NegState;
using wire::auth::NegTokenInit;
using wire::auth::NegTokenResp;
using Mechanisms = std::vector<std::shared_ptr<Mechanism>>;

AuthStep refuse(NtStatus status, std::string reason) {
  AuthStep step;
  step.status = status;
  step.reason = std::move(reason);
  return step;
}

/// The server's side of one SPNEGO negotiation, or of a bare mechanism.
class Exchange final : public ports::AuthExchange {
 public:
  explicit Exchange(Mechanisms mechanisms) : mechanisms_(std::move(mechanisms)) {}

  Task<AuthStep> step(ports::Executor& loop, Bytes token) override {
    if (state_ == State::kEnded)
      co_return refuse(NtStatus::kInvalidParameter, "a token after the log-on had ended");
    AuthStep result;
    if (token.size() > limits::kMaxSecurityToken) {
      result = refuse(NtStatus::kInvalidParameter, "security token too long");
    } else if (state_ == State::kBare) {
      result = co_await context_->step(loop, token);
    } else if (state_ == State::kFirst) {
      result = co_await first(loop, token);
    } else {
      result = co_await further(loop, token);
    }
    if (result.status != NtStatus::kMoreProcessingRequired) state_ = State::kEnded;
    if (is_error(result.status) && state_ == State::kEnded) result.token.clear();
    co_return result;
  }

 private:
  enum class State { kFirst, kBare, kMechanism, kWaitForMic, kEnded };

  /// The first token: bare, or a NegTokenInit of which a mechanism is chosen (RFC 4178 4.2.1).
  Task<AuthStep> first(ports::Executor& loop, Bytes token) {
    for (const auto& mechanism : mechanisms_) {
      if (!mechanism->claims(token)) continue;
      context_ = mechanism->begin();
      state_ = State::kBare;
      co_return co_await context_->step(loop, token);
    }
    const auto decoded = wire::auth::decode_spnego(token);
    const auto* init = decoded ? std::get_if<NegTokenInit>(&*decoded) : nullptr;
    if (init == nullptr)
      co_return refuse(NtStatus::kInvalidParameter, "malformed first SPNEGO token");
    if (!choose(*init))
      co_return refuse(NtStatus::kNotSupported, "the client offers no mechanism of this server");
    mech_type_list_ = to_vec(init->mech_type_list);
    state_ = State::kMechanism;
    if (!preferred_ || !init->mech_token) {
      // An optimistic token of another mechanism is dropped (RFC 4178 4.2.2).
      NegTokenResp resp;
      resp.state = preferred_ ? NegState::kAcceptIncomplete : NegState::kRequestMic;
      co_return reply(std::move(resp));
    }
    co_return co_await advance(loop, *init->mech_token, init->mech_list_mic);
  }

  /// Takes the first of the client's mechanisms that this server has.
  bool choose(const NegTokenInit& init) {
    for (std::size_t i = 0; i < init.mech_types.size(); ++i) {
      for (const auto& mechanism : mechanisms_) {
        for (Bytes oid : mechanism->oids()) {
          if (!equal(oid, init.mech_types[i])) continue;
          chosen_oid_ = to_vec(oid);
          preferred_ = i == 0;
          context_ = mechanism->begin();
          return true;
        }
      }
    }
    return false;
  }

  Task<AuthStep> further(ports::Executor& loop, Bytes token) {
    const auto decoded = wire::auth::decode_spnego(token);
    const auto* resp = decoded ? std::get_if<NegTokenResp>(&*decoded) : nullptr;
    if (resp == nullptr) co_return refuse(NtStatus::kInvalidParameter, "malformed SPNEGO token");
    if (resp->state == NegState::kReject)
      co_return refuse(NtStatus::kLogonFailure, "the client gave up");
    if (state_ == State::kWaitForMic) {
      if (!resp->mech_list_mic || !context_->verify_mic(mech_type_list_, *resp->mech_list_mic))
        co_return refuse(NtStatus::kInvalidParameter, "wrong or missing mechListMIC");
      co_return accept(std::move(finished_), std::nullopt);
    }
    if (!resp->response_token)
      co_return refuse(NtStatus::kInvalidParameter, "SPNEGO token without a mechanism's token");
    co_return co_await advance(loop, *resp->response_token, resp->mech_list_mic);
  }

  /// Gives the mechanism its token and wraps what it says.
  Task<AuthStep> advance(ports::Executor& loop, Bytes token, std::optional<Bytes> client_mic) {
    AuthStep result = co_await context_->step(loop, token);
    if (result.status == NtStatus::kMoreProcessingRequired) {
      NegTokenResp resp;
      resp.state = NegState::kAcceptIncomplete;
      resp.response_token = result.token;
      co_return reply(std::move(resp));
    }
    if (result.status != NtStatus::kSuccess || !context_->can_mic()) {
      // Without a key there is nothing that a MIC could be made with or checked by.
      if (result.status == NtStatus::kSuccess) co_return accept(std::move(result), std::nullopt);
      co_return result;
    }
    if (client_mic) {
      if (!context_->verify_mic(mech_type_list_, *client_mic))
        co_return refuse(NtStatus::kInvalidParameter, "wrong mechListMIC");
      co_return accept(std::move(result), context_->make_mic(mech_type_list_));
    }
    // The list decided nothing when its first entry was taken; else both must prove it (RFC 4178
    // 5).
    if (preferred_) co_return accept(std::move(result), std::nullopt);
    finished_ = std::move(result);
    state_ = State::kWaitForMic;
    const ByteVec mic = context_->make_mic(mech_type_list_);
    NegTokenResp resp;
    resp.state = NegState::kAcceptIncomplete;
    if (!finished_.token.empty()) resp.response_token = finished_.token;
    resp.mech_list_mic = mic;
    AuthStep step = reply(std::move(resp));
    finished_.token.clear();
    co_return step;
  }

  /// A leg that is not the last. The first reply, and no other, names the mechanism.
  AuthStep reply(NegTokenResp resp) {
    if (!std::exchange(named_, true)) resp.supported_mech = chosen_oid_;
    AuthStep step;
    step.status = NtStatus::kMoreProcessingRequired;
    step.token = wire::auth::encode_spnego_resp(resp);
    return step;
  }

  AuthStep accept(AuthStep step, const std::optional<ByteVec>& mic) {
    NegTokenResp resp;
    resp.state = NegState::kAcceptCompleted;
    if (!std::exchange(named_, true)) resp.supported_mech = chosen_oid_;
    if (!step.token.empty()) resp.response_token = step.token;
    if (mic) resp.mech_list_mic = *mic;
    step.token = wire::auth::encode_spnego_resp(resp);
    return step;
  }

  Mechanisms mechanisms_;
  State state_ = State::kFirst;
  std::unique_ptr<MechanismContext> context_;
  /// What the mechListMIC covers: the client's list as it was received.
  ByteVec mech_type_list_;
  ByteVec chosen_oid_;
  /// The chosen mechanism is the first of the client's list.
  bool preferred_ = false;
  bool named_ = false;
  AuthStep finished_;
};

}  // namespace

SpnegoAuthenticator::SpnegoAuthenticator(std::vector<std::shared_ptr<Mechanism>> mechanisms)
    : mechanisms_(std::move(mechanisms)) {
  std::vector<Bytes> offered;
  for (const auto& mechanism : mechanisms_) offered.push_back(mechanism->oids().front());
  negotiate_token_ = wire::auth::encode_spnego_hint(offered);
}

ByteVec SpnegoAuthenticator::negotiate_token() { return negotiate_token_; }

std::unique_ptr<ports::AuthExchange> SpnegoAuthenticator::begin() {
  return std::make_unique<Exchange>(mechanisms_);
}

}  // namespace holdfast::service
