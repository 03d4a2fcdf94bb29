// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "crypto/provider.h"
#include "platform/crypto_openssl/openssl_handles.h"

namespace holdfast::platform {

std::unique_ptr<crypto::Aead> make_openssl_aead(std::shared_ptr<const OpenSslAlgorithms> algorithms,
                                                crypto::Cipher cipher, Bytes key);

/// AES-CCM by OpenSSL (ccm.cc).
std::unique_ptr<crypto::Aead> make_openssl_ccm(std::shared_ptr<const OpenSslAlgorithms> algorithms,
                                               crypto::Cipher cipher, Bytes key);

/// Zeroes what a refused message left in its outputs.
void wipe_outputs(std::span<const crypto::AeadPiece> pieces);

}  // namespace holdfast::platform
