// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "ports/authenticator.h"
#include "wire/rpc/pdu.h"

namespace holdfast::service::pipes {

/// The security context of one association (MS-RPCE 3.3.1.5.2): who the client is, and the
/// signatures and encryption of fragments. One context; more (security context multiplexing) are
/// not offered.
class RpcSecurity {
 public:
  /// Null: there is no provider, so that every trailer that asks for one is refused. Its mechanisms
  /// answer without waiting.
  explicit RpcSecurity(ports::Authenticator* authenticator) : authenticator_(authenticator) {}

  /// What a leg of the log-on gave.
  struct Leg {
    enum class Outcome : std::uint8_t {
      /// Another leg follows, or the context stands; the token, if there is one, goes back.
      kGoesOn,
      /// There is no such provider or level.
      kUnsupported,
      kRefused,
    };
    Outcome outcome = Outcome::kGoesOn;
    ByteVec token;
    /// With kRefused: for the log.
    std::string reason;
  };
  /// Takes the trailer of a bind, alter_context or auth3.
  Leg take(const wire::rpc::AuthTrailer& trailer);
  /// Both sides said so at the bind: signatures cover headers (MS-RPCE 2.2.2.3).
  void sign_headers() { signs_headers_ = true; }

  bool begun() const { return exchange_ != nullptr || established_ || refused_; }
  bool established() const { return established_; }
  /// What holds for fragments; kNone until the context stands.
  std::uint8_t level() const { return established_ ? level_ : wire::rpc::auth_level::kNone; }
  /// Set when the context stands.
  const ports::Identity& identity() const { return identity_; }
  /// The trailer of an answer to a leg.
  wire::rpc::AuthTrailer trailer(Bytes token) const;

  /// Checks a fragment of a request, and decrypts it in place. 0, or the status of the fault that
  /// ends the association.
  std::uint32_t open(MutBytes fragment, const wire::rpc::Pdu& pdu);
  /// Octets that close() puts behind a response fragment, beside up to kAuthAlignment - 1 of
  /// padding.
  std::size_t overhead() const;
  /// Signs, or encrypts, an encoded response fragment.
  void close(ByteVec& fragment);

 private:
  bool protects() const { return level() >= wire::rpc::auth_level::kCall; }
  bool encrypts() const { return level() == wire::rpc::auth_level::kPrivacy; }
  /// The part of a fragment that its signature covers.
  MutBytes signed_part(MutBytes fragment, const wire::rpc::ProtectedParts& parts) const;

  ports::Authenticator* authenticator_;
  std::unique_ptr<ports::AuthExchange> exchange_;
  std::shared_ptr<ports::MessageSecurity> messages_;
  ports::Identity identity_;
  std::uint8_t type_ = 0;
  std::uint8_t level_ = 0;
  std::uint32_t context_id_ = 0;
  bool signs_headers_ = false;
  bool established_ = false;
  bool refused_ = false;
};

}  // namespace holdfast::service::pipes
