// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "crypto/types.h"

namespace holdfast::crypto {

/// What AES-GMAC makes its nonce of (MS-SMB2 3.1.4.1). The other algorithms ignore it.
struct SigningNonce {
  std::uint64_t message_id = 0;
  /// The sender of the message is the server.
  bool from_server = false;
  /// The message is a CANCEL request.
  bool cancel = false;
};

/// Octets of the nonce of AES-GMAC: MessageId, then 32 bits of which bit 0 says "from the server"
/// and bit 1 "CANCEL".
std::array<std::uint8_t, 12> gmac_nonce(const SigningNonce& nonce);

/// One signing key, expanded. Immutable: any number of threads may use one object at once.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual SigningAlgorithm algorithm() const = 0;
  /// Computes the signature of the concatenated pieces (any number, any sizes, empty ones too).
  /// The Signature field of the header must be zero in them; see message_signature.h.
  virtual void sign(std::span<const Bytes> pieces, const SigningNonce& nonce,
                    Signature& out) const = 0;
};

/// One stretch of a message to encrypt or decrypt: `size` octets from `in` to `out`, which are the
/// same address (in place) or do not overlap.
struct AeadPiece {
  const std::uint8_t* in = nullptr;
  std::uint8_t* out = nullptr;
  std::size_t size = 0;

  static AeadPiece in_place(MutBytes octets) {
    return {octets.data(), octets.data(), octets.size()};
  }
  /// `out` must hold at least in.size() octets.
  static AeadPiece move(Bytes in, MutBytes out) { return {in.data(), out.data(), in.size()}; }
};

/// One encryption key, expanded, for both directions of the operation. Immutable: any number of
/// threads may use one object at once. The caller never uses a nonce twice with one key.
class Aead {
 public:
  virtual ~Aead() = default;
  virtual Cipher cipher() const = 0;
  /// Encrypts the concatenated pieces (any number, any sizes, empty ones too) and writes the tag
  /// (16 octets). `nonce` has nonce_size(cipher()) octets; `aad` is the TRANSFORM_HEADER from its
  /// Nonce field on (32 octets, MS-SMB2 3.1.4.3), but any length is right.
  virtual void seal(Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces,
                    MutBytes tag) const = 0;
  /// Decrypts. False: the tag (16 octets) is wrong, and what is in the outputs is zeroed.
  [[nodiscard]] virtual bool open(Bytes nonce, Bytes aad, std::span<const AeadPiece> pieces,
                                  Bytes tag) const = 0;

  void seal(Bytes nonce, Bytes aad, MutBytes in_place, MutBytes tag) const {
    const AeadPiece piece = AeadPiece::in_place(in_place);
    seal(nonce, aad, std::span(&piece, 1), tag);
  }
  [[nodiscard]] bool open(Bytes nonce, Bytes aad, MutBytes in_place, Bytes tag) const {
    const AeadPiece piece = AeadPiece::in_place(in_place);
    return open(nonce, aad, std::span(&piece, 1), tag);
  }
};

/// One message of a batch. What it points to lives until the call returns.
struct SignJob {
  const Signer* signer = nullptr;
  std::span<const Bytes> pieces;
  SigningNonce nonce;
  Signature* out = nullptr;
};

/// Makes keyed objects and hashes. Implemented in platform/; one object serves the whole process
/// and any number of threads.
class Provider {
 public:
  virtual ~Provider() = default;
  /// "openssl", "ipsec-mb", for logs.
  virtual std::string_view name() const = 0;

  /// `key` has 1 to 16 octets; a shorter one is filled with zeros (MS-SMB2 3.3.5.5.3).
  virtual std::unique_ptr<Signer> make_signer(SigningAlgorithm algorithm, Bytes key) const = 0;
  /// `key` has key_size(cipher) octets.
  virtual std::unique_ptr<Aead> make_aead(Cipher cipher, Bytes key) const = 0;

  /// Signs many messages at once, whose signers came from this provider, with any mix of keys and
  /// algorithms. Providers that can interleave messages do it here.
  // Defined here: without a function of its own elsewhere, each module that derives from Provider
  // emits what it needs of it, with RTTI or without.
  virtual void sign_batch(std::span<const SignJob> jobs) const {
    for (const SignJob& job : jobs) job.signer->sign(job.pieces, job.nonce, *job.out);
  }

  /// out: 32 octets.
  virtual void sha256(std::span<const Bytes> pieces, MutBytes out) const = 0;
  /// out: 64 octets.
  virtual void sha512(std::span<const Bytes> pieces, MutBytes out) const = 0;
  /// out: 32 octets. `key` of any length.
  virtual void hmac_sha256(Bytes key, std::span<const Bytes> pieces, MutBytes out) const = 0;
};

}  // namespace holdfast::crypto
