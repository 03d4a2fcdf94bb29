// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/nt_time.h"
#include "base/result.h"
#include "base/secret.h"
#include "core/session/share.h"
#include "crypto/key_derivation.h"
#include "crypto/provider.h"
#include "ports/identity.h"
#include "wire/smb2/types.h"

namespace holdfast::core {

/// Channels of one session at most, as Windows has it.
inline constexpr std::size_t kMaxChannelsPerSession = 32;

using SessionId = std::uint64_t;
using ConnectionId = std::uint64_t;

/// What the keys were made of, for the hand-over to another binary. Cleared at the end.
struct KeyOctets {
  ByteVec signing, seal, open;
  KeyOctets() = default;
  KeyOctets(ByteVec s, ByteVec e, ByteVec d)
      : signing(std::move(s)), seal(std::move(e)), open(std::move(d)) {}
  KeyOctets(const KeyOctets&) = delete;
  KeyOctets& operator=(const KeyOctets&) = delete;
  ~KeyOctets() {
    for (ByteVec* key : {&signing, &seal, &open}) clear_secret(*key);
  }
};

/// The expanded keys of one session (or of one channel of it). Immutable, shared by the loops.
struct Keys {
  std::shared_ptr<const crypto::Signer> signer;
  /// What the server sends, and what the client sends; null without encryption.
  std::shared_ptr<const crypto::Aead> seal;
  std::shared_ptr<const crypto::Aead> open;
  /// Of a bound channel only its signing key. Null: there are none.
  std::shared_ptr<const KeyOctets> octets;
};

/// One tree connect (MS-SMB2 3.3.1.9).
struct TreeConnect {
  std::uint32_t id = 0;
  std::shared_ptr<const Share> share;
  std::uint32_t maximal_access = 0;
  bool encrypt = false;
  NtTime created;
};

enum class SessionState : std::uint8_t { kInProgress, kValid, kExpired };

/// One log-on (MS-SMB2 3.3.1.8). Members above the line never change once the session is valid,
/// except by re-authentication, which replaces `identity` under the lock.
struct Session {
  SessionId id = 0;
  /// The connection that made it; other channels are bound to it.
  ConnectionId connection = 0;
  std::uint16_t dialect = 0;
  Guid client_guid;
  /// As the connection that made it has agreed on; its channels must agree (MS-SMB2 3.3.5.5).
  wire::smb2::SigningAlgorithm signing = wire::smb2::SigningAlgorithm::kHmacSha256;
  wire::smb2::Cipher cipher = wire::smb2::Cipher::kNone;
  bool signing_required = false;
  bool encrypt = false;
  Keys keys;
  /// As the authentication gave it, for binding channels (MS-SMB2 3.3.5.5.3).
  ByteVec full_session_key;
  NtTime created;
  std::string client_address;
  /// Nonces of sealed messages: one counter for all channels, since they share the key.
  std::atomic<std::uint64_t> next_nonce{1};
  /// What an AAPL create context has agreed on, wire::smb2::Aapl capabilities; 0: the client has
  /// sent none. Of the session, not of the connection: its channels share it.
  std::atomic<std::uint64_t> apple_capabilities{0};

  Mutex mutex;
  // ---- guarded by mutex ----
  SessionState state = SessionState::kInProgress;
  /// Taken out of the table: nothing may be added to it or make it valid again.
  bool ended = false;
  std::shared_ptr<const ports::Identity> identity;
  NtTime expires;
  std::map<std::uint32_t, TreeConnect> trees;
  std::uint32_t next_tree_id = 1;
  /// Connections that are channels of this session, the oldest first (MS-SMB2 3.3.1.8
  /// ChannelList). They may live on different loops. The session ends with the last of them.
  std::vector<ConnectionId> channels;
  std::size_t open_count = 0;

  std::optional<TreeConnect> tree(std::uint32_t tree_id);
  std::shared_ptr<const ports::Identity> who();
  /// The state, and with it that the members above the line are complete.
  SessionState current_state();
};

using SessionPtr = std::shared_ptr<Session>;

/// All sessions of the server (GlobalSessionTable, MS-SMB2 3.3.1.5). Thread-safe.
class SessionTable {
 public:
  /// A new session in progress with an id never used before by this table; nullptr when there are
  /// limits::kMaxSessions of them. random: where ids begin.
  SessionPtr create(ConnectionId connection, std::uint64_t random);
  SessionPtr find(SessionId id);
  /// Takes it out; nullptr when it was not there (somebody else ends it already).
  SessionPtr remove(SessionId id);
  std::vector<SessionPtr> all();
  /// Enters one that an earlier server had. False: there is one with its id.
  bool restore(SessionPtr session);
  std::size_t size();

 private:
  Mutex mutex_;
  std::unordered_map<SessionId, SessionPtr> sessions_;
};

}  // namespace holdfast::core
