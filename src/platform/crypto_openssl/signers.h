// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "crypto/provider.h"
#include "platform/crypto_openssl/openssl_handles.h"

namespace holdfast::platform {

std::unique_ptr<crypto::Signer> make_openssl_signer(
    std::shared_ptr<const OpenSslAlgorithms> algorithms, crypto::SigningAlgorithm algorithm,
    Bytes key);

}  // namespace holdfast::platform
