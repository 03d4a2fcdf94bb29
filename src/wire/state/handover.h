// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/guid.h"
#include "base/nt_time.h"
#include "base/sid.h"
#include "wire/message.h"

/// What a server hands over to its next binary in the same process (service/handover): a sequence
/// of records, each an Entry with its value behind it, the Head first and an End last. It lives in
/// memory for the moment of one upgrade; README.md has the rules for new versions.
///
/// It holds keys: whoever decodes it clears it.
namespace holdfast::wire::state {

/// "HFUP".
inline constexpr std::uint32_t kHandoverMagic = 0x50554648;
/// Of all that is here together: what `--check-upgrade` compares.
inline constexpr std::uint16_t kHandoverVersion = 1;
/// The oldest reader of what is written here.
inline constexpr std::uint16_t kHandoverReadableBy = 1;

enum class EntryKind : std::uint16_t {
  kHead = 1,
  kListener = 2,
  kConnection = 3,
  kSession = 4,
  kOpen = 5,
  kRequest = 6,
  kAdmin = 7,
  kEnd = 8,
};

/// In front of each value.
struct Entry {
  static constexpr std::size_t kSize = 8;
  std::uint16_t kind = 0;
  /// Readers that do not know the kind pass over it when this is 0.
  std::uint16_t needed = 1;
  std::uint32_t length = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(kind));
    v.field(HF_FIELD(needed));
    v.field(HF_FIELD(length));
  }
};
HF_WIRE_STRUCT(Entry);

/// Octets of any number, as an element of a list or a field.
struct Octets {
  Bytes octets;
  void describe(this auto& self, auto& v) {
    auto region = v.region();
    v.length32(region);
    v.inline_data(region, HF_FIELD(octets));
  }
};

/// An IP address (IPv4 mapped) and a port.
struct Address {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(ip));
    v.field(HF_FIELD(port));
  }
};

template <class Visitor, class T>
void describe_list(Visitor& v, const char* name, T& elements, std::size_t limit) {
  auto region = v.region();
  v.count32(region);
  v.list(region, name, elements, limit);
}

struct HandoverHead {
  std::uint32_t magic = kHandoverMagic;
  std::uint16_t version = kHandoverVersion;
  std::uint16_t readable_by = kHandoverReadableBy;
  /// When connections were held, on the clock of this boot: microseconds.
  std::uint64_t held_us = 0;
  NtTime started;
  std::uint64_t next_connection = 0, next_persistent_id = 0, connections_total = 0;
  /// Connections that could not be carried over, with one sentence for each reason.
  std::uint32_t closed = 0;
  std::vector<Octets> reasons;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(magic));
    v.field(HF_FIELD(version));
    v.field(HF_FIELD(readable_by));
    v.check(self.magic == kHandoverMagic && self.version != 0 &&
            self.readable_by <= kHandoverVersion);
    v.field(HF_FIELD(held_us));
    v.field(HF_FIELD(started));
    v.field(HF_FIELD(next_connection));
    v.field(HF_FIELD(next_persistent_id));
    v.field(HF_FIELD(connections_total));
    v.field(HF_FIELD(closed));
    describe_list(v, HF_FIELD(reasons), 64);
  }
};
HF_WIRE_STRUCT(HandoverHead);

/// An address that is listened on, with a socket for each loop.
struct HeldListener {
  Address bound;
  std::vector<std::uint32_t> sockets;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(bound));
    describe_list(v, HF_FIELD(sockets), 4'096);
  }
};
HF_WIRE_STRUCT(HeldListener);

/// core::Channel: one session on one connection.
struct HeldChannel {
  enum Flags : std::uint32_t { kBound = 0x1 };
  std::uint64_t session = 0;
  std::uint32_t flags = 0;
  std::array<std::uint8_t, 64> preauth{};
  /// Of a bound channel its own, else the session's; empty: it cannot sign.
  Octets signing_key;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(session));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(preauth));
    v.field(HF_FIELD(signing_key));
  }
};

/// What a connection has agreed on: core::Negotiated.
struct HeldNegotiation {
  std::uint16_t dialect = 0;
  Guid client_guid;
  std::uint32_t client_capabilities = 0;
  std::uint16_t client_security_mode = 0;
  std::vector<std::uint16_t> client_dialects;
  std::uint32_t server_capabilities = 0;
  std::uint16_t server_security_mode = 0;
  std::uint16_t cipher = 0, signing = 0;
  std::vector<std::uint16_t> compression;
  std::uint32_t max_transact = 0;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(dialect));
    v.field(HF_FIELD(client_guid));
    v.field(HF_FIELD(client_capabilities));
    v.field(HF_FIELD(client_security_mode));
    describe_list(v, HF_FIELD(client_dialects), 1'024);
    v.field(HF_FIELD(server_capabilities));
    v.field(HF_FIELD(server_security_mode));
    v.field(HF_FIELD(cipher));
    v.field(HF_FIELD(signing));
    describe_list(v, HF_FIELD(compression), 64);
    v.field(HF_FIELD(max_transact));
  }
};

