// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "crypto/provider.h"

namespace holdfast::platform {

struct OpenSslAlgorithms;

/// Everything by OpenSSL 3. Works on every machine.
class OpenSslProvider final : public crypto::Provider {
 public:
  OpenSslProvider();
  ~OpenSslProvider() override;

  std::string_view name() const override { return "openssl"; }
  std::unique_ptr<crypto::Signer> make_signer(crypto::SigningAlgorithm algorithm,
                                              Bytes key) const override;
  std::unique_ptr<crypto::Aead> make_aead(crypto::Cipher cipher, Bytes key) const override;
  void sha256(std::span<const Bytes> pieces, MutBytes out) const override;
  void sha512(std::span<const Bytes> pieces, MutBytes out) const override;
  void hmac_sha256(Bytes key, std::span<const Bytes> pieces, MutBytes out) const override;

 private:
  /// Shared with the keyed objects, which may outlive the provider.
  std::shared_ptr<const OpenSslAlgorithms> algorithms_;
};

}  // namespace holdfast::platform
