// SPDX-License-Identifier: Apache-2.0
#include "service/logon/ntlm_client.h"

#include <algorithm>

namespace holdfast::service {
namespace {

using wire::auth::AvId;
using wire::auth::NegTokenInit;
using wire::auth::NegTokenResp;
namespace flag = wire::auth::ntlm_flag;

}  // namespace

ByteVec NtlmClient::negotiate() {
  wire::auth::NtlmNegotiate message;
  message.flags = options_.flags;
  negotiate_ = wire::auth::encode_ntlm_negotiate(message);
  return negotiate_;
}

Result<ByteVec> NtlmClient::authenticate_anonymous() {
  const std::array<std::uint8_t, 1> lm{0};
  wire::auth::NtlmAuthenticate message;
  flags_ = (flags_ & ~flag::kKeyExchange) | flag::kAnonymous;
  message.flags = flags_;
  message.lm_response = lm;
  return wire::auth::encode_ntlm_authenticate(message);
}

Result<ByteVec> NtlmClient::authenticate(Bytes challenge, NtTime now,
                                         const std::array<std::uint8_t, 8>& client_challenge,
                                         const Digest16& random_session_key) {
  const auto decoded = wire::auth::decode_ntlm_challenge(challenge);
  if (!decoded) return fail(NtStatus::kInvalidParameter);
  auto pairs = wire::auth::decode_av_pairs(decoded->target_info);
  if (!pairs) return fail(NtStatus::kInvalidParameter);
  flags_ = decoded->flags & (options_.flags | flag::kTargetInfo | flag::kOem);
  if (is_anonymous()) return authenticate_anonymous();

  // MS-NLMP 3.1.5.1.2: the server's time if it told, and then a MIC.
  const auto server_time = wire::auth::find_av_pair(*pairs, AvId::kTimestamp);
  const bool has_time = server_time && server_time->size() == 8;
  const NtTime time = has_time ? NtTime{load_u64(server_time->data())} : now;
  const bool with_mic = options_.send_mic && has_time;
  std::array<std::uint8_t, 4> av_flags;
  store_u32(av_flags.data(), wire::auth::kAvFlagMicPresent);
  if (with_mic) pairs->push_back({AvId::kFlags, av_flags});

  const Digest16 key = ntowf_v2(nt_hash(options_.password), options_.user, options_.domain);
  const ByteVec client_data = wire::auth::encode_ntlmv2_client_data(
      time, client_challenge, wire::auth::encode_av_pairs(*pairs));
  const Digest16 proof = ntlmv2_proof(key, decoded->server_challenge, client_data);
  ByteVec response = to_vec(proof);
  response.insert(response.end(), client_data.begin(), client_data.end());
  const ByteVec lm =
      has_time ? ByteVec(24) : lmv2_response(key, decoded->server_challenge, client_challenge);
  const Digest16 base_key = ntlmv2_session_base_key(key, proof);
  const bool exchange = flags_ & flag::kKeyExchange;
  session_key_ = exchange ? random_session_key : base_key;
  const Digest16 encrypted = rc4_once(base_key, random_session_key);

  wire::auth::NtlmAuthenticate message;
  message.flags = flags_;
  message.lm_response = lm;
  message.nt_response = response;
  message.domain = options_.domain;
  message.user = options_.user;
  message.workstation = options_.workstation;
  if (exchange) message.encrypted_session_key = encrypted;
  if (with_mic) message.mic.emplace();
  ByteVec token = wire::auth::encode_ntlm_authenticate(message);
  if (with_mic) {
    const Digest16 mic = ntlm_mic(session_key_, negotiate_, challenge, token);
    std::ranges::copy(mic, token.begin() + wire::auth::kNtlmMicOffset);
  }
  return token;
}

LogonClient::LogonClient(NtlmClientOptions options, ports::Clock& clock, ports::Random& random)
    : options_(options), ntlm_(std::move(options)), clock_(clock), random_(random) {}

ByteVec LogonClient::first_token() {
  const ByteVec negotiate = ntlm_.negotiate();
  if (!options_.spnego) return negotiate;
  NegTokenInit init;
  init.mech_types = options_.other_mechanisms_first;
  init.mech_token = init.mech_types.empty() ? Bytes(negotiate) : as_bytes("no token of NTLM");
  init.mech_types.emplace_back(wire::auth::oid::kNtlm);
  mech_type_list_ = wire::auth::encode_mech_type_list(init.mech_types);
  return wire::auth::encode_spnego_init(init);
}

Result<ByteVec> LogonClient::authenticate(Bytes challenge) {
  std::array<std::uint8_t, 8> client_challenge;
  Digest16 random_session_key;
  random_.fill(client_challenge);
  random_.fill(random_session_key);
  auto token = ntlm_.authenticate(challenge, clock_.now(), client_challenge, random_session_key);
  if (token && !ntlm_.is_anonymous())
    security_.emplace(NtlmSecurity::Side::kClient, ntlm_.flags(), ntlm_.session_key());
  return token;
}

Result<ByteVec> LogonClient::next_token(Bytes server_token) {
  if (!options_.spnego) return authenticate(server_token);
  const auto decoded = wire::auth::decode_spnego(server_token);
  const auto* resp = decoded ? std::get_if<NegTokenResp>(&*decoded) : nullptr;
  if (resp == nullptr) return fail(NtStatus::kInvalidParameter);
  NegTokenResp answer;
  ByteVec token, mic;
  if (resp->response_token && !security_) {
    auto made = authenticate(*resp->response_token);
    if (!made) return fail(made.error());
    token = std::move(*made);
    answer.response_token = token;
    if (options_.send_mech_list_mic && security_) {
      mic = security_->sign_mech_list(mech_type_list_);
      answer.mech_list_mic = mic;
      sent_mic_ = true;
    }
  } else if (resp->mech_list_mic && security_) {
    if (auto checked = check_mic(*resp->mech_list_mic); !checked) return fail(checked.error());
    mic = security_->sign_mech_list(mech_type_list_);
    answer.mech_list_mic = mic;
  } else {
    // The server has dropped the token of the other mechanism and wants NTLM's.
    token = ntlm_.negotiate();
    answer.response_token = token;
  }
  return wire::auth::encode_spnego_resp(answer);
}

Result<void> LogonClient::check_mic(Bytes mic) {
  if (!security_ || !security_->verify_mech_list(mech_type_list_, mic))
    return fail(NtStatus::kLogonFailure);
  return {};
}

Result<void> LogonClient::finish(Bytes server_token) {
  if (!options_.spnego || server_token.empty()) return {};
  const auto decoded = wire::auth::decode_spnego(server_token);
  const auto* resp = decoded ? std::get_if<NegTokenResp>(&*decoded) : nullptr;
  if (resp == nullptr || resp->state != wire::auth::NegState::kAcceptCompleted)
    return fail(NtStatus::kInvalidParameter);
  if (resp->mech_list_mic) return check_mic(*resp->mech_list_mic);
  // A guest's server has no key to make one with; whoever needs one asks session_key() of it.
  return {};
}

ByteVec LogonClient::session_key() const {
  return ntlm_.is_anonymous() ? ByteVec() : to_vec(ntlm_.session_key());
}

}  // namespace holdfast::service
