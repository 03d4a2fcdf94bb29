// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "ports/authenticator.h"

namespace holdfast::service {

/// One log-on by one mechanism, the server's side.
class MechanismContext {
 public:
  virtual ~MechanismContext() = default;
  /// Takes the client's next token of this mechanism. What it returns is without SPNEGO.
  virtual Task<ports::AuthStep> step(ports::Executor& loop, Bytes token) = 0;
  /// After success: whether both sides have a key, so that make_mic and verify_mic work. False for
  /// guests and anonymous.
  virtual bool can_mic() const = 0;
  /// GSS_GetMIC as the server.
  virtual ByteVec make_mic(Bytes message) = 0;
  /// GSS_VerifyMIC of what the client signed.
  [[nodiscard]] virtual bool verify_mic(Bytes message, Bytes mic) = 0;
};

/// A way to log on that SPNEGO can choose: NTLM here, Kerberos beside it. Thread-safe.
class Mechanism {
 public:
  virtual ~Mechanism() = default;
  /// For logs: "NTLM".
  virtual const char* name() const = 0;
  /// The contents of the OIDs by which clients name it; the first is the one offered.
  virtual std::span<const Bytes> oids() const = 0;
  /// Whether a first token is this mechanism's own, without SPNEGO around it.
  virtual bool claims(Bytes token) const = 0;
  virtual std::unique_ptr<MechanismContext> begin() = 0;
};

}  // namespace holdfast::service
