// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "core/connection/credit_window.h"
#include "core/connection/negotiation.h"
#include "core/session/session.h"
#include "crypto/key_derivation.h"
#include "crypto/provider.h"
#include "wire/smb2/header.h"

namespace holdfast::wire::state {
struct HeldConnection;
}

namespace holdfast::core {

/// Room in front of every message: the transport header and, when it is sealed, the transform
/// header.
inline constexpr std::size_t kMessageHeadroom = 4 + 52;

/// A response message under construction: 64 octets kept for its header, room in front.
Buffer new_message(std::size_t body_size_hint);

struct Channel;

/// One request of a frame.
struct RequestMeta {
  wire::smb2::Header header;
  /// From the SMB2 header to the end of this request, in the batch's frame.
  Bytes message;
  /// Came inside a transform of this session.
  bool sealed = false;
  /// Carried a signature and it was right.
  bool signature_ok = false;
  /// Not kSuccess: refused before dispatch (signature), answer it with this.
  NtStatus refused = NtStatus::kSuccess;
  /// Of its session when it came, if it had one. Its keys protect the answer, even when the session
  /// has ended meanwhile: an answer to a sealed request never goes out in the clear.
  std::shared_ptr<const Channel> channel;
};

/// The requests of one frame, to be run one after the other (MS-SMB2 3.3.5.2.7).
struct Batch {
  Buffer frame;
  std::vector<RequestMeta> requests;
  /// 0: not sealed; else the session of the transform header, whose key seals the answer too.
  SessionId sealed_by = 0;
  bool is_smb1_negotiate = false;
};

/// The connection is to be ended, with the rule that says so, for the log.
struct Disconnect {
  std::string_view reason;
};

/// One answer. message begins with 64 octets for the header, which the connection fills in.
struct Outgoing {
  wire::smb2::Header request;
  /// RequestMeta::channel.
  std::shared_ptr<const Channel> channel;
  NtStatus status = NtStatus::kSuccess;
  Buffer message;
  /// Not 0: this is an interim response (status kPending) or the final one of an async request.
  std::uint64_t async_id = 0;
  bool is_interim = false;
  /// Sign although the request was not signed (the final SESSION_SETUP response).
  bool must_sign = false;
  /// Seal although the request came in the clear.
  bool must_seal = false;
  /// Not 0: the message is to be compressed from this octet on, where that pays
  /// (MS-SMB2 3.3.4.1.5: Request.CompressReply).
  std::size_t compress_from = 0;
};

/// A message that answers no request (MS-SMB2 3.3.4.6, 3.3.4.7).
struct Notification {
  /// Whose key seals it, if it is to be sealed.
  SessionId session = 0;
  /// The header has the session's id, not 0.
  bool names_session = false;
  /// Sealed even when the session does not encrypt everything.
  bool must_seal = false;
  /// From the SMB2 header; the 64 octets of the header are filled in later.
  ByteVec message;
};

/// What a connection knows of one of its sessions: the channel (MS-SMB2 3.3.1.14).
struct Channel {
  SessionPtr session;
  /// The session's own keys, or for a bound channel its own signing key beside the session's
  /// ciphers.
  Keys keys;
  bool established = false;
  /// Of another connection's session; until it is established `keys` are the session's.
  bool is_bound = false;
  /// A SESSION_SETUP is in progress (first log-on, binding, or re-authentication).
  bool in_setup = false;
  crypto::PreauthHash preauth;
};

/// One transport connection (MS-SMB2 3.3.1.7): takes frames apart and puts answers together. It
/// decides on message ids, credits, signatures and transforms, and knows no command's meaning.
/// Synchronous; used on one loop.
class Connection {
 public:
  /// sessions: where the session is found that a connection wants to be bound to.
  Connection(ConnectionId id, std::shared_ptr<const Policy> policy, const crypto::Provider& crypto,
             SessionTable& sessions);

  ConnectionId id() const { return id_; }
  const Policy& policy() const { return *policy_; }
  const crypto::Provider& crypto() const { return crypto_; }

