// SPDX-License-Identifier: Apache-2.0
#include "service/pipes/rpc_security.h"

#include <optional>

#include "base/assert.h"

namespace holdfast::service::pipes {

namespace rpc = wire::rpc;
namespace level = wire::rpc::auth_level;
using Outcome = RpcSecurity::Leg::Outcome;

namespace {

/// For mechanisms that do not wait: what they would run elsewhere is run at once.
class AtOnce final : public ports::Executor {
 public:
  void post(UniqueFunction fn) override { fn(); }
  ports::TimerId start_timer(std::uint64_t, UniqueFunction) override { return 1; }
  bool cancel_timer(ports::TimerId) override { return true; }
  void run_blocking(UniqueFunction work, UniqueFunction done) override { work(), done(); }
  ports::Clock& clock() override { return clock_; }
  unsigned index() const override { return 0; }

 private:
  class Stopped final : public ports::Clock {
    NtTime now() override { return {}; }
    std::uint64_t monotonic_us() override { return 0; }
  } clock_;
};

Task<void> run(ports::AuthExchange& exchange, ports::Executor& loop, Bytes token,
               std::optional<ports::AuthStep>& out) {
  out = co_await exchange.step(loop, token);
}

MutBytes stub_of(MutBytes fragment, const rpc::ProtectedParts& parts) {
  return fragment.subspan(parts.stub_begin, parts.stub_end - parts.stub_begin);
}

}  // namespace

/// MS-RPCE 3.3.1.5.2.2.
MutBytes RpcSecurity::signed_part(MutBytes fragment, const rpc::ProtectedParts& parts) const {
  return signs_headers_ || messages_->always_covers_headers()
             ? fragment.first(parts.credentials_begin)
             : stub_of(fragment, parts);
}

RpcSecurity::Leg RpcSecurity::take(const rpc::AuthTrailer& trailer) {
  if (!begun()) {
    const bool known =
        trailer.type == rpc::auth_type::kSpnego || trailer.type == rpc::auth_type::kNtlm;
    if (authenticator_ == nullptr || !known || trailer.level < level::kConnect ||
        trailer.level > level::kPrivacy)
      return {Outcome::kUnsupported, {}, {}};
    type_ = trailer.type;
    level_ = trailer.level;
    context_id_ = trailer.context_id;
    exchange_ = authenticator_->begin();
  }
  Leg leg;
  std::optional<ports::AuthStep> step;
  const bool same =
      trailer.type == type_ && trailer.level == level_ && trailer.context_id == context_id_;
  if (exchange_ == nullptr || !same) {
    leg.reason = "a security context that is not the association's";
  } else {
    AtOnce loop;
    spawn(run(*exchange_, loop, trailer.credentials, step));
    HF_ASSERT(step.has_value());
    leg.token = std::move(step->token);
    leg.reason = std::move(step->reason);
    if (step->status == NtStatus::kMoreProcessingRequired) return leg;
    exchange_.reset();
  }
  const bool fine = step && step->status == NtStatus::kSuccess;
  // Without a key nothing can be signed: guests and anonymous users get no further than kConnect.
  if (fine && (step->security != nullptr || level_ == level::kConnect)) {
    established_ = true;
    messages_ = std::move(step->security);
    identity_ = std::move(step->identity);
    return leg;
  }
  if (fine) leg.reason = "guests and anonymous users cannot sign, and the client wants to";
  if (step && leg.reason.empty()) leg.reason = to_string(step->status);
  leg.outcome = Outcome::kRefused;
  leg.token.clear();
  refused_ = !established_;
  return leg;
}

rpc::AuthTrailer RpcSecurity::trailer(Bytes token) const {
  return {type_, level_, 0, context_id_, token};
}

std::uint32_t RpcSecurity::open(MutBytes fragment, const rpc::Pdu& pdu) {
  const bool bare = !pdu.auth || pdu.auth->type == rpc::auth_type::kNone;
  if (refused_) return rpc::fault_status::kAccessDenied;
  if (!established_) return bare && exchange_ == nullptr ? 0 : rpc::fault_status::kProtocolError;
  if (!protects()) return 0;  // clients differ in whether they send a trailer at all
  if (bare || pdu.auth->type != type_ || pdu.auth->level != level_ ||
      pdu.auth->context_id != context_id_)
    return rpc::fault_status::kAccessDenied;
  const auto parts = rpc::protected_parts(pdu);
  if (!parts) return rpc::fault_status::kProtocolError;
  const MutBytes all = signed_part(fragment, *parts);
  const Bytes signature = pdu.auth->credentials;
  const bool right = encrypts() ? messages_->unseal(all, stub_of(fragment, *parts), signature)
                                : messages_->verify(all, signature);
  return right ? 0 : rpc::fault_status::kSecurityPackageError;
}

std::size_t RpcSecurity::overhead() const {
  return protects() ? rpc::kAuthTrailerSize + messages_->signature_size() : 0;
}

void RpcSecurity::close(ByteVec& fragment) {
  if (!protects()) return;
  const ByteVec room(messages_->signature_size());
  rpc::append_auth(fragment, trailer(room));
  const auto pdu = rpc::split_pdu(fragment);
  HF_ASSERT(pdu.has_value());
  const auto parts = rpc::protected_parts(*pdu);
  HF_ASSERT(parts.has_value());
  const MutBytes whole(fragment);
  const MutBytes all = signed_part(whole, *parts);
  const ByteVec signature =
      encrypts() ? messages_->seal(all, stub_of(whole, *parts)) : messages_->sign(all);
  HF_ASSERT(signature.size() == room.size());
  std::copy(signature.begin(), signature.end(),
            fragment.begin() + static_cast<std::ptrdiff_t>(parts->credentials_begin));
}

}  // namespace holdfast::service::pipes