/// A connection: its socket, the octets on their way, and core::Connection.
struct HeldConnection {
  enum Flags : std::uint32_t {
    kBehindProxy = 0x001,
    kLoggedOn = 0x002,
    kConstrained = 0x004,
    kAwaitsSmb2 = 0x008,
    kNegotiated = 0x010,
    kPosix = 0x020,
    kSentEncryption = 0x040,
    kSentSigning = 0x080,
    kSentCompression = 0x100,
    kChained = 0x200,
    kInFrame = 0x400,
  };
  /// Message ids of a window that are used out of order, at most.
  static constexpr std::size_t kMaxUsed = 1u << 20;

  std::uint64_t id = 0;
  std::uint32_t flags = 0, socket = 0, loop = 0;
  Address peer, local, wire_peer, wire_local;
  HeldNegotiation agreed;
  std::array<std::uint8_t, 64> preauth{};
  std::uint64_t window_begin = 0, window_end = 0;
  std::uint32_t outstanding = 0;
  /// Counted from window_begin.
  std::vector<std::uint32_t> used;
  std::uint64_t next_async_id = 1, octets_sent = 0;
  std::vector<HeldChannel> channels;
  /// Of the transport header and, in a frame, of the frame, as far as they have come.
  Octets frame_header, frame;
  std::uint32_t frame_length = 0;
  /// Came from the client behind that; goes to the client.
  Octets received, unsent;

  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(id));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(socket));
    v.field(HF_FIELD(loop));
    v.field(HF_FIELD(peer));
    v.field(HF_FIELD(local));
    v.field(HF_FIELD(wire_peer));
    v.field(HF_FIELD(wire_local));
    if ((self.flags & kNegotiated) != 0) v.field(HF_FIELD(agreed));
    v.field(HF_FIELD(preauth));
    v.field(HF_FIELD(window_begin));
    v.field(HF_FIELD(window_end));
    v.field(HF_FIELD(outstanding));
    describe_list(v, HF_FIELD(used), kMaxUsed);
    v.field(HF_FIELD(next_async_id));
    v.field(HF_FIELD(octets_sent));
    describe_list(v, HF_FIELD(channels), 65'536);
    v.field(HF_FIELD(frame_header));
    v.field(HF_FIELD(frame));
    v.field(HF_FIELD(frame_length));
    v.check(self.frame_header.octets.size() < 4 && self.frame.octets.size() <= self.frame_length);
    v.field(HF_FIELD(received));
    v.field(HF_FIELD(unsent));
  }
};
HF_WIRE_STRUCT(HeldConnection);

/// ports::Identity.
struct HeldIdentity {
  enum Flags : std::uint32_t {
    kGuest = 0x1,
    kAnonymous = 0x2,
    kAdministrator = 0x4,
    kActsAsUser = 0x8,
  };
  std::uint32_t flags = 0;
  Octets user, domain;
  Sid sid;
  std::vector<Sid> groups;
  std::uint32_t uid = 0, gid = 0;
  std::vector<std::uint32_t> unix_groups;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(user));
    v.field(HF_FIELD(domain));
    v.field(HF_FIELD(sid));
    describe_list(v, HF_FIELD(groups), 65'536);
    v.field(HF_FIELD(uid));
    v.field(HF_FIELD(gid));
    describe_list(v, HF_FIELD(unix_groups), 65'536);
  }
};

/// core::TreeConnect.
struct HeldTree {
  std::uint32_t id = 0;
  Octets share;
  std::uint32_t maximal_access = 0;
  std::uint8_t encrypt = 0;
  NtTime created;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(id));
    v.field(HF_FIELD(share));
    v.field(HF_FIELD(maximal_access));
    v.field(HF_FIELD(encrypt));
    v.field(HF_FIELD(created));
  }
};

/// core::Session. Its keys are secret.
struct HeldSession {
  enum Flags : std::uint32_t { kSigningRequired = 0x1, kEncrypt = 0x2, kExpired = 0x4 };
  std::uint64_t id = 0, connection = 0;
  std::uint32_t flags = 0;
  std::uint16_t dialect = 0, signing = 0, cipher = 0;
  Guid client_guid;
  Octets full_key, signing_key, seal_key, open_key;
  NtTime created, expires;
  Octets client_address;
  std::uint64_t next_nonce = 1, apple_capabilities = 0;
  HeldIdentity identity;
  std::vector<HeldTree> trees;
  std::uint32_t next_tree_id = 1;
  std::vector<std::uint64_t> channels;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(id));
    v.field(HF_FIELD(connection));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(dialect));
    v.field(HF_FIELD(signing));
    v.field(HF_FIELD(cipher));
    v.field(HF_FIELD(client_guid));
    v.field(HF_FIELD(full_key));
    v.field(HF_FIELD(signing_key));
    v.field(HF_FIELD(seal_key));
    v.field(HF_FIELD(open_key));
    v.field(HF_FIELD(created));
    v.field(HF_FIELD(expires));
    v.field(HF_FIELD(client_address));
    v.field(HF_FIELD(next_nonce));
    v.field(HF_FIELD(apple_capabilities));
    v.field(HF_FIELD(identity));
    describe_list(v, HF_FIELD(trees), 65'536);
    v.field(HF_FIELD(next_tree_id));
    describe_list(v, HF_FIELD(channels), 64);
  }
};
HF_WIRE_STRUCT(HeldSession);