  /// Octets a frame may have now (MS-SMB2 3.3.5.2: what is larger ends the connection).
  std::uint32_t max_frame() const;

  /// Takes one frame, without its transport header.
  std::variant<Batch, Disconnect> receive(Buffer frame);
  /// Puts the answers of one batch into one frame, with transport header, ready to be sent.
  Buffer assemble(std::vector<Outgoing> answers, SessionId sealed_by);
  /// Makes a frame of a notification. It costs no credits and is never signed.
  Buffer assemble(const Notification& notification);

  /// Negotiation, once (MS-SMB2 3.3.5.4).
  const std::optional<Negotiated>& negotiated() const { return negotiated_; }
  void set_negotiated(Negotiated agreed) { negotiated_ = std::move(agreed); }
  /// The next NEGOTIATE is the first that counts (after an SMB1 one).
  bool awaits_smb2_negotiate() const { return awaits_smb2_negotiate_; }
  void set_awaits_smb2_negotiate(bool awaits) { awaits_smb2_negotiate_ = awaits; }
  crypto::PreauthHash& preauth() { return preauth_; }

  Channel* channel(SessionId id);
  /// The one that protects the answer to a request of that session (RequestMeta::channel).
  std::shared_ptr<const Channel> channel_of(SessionId session);
  Channel& add_channel(SessionPtr session);
  /// Requests that came before keep it until they are answered.
  void drop_channel(SessionId id);
  std::vector<SessionId> sessions() const;
  std::size_t session_count() const { return channels_.size(); }
  bool any_established() const;
  /// Somebody has logged on here who is not a guest. Before that nothing sealed is taken: the key
  /// of an anonymous session is no secret (MS-SMB2 3.3.1.7 ConstrainedConnection).
  void lift_constraint() { constrained_ = false; }

  /// A persistent handle from before this connection was given back over it: its client sends again
  /// what was not answered.
  void gave_back() { gave_back_ = true; }
  /// Credits that a request of so many octets (the greater of what it sends and may receive) must
  /// have charged (MS-SMB2 3.3.5.2.5). A WRITE behind gave_back() needs no more than it has:
  /// docs/decisions/0008-a-write-that-is-sent-again-needs-no-credits.md.
  bool charge_suffices(const wire::smb2::Header& header, std::uint64_t payload) const;
  std::uint32_t credits_outstanding() const { return window_.outstanding(); }
  std::uint64_t next_async_id() { return next_async_id_++; }

  // ---- hand-over to another binary (hand_over.cc) ----

  /// What the next server has to know of this connection. `out` shows octets of it.
  void hand_over(wire::state::HeldConnection& out) const;
  /// Goes on where an earlier server was; sessions are in the table. False: it cannot, and is to be
  /// closed.
  bool restore(const wire::state::HeldConnection& held);

 private:
  std::optional<Disconnect> unseal(Buffer& frame, Batch& batch);
  std::optional<Disconnect> decompress(Buffer& frame);
  std::optional<Disconnect> split(Bytes content, Batch& batch);
  NtStatus check_signature(RequestMeta& request);
  const crypto::Signer* signer_for(const Outgoing& answer, SessionId id);
  const Channel* sealing_channel(const std::vector<Outgoing>& answers, SessionId sealed_by);
  void finish_message(Outgoing& answer, bool sealed, std::size_t offset, MutBytes message);
  void seal(Buffer& frame, const Channel& channel);

  ConnectionId id_;
  std::shared_ptr<const Policy> policy_;
  const crypto::Provider& crypto_;
  SessionTable& sessions_;
  CreditWindow window_;
  bool gave_back_ = false;
  std::optional<Negotiated> negotiated_;
  bool awaits_smb2_negotiate_ = false;
  bool constrained_ = true;
  crypto::PreauthHash preauth_;
  std::unordered_map<SessionId, std::shared_ptr<Channel>> channels_;
  /// Sessions that have ended here, the oldest first: their keys sign what is said about that.
  std::vector<std::shared_ptr<const Channel>> ended_;
  std::uint64_t next_async_id_ = 1;
};

}  // namespace holdfast::core
