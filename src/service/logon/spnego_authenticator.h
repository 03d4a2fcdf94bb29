// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "ports/authenticator.h"
#include "service/logon/mechanism.h"

namespace holdfast::service {

/// Offers mechanisms behind SPNEGO (RFC 4178, MS-SPNG) and, to clients that send their tokens bare,
/// without it. The exchanges share the mechanisms: they may outlive the authenticator.
class SpnegoAuthenticator final : public ports::Authenticator {
 public:
  /// In the server's order of preference, which is only the order of the offer: a client's own
  /// order decides.
  explicit SpnegoAuthenticator(std::vector<std::shared_ptr<Mechanism>> mechanisms);

  ByteVec negotiate_token() override;
  std::unique_ptr<ports::AuthExchange> begin() override;

 private:
  std::vector<std::shared_ptr<Mechanism>> mechanisms_;
  ByteVec negotiate_token_;
};

}  // namespace holdfast::service
