// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "core/connection/message_compression.h"
#include "crypto/key_derivation.h"
#include "crypto/provider.h"
#include "ports/random.h"
#include "ports/stream.h"
#include "service/logon/ntlm_client.h"
#include "sim/client/counters.h"
#include "sim/world/host.h"
#include "sim/world/world.h"
#include "wire/smb2/header.h"
#include "wire/smb2/negotiate.h"
#include "wire/smb2/oplock_break.h"

namespace holdfast::sim {

/// What a client is, and what it offers.
struct ClientOptions {
  std::string name = "client";
  std::string user = "alice";
  std::string password = "correct horse";
  std::vector<std::uint16_t> dialects = {wire::smb2::Dialect::kSmb311};
  std::vector<wire::smb2::Cipher> ciphers;
  std::vector<wire::smb2::SigningAlgorithm> signing;
  bool seal = false;
  /// Empty: it does not compress. Otherwise it compresses what is worth it, and asks for compressed
  /// answers to READ.
  std::vector<wire::smb2::CompressionAlgorithm> compression;
  bool chained_compression = false;
  /// Which machine it is; zeros: one of its own.
  Guid guid;
  /// Contradictions of the protocol by the server fail the world. Off for a client that breaks
  /// rules itself: then what is not understood is dropped.
  bool strict = true;
  /// SMB2_GLOBAL_CAP_* beyond those of every client.
  std::uint32_t more_capabilities = 0;
  /// How many credits it wants to have; 0: asks for a few, by chance.
  std::uint16_t credits_wanted = 0;
};

/// What the client was given to live with.
struct ClientWorld {
  Host& world;
  ports::Executor& loop;
  Connector& network;
  const crypto::Provider& crypto;
  Counters& counters;
};

/// The final answer to one request.
struct Answer {
  /// The connection ended before it came; then nothing else is set.
  bool lost = false;
  NtStatus status = NtStatus::kConnectionDisconnected;
  wire::smb2::Header header;
  /// From the SMB2 header on, in the clear.
  ByteVec message;
  /// An interim answer came before.
  bool was_pending = false;
};

inline Answer lost_answer() {
  Answer answer;
  answer.lost = true;
  return answer;
}

/// One request: 64 octets for its header, and its body.
struct Part {
  wire::smb2::Command command;
  ByteVec message;
  /// The greater of what is sent and what may come back, octets.
  std::uint64_t payload = 0;
  bool related = false;
  /// It is sent again because its answer was lost.
  bool replay = false;
  /// How often a channel of the session was lost (MS-SMB2 3.2.4.1.8).
  std::uint16_t channel_sequence = 0;
};

/// Encodes a body behind room for its header.
template <class Body>
ByteVec message_of(const Body& body) {
  Buffer buffer(wire::smb2::kHeaderSize + 256);
  Writer writer(buffer);
  writer.zeros(wire::smb2::kHeaderSize);
  encode(body, writer);
  return to_vec(buffer);
}

/// What a connection must know of a session to become a channel of it.
struct SharedSession {
  std::uint64_t session_id = 0;
  std::uint32_t tree_id = 0;
  /// Session.SigningKey.
  std::shared_ptr<const crypto::Signer> signer;
  std::shared_ptr<const crypto::Aead> seal, open;
};

/// A model client at the level of the protocol: one connection, one session, one tree; or a further
/// channel of another client's session. It sends what a correct client may send and holds the
/// server to what it must answer. Lives on one loop;
/// must outlive what it has called.
class Client {
 public:
  Client(ClientWorld world, ClientOptions options);
  ~Client();
  Client(const Client&) = delete;

  const ClientOptions& options() const { return options_; }
  ports::Executor& loop() { return world_.loop; }
  Host& world() { return world_.world; }
  Rng& rng() { return rng_; }
  Counters& counters() { return world_.counters; }

  /// Connects and negotiates. Not kSuccess: refused, or the connection was lost.
  Task<NtStatus> connect();
  /// The transport alone.
  void connect_transport();
  Task<NtStatus> negotiate();
  /// Logs on; previous: the session that this one takes the place of.
  Task<NtStatus> logon(std::uint64_t previous = 0);
  /// Becomes a channel of that session (MS-SMB2 3.2.4.2.3.3), after connect().
  Task<NtStatus> bind(SharedSession session);
  SharedSession shared_session() const {
    return {session_id_, tree_id_, session_signer_, seal_, open_};
  }
  /// Sends only the first leg of a log-on.
  Task<NtStatus> logon_first_leg();
  Task<NtStatus> logoff();
  Task<NtStatus> tree_connect(std::string_view share);
  Task<NtStatus> tree_disconnect();

  /// Sends a frame of one or more requests, once there are credits, and awaits all their answers.
  Task<std::vector<Answer>> compound(std::vector<Part> parts);
  /// message_id: set as soon as the request has been sent.
  Task<Answer> call(Part part, std::uint64_t* message_id = nullptr);
  void cancel(std::uint64_t message_id);
  /// Puts a finished request (its header filled in by prepare()) on the wire, signed or sealed, and
  /// awaits nothing.
  void send_frame(std::vector<ByteVec> messages);
  /// Octets as they are, behind a transport header that says `length` of them follow.
  void send_octets(Bytes content, std::uint32_t length);
  /// Fills in the header of a request that send_frame() will send, and uses its message ids.
  wire::smb2::Header prepare(const Part& part, MutBytes message);

