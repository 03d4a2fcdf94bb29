// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "crypto/provider.h"

namespace holdfast::platform {

/// Makes the provider of a choice:
///   "auto"     the fastest that this CPU and this build can do
///   "openssl"  OpenSSL alone
/// Null for any other choice. Provider::name() says what was put together.
std::unique_ptr<crypto::Provider> make_provider(std::string_view choice);

/// Every combination that runs here, each alone around OpenSSL and all together, for tests and
/// benchmarks. OpenSSL is the first.
std::vector<std::unique_ptr<crypto::Provider>> all_providers();

}  // namespace holdfast::platform