/// An open: what survives a restart of it (OpenState), and what only an upgrade keeps.
struct HeldOpen {
  enum Flags : std::uint32_t {
    kPipe = 0x001,
    kDisconnected = 0x002,
    kReplayEligible = 0x004,
    kUsed = 0x008,
    kModified = 0x010,
    kRecorded = 0x020,
    kHasDeleter = 0x040,
    kBreaking = 0x080,
    kWatched = 0x100,
    kWatchesTree = 0x200,
    kScans = 0x400,
    kHasPattern = 0x800,
    kRewinds = 0x1000,
    kAnyTold = 0x2000,
    /// The watch has missed something: its client is told to look.
    kMissed = 0x4000,
    kRestored = 0x8000,
    /// The break is held back: its client could not be told.
    kBreakHeldBack = 0x10000,
  };
  /// Names that a listing has still to tell, at most.
  static constexpr std::size_t kMaxNames = 65'536;

  Octets state;
  std::uint64_t volatile_id = 0, session = 0, connection = 0;
  std::uint32_t tree = 0, flags = 0;
  std::uint64_t expires_us = 0, position = 0;
  Guid deleter_parent_lease;
  /// StreamCaching: to what the break goes, and what comes after it.
  std::uint32_t breaking_to = 0, wanted = 0;
  std::uint32_t watch_filter = 0, watch_room = 0;
  Octets pattern;
  std::vector<Octets> names;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(state));
    v.field(HF_FIELD(volatile_id));
    v.field(HF_FIELD(session));
    v.field(HF_FIELD(connection));
    v.field(HF_FIELD(tree));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(expires_us));
    v.field(HF_FIELD(position));
    if ((self.flags & kHasDeleter) != 0) v.field(HF_FIELD(deleter_parent_lease));
    if ((self.flags & kBreaking) != 0) {
      v.field(HF_FIELD(breaking_to));
      v.field(HF_FIELD(wanted));
    }
    if ((self.flags & kWatched) != 0) {
      v.field(HF_FIELD(watch_filter));
      v.field(HF_FIELD(watch_room));
    }
    if ((self.flags & kScans) != 0) {
      v.field(HF_FIELD(pattern));
      describe_list(v, HF_FIELD(names), kMaxNames);
    }
  }
};
HF_WIRE_STRUCT(HeldOpen);

/// One message of a compound that is still to be answered.
struct HeldMessage {
  enum Flags : std::uint32_t { kSealed = 0x1, kSignatureOk = 0x2, kHasChannel = 0x4 };
  std::uint32_t flags = 0;
  std::uint32_t refused = 0;
  /// The session whose channel protects the answer.
  std::uint64_t channel = 0;
  Octets message;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(refused));
    v.field(HF_FIELD(channel));
    v.field(HF_FIELD(message));
  }
};

/// A request that waits, with those behind it in its compound; it is begun again.
struct HeldRequest {
  enum Flags : std::uint32_t { kChained = 0x1, kHasFileId = 0x2 };
  std::uint64_t connection = 0;
  std::uint32_t flags = 0;
  std::uint64_t async_id = 0, sealed_by = 0;
  /// service::Chain.
  std::uint64_t chain_session = 0;
  std::uint32_t chain_tree = 0, chain_status = 0;
  std::uint64_t persistent_id = 0, volatile_id = 0;
  std::vector<HeldMessage> messages;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(connection));
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(async_id));
    v.field(HF_FIELD(sealed_by));
    v.field(HF_FIELD(chain_session));
    v.field(HF_FIELD(chain_tree));
    v.field(HF_FIELD(chain_status));
    v.field(HF_FIELD(persistent_id));
    v.field(HF_FIELD(volatile_id));
    describe_list(v, HF_FIELD(messages), 1'024);
    v.check(!self.messages.empty());
  }
};
HF_WIRE_STRUCT(HeldRequest);

/// The admin socket, and the connection that waits for the outcome of the upgrade.
struct HeldAdmin {
  enum Flags : std::uint32_t { kHasAsker = 0x1 };
  std::uint32_t flags = 0, listener = 0, asker = 0;
  Octets path;
  void describe(this auto& self, auto& v) {
    v.field(HF_FIELD(flags));
    v.field(HF_FIELD(listener));
    v.field(HF_FIELD(asker));
    v.field(HF_FIELD(path));
  }
};
HF_WIRE_STRUCT(HeldAdmin);

/// Nothing is missing in front of it.
struct HandoverEnd {
  std::uint32_t entries = 0;
  void describe(this auto& self, auto& v) { v.field(HF_FIELD(entries)); }
};
HF_WIRE_STRUCT(HandoverEnd);

}  // namespace holdfast::wire::state