  /// Ends the connection in order, or as a crash does.
  void disconnect();
  void abort();
  bool connected() const { return stream_ != nullptr && !closed_; }
  ports::Stream* stream() { return stream_.get(); }
  /// Awaits the end of the connection.
  Task<void> closed();

  std::uint16_t dialect() const { return dialect_; }
  std::uint32_t max_transact() const { return max_transact_; }
  std::uint64_t session_id() const { return session_id_; }
  std::uint32_t tree_id() const { return tree_id_; }
  void set_tree_id(std::uint32_t id) { tree_id_ = id; }
  void set_session_id(std::uint64_t id) { session_id_ = id; }
  std::uint64_t next_message_id() const { return next_message_id_; }
  void set_next_message_id(std::uint64_t id) { next_message_id_ = id; }
  bool logged_on() const { return signer_ != nullptr; }
  std::int64_t credits() const { return credits_; }
  std::size_t in_flight() const { return pending_.size(); }

  /// Sees what answers no request (MS-SMB2 3.3.4.6, 3.3.4.7); without it that is a contradiction.
  std::function<void(const wire::smb2::Header&, Bytes)> on_notification;
  /// Called for each break that the server tells.
  std::function<void(const wire::smb2::OplockBreak&)> on_oplock_break;
  std::function<void(const wire::smb2::LeaseBreakNotification&)> on_lease_break;
  /// Sees every request in the clear before it is sent.
  std::function<void(const wire::smb2::Header&, Bytes)> on_request;
  /// May spoil a request, header included, before it is signed or sealed.
  std::function<void(ByteVec&)> spoil_message;
  /// May spoil a frame, without transport header, after that.
  std::function<void(MutBytes)> spoil_frame;

 private:
  struct Pending;
  struct Handler;
  friend struct Handler;

  void received(Bytes data);
  MutBytes rest_of_long_frame();
  Bytes take_long_frame(Bytes data);
  void stream_closed(ports::CloseReason reason);
  void frame_received(ByteVec frame);
  bool unseal(ByteVec& frame);
  bool decompress(ByteVec& frame);
  void compress(Buffer& frame);
  /// whole: the octets of message, when nobody else needs them.
  bool message_received(Bytes message, bool sealed, std::uint64_t& last_id, ByteVec* whole);
  bool break_received(Bytes message);
  bool check_header(const Pending& pending, const wire::smb2::Header& header, bool sealed);
  bool check_signature(const Pending& pending, const wire::smb2::Header& header, Bytes message,
                       bool sealed);
  bool take_credits(const wire::smb2::Header& header);
  bool contradiction(const std::string& what);
  Task<bool> await_credits(std::uint64_t charge);
  std::uint16_t charge_of(const Part& part) const;
  std::uint16_t credits_to_ask(std::uint16_t charge);
  service::NtlmClientOptions who() const;
  bool make_keys(Bytes session_key);
  Task<Answer> setup_leg(ByteVec token, std::uint64_t previous, bool binding = false);
  Task<Answer> authenticate(service::LogonClient& ntlm, std::uint64_t previous, bool binding);
  void read_contexts(const wire::smb2::NegotiateResponse& response);
  wire::smb2::NegotiateRequest negotiate_request(std::vector<ByteVec>& storage);
  Buffer seal(Buffer frame);

  ClientWorld world_;
  ClientOptions options_;
  Rng rng_;
  SimRandom random_;
  std::shared_ptr<ports::Stream> stream_;
  std::shared_ptr<Handler> handler_;
  bool closed_ = false;
  std::vector<OneShot<bool>*> waiting_for_close_;
  ByteVec in_;
  /// A frame of which much is missing, at its full size, and how much of it is there; or empty.
  ByteVec long_frame_;
  std::size_t long_frame_filled_ = 0;

  std::uint16_t dialect_ = 0;
  std::uint32_t capabilities_ = 0;
  std::uint32_t max_transact_ = 65'536;
  wire::smb2::Cipher cipher_ = wire::smb2::Cipher::kNone;
  wire::smb2::SigningAlgorithm signing_ = wire::smb2::SigningAlgorithm::kHmacSha256;
  core::Compression compression_;
  crypto::PreauthHash connection_preauth_;
  crypto::PreauthHash session_preauth_;

  std::uint64_t session_id_ = 0;
  std::uint32_t tree_id_ = 0;
  std::shared_ptr<const crypto::Signer> signer_, session_signer_;
  std::shared_ptr<const crypto::Aead> seal_, open_;
  std::uint64_t next_nonce_ = 1;
  /// Of sessions of this connection that were logged off: answers may still be under way.
  std::map<std::uint64_t, std::shared_ptr<const crypto::Aead>> open_before_;

  std::int64_t credits_ = 1;
  std::uint64_t next_message_id_ = 0;
  std::map<std::uint64_t, Pending*> pending_;
  std::vector<OneShot<bool>*> waiting_for_credits_;
  Guid guid_;
};

/// Decodes the body of an answer as its command and status say. False: it is not what MS-SMB2 says
/// such an answer is.
bool body_is_sane(wire::smb2::Command command, NtStatus status, Bytes message);

}  // namespace holdfast::sim
