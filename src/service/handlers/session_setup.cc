// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/session_setup.h"

#include <utility>

#include "crypto/key_derivation.h"
#include "service/handlers/handlers.h"
#include "service/server/closing.h"
#include "service/server/driver.h"

namespace holdfast::service::handlers {
namespace {

namespace smb2 = wire::smb2;
using core::Channel, core::SessionPtr, core::SessionState;

void say_refused(Request& r, const std::string& user, const std::string& reason,
                 const std::string& remedy = "") {
  r.server.counters().logons_refused.fetch_add(1, std::memory_order_relaxed);
  r.server.event(Severity::kWarning, "session.refused",
                 "Refused log-on of " + (user.empty() ? std::string("a client") : "user " + user) +
                     " from " + r.driver.peer().to_string() + ": " + reason + "." +
                     (remedy.empty() ? "" : " " + remedy),
                 {{"peer", r.driver.peer().to_string()}, {"user", user}, {"reason", reason}});
}

Result<Channel*> new_session(Request& r) {
  const core::Negotiated& agreed = *r.connection.negotiated();
  if (r.connection.session_count() >= limits::kMaxSessionsPerConnection)
    return fail(NtStatus::kInsufficientResources);
  SessionPtr session = r.server.sessions().create(r.connection.id(), r.server.env().random.u64());
  if (session == nullptr) return fail(NtStatus::kInsufficientResources);
  session->dialect = agreed.dialect;
  session->client_guid = agreed.client_guid;
  session->signing = agreed.signing;
  session->cipher = agreed.cipher;
  session->client_address = r.driver.peer().address_string();
  session->channels.push_back(r.connection.id());
  Channel& channel = r.connection.add_channel(session);
  channel.preauth = r.connection.preauth();
  r.header.session_id = session->id;
  return &channel;
}

/// The connection is to become a further channel of a session (MS-SMB2 3.3.5.5 step 4).
Result<Channel*> bind_channel(Request& r) {
  Channel* channel = r.connection.channel(r.header.session_id);
  if (channel != nullptr && channel->established) return fail(NtStatus::kRequestNotAccepted);
  SessionPtr session = r.server.sessions().find(r.header.session_id);
  if (session == nullptr) return fail(NtStatus::kUserSessionDeleted);
  SessionState state = session->current_state();
  if (state == SessionState::kInProgress) return fail(NtStatus::kRequestNotAccepted);
  const core::Policy& policy = r.connection.policy();
  NtStatus agreement = core::check_binding(*r.connection.negotiated(), policy, *session);
  if (agreement != NtStatus::kSuccess) return fail(agreement);
  if (!r.meta.header.is_signed()) return fail(NtStatus::kInvalidParameter);
  // Of guests, too: they have no key.
  std::shared_ptr<const ports::Identity> who = session->who();
  if (who == nullptr || who->is_anonymous || who->is_guest) return fail(NtStatus::kNotSupported);
  if (!r.meta.signature_ok) return fail(NtStatus::kAccessDenied);
  if (state == SessionState::kExpired) return fail(NtStatus::kNetworkSessionExpired);
  if (channel != nullptr) return channel;
  {
    Lock lock(session->mutex);
    if (session->channels.size() >= core::kMaxChannelsPerSession)
      return fail(NtStatus::kInsufficientResources);
  }
  if (r.connection.session_count() >= limits::kMaxSessionsPerConnection)
    return fail(NtStatus::kInsufficientResources);
  Channel& added = r.connection.add_channel(session);
  added.is_bound = true;
  added.keys = session->keys;
  added.preauth = r.connection.preauth();
  return &added;
}

/// Finds or makes the session of this leg (MS-SMB2 3.3.5.5, 3.3.5.5.1, 3.3.5.5.2).
Result<Channel*> channel_of(Request& r, const smb2::SessionSetupRequest& request) {
  if (r.header.session_id == 0) return new_session(r);
  if ((request.flags & smb2::SessionSetupRequest::kFlagBinding) != 0) return bind_channel(r);
  Channel* channel = r.connection.channel(r.header.session_id);
  if (channel == nullptr || (channel->is_bound && !channel->established))
    return fail(NtStatus::kUserSessionDeleted);
  // MS-SMB2 3.3.5.2.4: a renewal is a request of the session like any other.
  if (channel->established && channel->session->signing_required && !r.meta.sealed &&
      !r.meta.signature_ok)
    return fail(NtStatus::kAccessDenied);
  return channel;
}

/// A log-on that failed leaves nothing, a binding that failed leaves the session as it was; after a
/// renewal that failed the session is gone on all its channels (MS-SMB2 3.3.5.5.3).
Task<void> forget(Request& r, core::SessionId id, bool is_binding) {
  if (!is_binding) {
    r.server.close_session(id);
    co_await end_session(r.server, r.loop, id);
  }
  r.driver.drop_session(id);
}

/// Derives and expands the keys (MS-SMB2 3.3.5.5.3).
void make_keys(Request& r, Channel& channel, Bytes session_key) {
  const core::Negotiated& agreed = *r.connection.negotiated();
  const crypto::Provider& crypto = r.connection.crypto();
  auto cipher =
      static_cast<crypto::Cipher>(agreed.can_encrypt() ? agreed.cipher : smb2::Cipher::kAes128Ccm);
  crypto::SessionKeys keys =
      crypto::derive_session_keys(crypto, agreed.dialect, session_key, cipher, channel.preauth);
  core::Session& session = *channel.session;
  session.full_session_key = to_vec(session_key);
  session.keys.signer =
      crypto.make_signer(static_cast<crypto::SigningAlgorithm>(agreed.signing), keys.signing);
  if (agreed.can_encrypt()) {
    session.keys.seal = crypto.make_aead(cipher, keys.encryption_key());
    session.keys.open = crypto.make_aead(cipher, keys.decryption_key());
  }
  session.keys.octets = std::make_shared<const core::KeyOctets>(
      to_vec(keys.signing), to_vec(keys.encryption_key()), to_vec(keys.decryption_key()));
  channel.keys = session.keys;
}

/// What the rules of the server say to this log-on; not kSuccess: refused, and the log says which
/// setting would admit it.
NtStatus check_policy(Request& r, const ports::AuthStep& step) {
  const core::Policy& policy = r.connection.policy();
  const ports::Identity& who = step.identity;
  if (who.is_guest && !policy.allow_guest) {
    say_refused(r, who.user, "guests are not allowed", "security.guest = true would admit it.");
    return NtStatus::kLogonFailure;
  }
  if (policy.encryption != core::Requirement::kRequired) return NtStatus::kSuccess;
  if (who.is_anonymous || who.is_guest) {
    say_refused(r, who.user, "guests cannot encrypt and encryption is required",
                "security.encryption = \"desired\" would admit it.");
    return NtStatus::kAccessDenied;
  }
  if (!r.connection.negotiated()->can_encrypt()) {
    say_refused(r, who.user, "the client cannot encrypt and encryption is required",
                "security.encryption = \"desired\" would admit it.");
    return NtStatus::kAccessDenied;
  }
  return NtStatus::kSuccess;
}

void say_established(Request& r, const core::Session& session, const ports::Identity& who) {
  r.driver.logged_on();
  r.server.event(Severity::kInfo, "session.established",
                 (who.is_anonymous ? std::string("Anonymous") : "User " + who.user) + " from " +
                     r.driver.peer().to_string() + " logged on" +
                     (who.is_guest ? " as guest" : "") + ".",
                 {{"user", who.user},
                  {"peer", r.driver.peer().to_string()},
                  {"encrypted", session.encrypt ? "yes" : "no"}});
}

/// The session becomes valid, or is renewed (MS-SMB2 3.3.5.5.3, steps after the authentication
/// succeeded). Not kSuccess: the session was ended meanwhile, from elsewhere.
NtStatus establish(Request& r, Channel& channel, const smb2::SessionSetupRequest& request,
                   ports::AuthStep& step) {
  core::Session& session = *channel.session;
  const core::Policy& policy = r.connection.policy();
  bool known = !step.identity.is_anonymous && !step.identity.is_guest;
  if (!channel.established && !step.session_key.empty() && !step.identity.is_guest) {
    make_keys(r, channel, step.session_key);
    session.signing_required =
        known && (policy.signing == core::Requirement::kRequired ||
                  (request.security_mode & smb2::SecurityMode::kSigningRequired) != 0);
    session.encrypt = known && session.keys.seal != nullptr &&
                      (policy.encryption == core::Requirement::kDesired ||
                       policy.encryption == core::Requirement::kRequired);
  }
  auto identity = std::make_shared<const ports::Identity>(std::move(step.identity));
  bool first = !channel.established;
  {
    Lock lock(session.mutex);
    if (session.ended) return NtStatus::kUserSessionDeleted;
    if (first) session.created = r.server.env().clock.now();
    session.identity = identity;
    session.expires = step.expires;
    session.state = SessionState::kValid;
  }
  channel.established = true;
  if (known) r.connection.lift_constraint();
  if (first) say_established(r, session, *identity);
  return NtStatus::kSuccess;
}

/// The connection becomes a channel with a signing key of its own; it seals with the session's keys
/// (MS-SMB2 3.3.5.5.3).
NtStatus establish_binding(Request& r, Channel& channel, const ports::AuthStep& step) {
  core::Session& session = *channel.session;
  const core::Negotiated& agreed = *r.connection.negotiated();
  std::shared_ptr<const ports::Identity> who = session.who();
  if (step.identity.is_guest || step.identity.is_anonymous || step.identity.sid != who->sid ||
      step.session_key.empty())
    return NtStatus::kAccessDenied;
  {
    Lock lock(session.mutex);
    if (session.ended) return NtStatus::kUserSessionDeleted;
    if (session.channels.size() >= core::kMaxChannelsPerSession)
      return NtStatus::kInsufficientResources;
    session.channels.push_back(r.connection.id());
  }
  const crypto::Provider& crypto = r.connection.crypto();
  std::array<std::uint8_t, crypto::kSigningKeySize> key =
      crypto::derive_signing_key(crypto, agreed.dialect, step.session_key, channel.preauth);
  channel.keys.signer =
      crypto.make_signer(static_cast<crypto::SigningAlgorithm>(agreed.signing), key);
  channel.keys.octets = std::make_shared<const core::KeyOctets>(to_vec(key), ByteVec{}, ByteVec{});
  channel.established = true;
  r.driver.logged_on();
  r.connection.lift_constraint();
  r.server.event(Severity::kInfo, "session.channel.added",
                 "User " + who->user + " added the connection from " + r.driver.peer().to_string() +
                     " to a session.",
                 {{"user", who->user}, {"peer", r.driver.peer().to_string()}});
  return NtStatus::kSuccess;
}

/// PreviousSessionId: the client has lost that session and takes its place (MS-SMB2 3.3.5.5.3).
Task<void> end_previous(Request& r, core::SessionId previous, const Channel& channel) {
  if (previous == 0 || previous == channel.session->id) co_return;
  SessionPtr old = r.server.sessions().find(previous);
  if (old == nullptr) co_return;
  auto old_who = old->who();
  auto who = channel.session->who();
  if (old_who == nullptr || who == nullptr || old_who->sid != who->sid) co_return;
  r.server.close_session(previous, true);
  co_await end_session(r.server, r.loop, previous);
}

Reply success(const Channel& channel, Bytes token) {
  smb2::SessionSetupResponse response;
  auto who = channel.session->who();
  if (who->is_guest) response.session_flags |= smb2::SessionSetupResponse::kFlagIsGuest;
  if (who->is_anonymous) response.session_flags |= smb2::SessionSetupResponse::kFlagIsNull;
  if (channel.session->encrypt && channel.session->dialect >= smb2::Dialect::kSmb300)
    response.session_flags |= smb2::SessionSetupResponse::kFlagEncryptData;
  response.security_buffer = token;
  Reply reply = body_reply(response);
  reply.must_sign = !who->is_anonymous && !who->is_guest;
  return reply;
}

/// The authentication has come to an end, one way or the other.
Task<Reply> conclude(Request& r, const smb2::SessionSetupRequest& request, core::SessionId id,
                     ports::AuthStep step) {
  Channel* channel = r.connection.channel(id);
  bool is_binding = channel->is_bound && !channel->established;
  channel->in_setup = false;
  if (step.status != NtStatus::kSuccess) {
    say_refused(r, step.identity.user, step.reason.empty() ? to_string(step.status) : step.reason);
  } else {
    step.status = check_policy(r, step);
  }
  if (step.status == NtStatus::kSuccess)
    step.status =
        is_binding ? establish_binding(r, *channel, step) : establish(r, *channel, request, step);
  if (step.status != NtStatus::kSuccess) {
    co_await forget(r, id, is_binding);
    co_return error_reply(step.status);
  }
  if (!is_binding) co_await end_previous(r, request.previous_session_id, *channel);
  channel = r.connection.channel(id);
  if (channel == nullptr) co_return error_reply(NtStatus::kUserSessionDeleted);
  co_return success(*channel, step.token);
}

}  // namespace

/// MS-SMB2 3.3.5.5.
Task<Reply> session_setup(Request& r) {
  smb2::SessionSetupRequest request;
  if (!decode(r.message, request)) co_return error_reply(NtStatus::kInvalidParameter);
  Result<Channel*> found = channel_of(r, request);
  if (!found) co_return error_reply(found.error());
  core::SessionId id = (*found)->session->id;
  SessionPtr session = (*found)->session;
  if (!(*found)->in_setup && (*found)->established) (*found)->preauth = r.connection.preauth();
  (*found)->in_setup = true;
  if (session->dialect == smb2::Dialect::kSmb311)
    (*found)->preauth.update(r.connection.crypto(), r.message);

  // The exchange is taken out while it works: a second leg in parallel has none and is refused.
  auto& slot = r.driver.exchanges()[id];
  std::unique_ptr<ports::AuthExchange> exchange = std::move(slot);
  if (exchange == nullptr) exchange = r.server.env().authenticator.begin();
  ports::AuthStep step = co_await exchange->step(r.loop, request.security_buffer);

  if (r.connection.channel(id) == nullptr) co_return error_reply(NtStatus::kUserSessionDeleted);
  if (step.status == NtStatus::kMoreProcessingRequired) {
    r.driver.exchanges()[id] = std::move(exchange);
    smb2::SessionSetupResponse response;
    response.security_buffer = step.token;
    co_return body_reply(response, step.status);
  }
  r.driver.exchanges().erase(id);
  co_return co_await conclude(r, request, id, std::move(step));
}

}  // namespace holdfast::service::handlers
