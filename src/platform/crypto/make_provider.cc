// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto/make_provider.h"

#include "platform/crypto_openssl/openssl_provider.h"
#ifdef HOLDFAST_HAVE_IPSEC_MB
#include "platform/crypto_ipsecmb/ipsecmb_provider.h"
#endif
#ifdef HOLDFAST_HAVE_CRYPTO_X86
#include "platform/crypto_x86/x86_provider.h"
#endif

namespace holdfast::platform {
namespace {

using ProviderPtr = std::unique_ptr<crypto::Provider>;

/// Wraps `provider` if this build and this CPU have it. True: wrapped.
bool wrap_ipsecmb([[maybe_unused]] ProviderPtr& provider) {
#ifdef HOLDFAST_HAVE_IPSEC_MB
  if (ProviderPtr wrapped = make_ipsecmb_provider(provider)) {
    provider = std::move(wrapped);
    return true;
  }
#endif
  return false;
}

bool wrap_x86([[maybe_unused]] ProviderPtr& provider, [[maybe_unused]] bool allow_vaes) {
#ifdef HOLDFAST_HAVE_CRYPTO_X86
  if (ProviderPtr wrapped = make_x86_provider(provider, allow_vaes)) {
    provider = std::move(wrapped);
    return true;
  }
#endif
  return false;
}

}  // namespace

ProviderPtr make_provider(std::string_view choice) {
  if (choice != "auto" && choice != "openssl") return nullptr;
  ProviderPtr provider = std::make_unique<OpenSslProvider>();
  if (choice == "openssl") return provider;
  wrap_ipsecmb(provider);
  wrap_x86(provider, true);
  return provider;
}

std::vector<ProviderPtr> all_providers() {
  std::vector<ProviderPtr> all;
  all.push_back(std::make_unique<OpenSslProvider>());
  ProviderPtr next = std::make_unique<OpenSslProvider>();
  if (wrap_ipsecmb(next)) all.push_back(std::move(next));
  for (const bool allow_vaes : {false, true}) {
    next = std::make_unique<OpenSslProvider>();
    if (wrap_x86(next, allow_vaes)) all.push_back(std::move(next));
  }
  all.push_back(make_provider("auto"));
  return all;
}

}  // namespace holdfast::platform
