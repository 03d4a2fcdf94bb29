// SPDX-License-Identifier: Apache-2.0
#include "core/connection/negotiation.h"

#include <algorithm>
#include <optional>

namespace holdfast::core {
namespace {

namespace smb2 = wire::smb2;
using smb2::Dialect::kSmb202, smb2::Dialect::kSmb210, smb2::Dialect::kSmb300,
    smb2::Dialect::kSmb302, smb2::Dialect::kSmb311;

constexpr std::uint16_t kDialects[] = {kSmb311, kSmb302, kSmb300, kSmb210, kSmb202};

bool allowed(std::uint16_t dialect, const Policy& policy) {
  return dialect >= policy.min_dialect && dialect <= policy.max_dialect;
}

template <class T>
std::optional<T> first_common(const std::vector<T>& ours, const std::vector<T>& theirs) {
  for (T candidate : ours)
    if (std::find(theirs.begin(), theirs.end(), candidate) != theirs.end()) return candidate;
  return std::nullopt;
}

/// The one context of a type; fails when there are two (MS-SMB2 3.3.5.4).
Result<const smb2::NegotiateContext*> only(const smb2::NegotiateRequest& request,
                                           smb2::NegotiateContextType type) {
  const smb2::NegotiateContext* found = nullptr;
  for (const auto& context : request.negotiate_contexts) {
    if (context.context_type != type) continue;
    if (found != nullptr) return fail(NtStatus::kInvalidParameter);
    found = &context;
  }
  return found;
}

NtStatus check_preauth(const smb2::NegotiateRequest& request) {
  auto context = only(request, smb2::NegotiateContextType::kPreauthIntegrityCapabilities);
  if (!context || *context == nullptr) return NtStatus::kInvalidParameter;
  smb2::PreauthIntegrityCapabilities preauth;
  if (!decode((*context)->data, preauth)) return NtStatus::kInvalidParameter;
  const auto& hashes = preauth.hash_algorithms;
  return std::find(hashes.begin(), hashes.end(), smb2::kHashSha512) != hashes.end()
             ? NtStatus::kSuccess
             : NtStatus::kSmbNoPreauthIntegrityHashOverlap;
}

NtStatus choose_cipher(const smb2::NegotiateRequest& request, const Policy& policy,
                       Negotiated& out) {
  auto context = only(request, smb2::NegotiateContextType::kEncryptionCapabilities);
  if (!context) return context.error();
  if (*context == nullptr) return NtStatus::kSuccess;
  smb2::EncryptionCapabilities offered;
  if (!decode((*context)->data, offered) || offered.ciphers.empty())
    return NtStatus::kInvalidParameter;
  // A server that does not encrypt leaves the context out; one without a common cipher says 0.
  if (policy.encryption == Requirement::kOff) return NtStatus::kSuccess;
  out.sent_encryption_context = true;
  out.cipher = first_common(policy.ciphers, offered.ciphers).value_or(smb2::Cipher::kNone);
  return NtStatus::kSuccess;
}

NtStatus choose_signing(const smb2::NegotiateRequest& request, const Policy& policy,
                        Negotiated& out) {
  out.signing = smb2::SigningAlgorithm::kAesCmac;
  auto context = only(request, smb2::NegotiateContextType::kSigningCapabilities);
  if (!context) return context.error();
  if (*context == nullptr) return NtStatus::kSuccess;
  smb2::SigningCapabilities offered;
  if (!decode((*context)->data, offered) || offered.signing_algorithms.empty())
    return NtStatus::kInvalidParameter;
  if (auto common = first_common(policy.signing_algorithms, offered.signing_algorithms)) {
    out.sent_signing_context = true;
    out.signing = *common;
  }
  return NtStatus::kSuccess;
}

NtStatus choose_compression(const smb2::NegotiateRequest& request, const Policy& policy,
                            Negotiated& out) {
  auto context = only(request, smb2::NegotiateContextType::kCompressionCapabilities);
  if (!context) return context.error();
  if (*context == nullptr) return NtStatus::kSuccess;
  smb2::CompressionCapabilities offered;
  if (!decode((*context)->data, offered) || offered.compression_algorithms.empty())
    return NtStatus::kInvalidParameter;
  const auto& ours = policy.compression_algorithms;
  if (ours.empty()) return NtStatus::kSuccess;
  out.sent_compression_context = true;
  Compression& agreed = out.compression;
  agreed.chained = (offered.flags & smb2::CompressionCapabilities::kFlagChained) != 0;
  for (smb2::CompressionAlgorithm algorithm : offered.compression_algorithms) {
    if (std::find(ours.begin(), ours.end(), algorithm) == ours.end() || agreed.has(algorithm))
      continue;
    // Without chains there are no patterns. And only the first common algorithm is taken then: the
    // client of Linux 6.12 offers three and gives up when more than one comes back.
    if (!agreed.chained &&
        (algorithm == smb2::CompressionAlgorithm::kPatternV1 || !agreed.algorithms.empty()))
      continue;
    agreed.algorithms.push_back(algorithm);
  }
  return NtStatus::kSuccess;
}

// The version of the SMB3 POSIX extensions that clients ask for (SMB3 POSIX Extensions 2.2.3.1.1).
constexpr std::array<std::uint8_t, 16> kPosixExtensionsVersion = {
    0x93, 0xAD, 0x25, 0x50, 0x9C, 0xB4, 0x11, 0xE7, 0xB4, 0x23, 0x83, 0xDE, 0x96, 0x8B, 0xCD, 0x7C};

/// The data is a list of versions; ours must be among them.
NtStatus choose_posix(const smb2::NegotiateRequest& request, const Policy& policy,
                      Negotiated& out) {
  auto context = only(request, smb2::NegotiateContextType::kPosixExtensionsAvailable);
  if (!context) return context.error();
  if (*context == nullptr || !policy.posix_extensions) return NtStatus::kSuccess;
  Bytes versions = (*context)->data;
  for (; versions.size() >= kPosixExtensionsVersion.size();
       versions = versions.subspan(kPosixExtensionsVersion.size()))
    if (std::equal(kPosixExtensionsVersion.begin(), kPosixExtensionsVersion.end(),
                   versions.begin()))
      out.posix_extensions = true;
  return NtStatus::kSuccess;
}

NtStatus choose_contexts(const smb2::NegotiateRequest& request, const Policy& policy,
                         Negotiated& out) {
  if (auto rdma = only(request, smb2::NegotiateContextType::kRdmaTransformCapabilities); !rdma)
    return rdma.error();
  if (NtStatus s = check_preauth(request); s != NtStatus::kSuccess) return s;
  if (NtStatus s = choose_cipher(request, policy, out); s != NtStatus::kSuccess) return s;
  if (NtStatus s = choose_compression(request, policy, out); s != NtStatus::kSuccess) return s;
  if (NtStatus s = choose_posix(request, policy, out); s != NtStatus::kSuccess) return s;
  return choose_signing(request, policy, out);
}

void set_common(const Policy& policy, Negotiated& out) {
  out.server_security_mode = smb2::SecurityMode::kSigningEnabled;
  if (policy.signing == Requirement::kRequired)
    out.server_security_mode |= smb2::SecurityMode::kSigningRequired;
  if (policy.dfs) out.server_capabilities |= smb2::GlobalCap::kDfs;
  if (out.dialect >= kSmb210 && out.dialect != smb2::Dialect::kSmb2Wildcard) {
    out.server_capabilities |= smb2::GlobalCap::kLargeMtu | smb2::GlobalCap::kLeasing;
    out.max_transact = policy.max_transact_size;
    // Told only to clients that know of it: some others trip over the capability (impacket 0.10).
    if (out.dialect >= kSmb300)
      out.server_capabilities |= out.client_capabilities & smb2::GlobalCap::kDirectoryLeasing;
  }
  if (policy.persistent_handles && out.dialect >= kSmb300 &&
      out.dialect != smb2::Dialect::kSmb2Wildcard) {
    out.server_capabilities |= smb2::GlobalCap::kPersistentHandles;
  }
}

}  // namespace

Result<Negotiated> negotiate(const smb2::NegotiateRequest& request, const Policy& policy) {
  if (request.dialects.empty()) return fail(NtStatus::kInvalidParameter);
  Negotiated out;
  for (std::uint16_t dialect : kDialects)
    if (out.dialect == 0 && allowed(dialect, policy) && request.offers(dialect))
      out.dialect = dialect;
  if (out.dialect == 0) return fail(NtStatus::kNotSupported);
  out.client_guid = request.client_guid;
  out.client_capabilities = request.capabilities;
  out.client_security_mode = request.security_mode;
  out.client_dialects = request.dialects;
  set_common(policy, out);
  if (out.dialect >= kSmb300 && policy.multichannel &&
      (request.capabilities & smb2::GlobalCap::kMultiChannel) != 0)
    out.server_capabilities |= smb2::GlobalCap::kMultiChannel;
  if (out.dialect == kSmb311) {
    if (NtStatus s = choose_contexts(request, policy, out); s != NtStatus::kSuccess) return fail(s);
  } else if (out.dialect >= kSmb300) {
    out.signing = smb2::SigningAlgorithm::kAesCmac;
    if (policy.encryption != Requirement::kOff &&
        (request.capabilities & smb2::GlobalCap::kEncryption) != 0) {
      out.cipher = smb2::Cipher::kAes128Ccm;
      out.server_capabilities |= smb2::GlobalCap::kEncryption;
    }
  }
  return out;
}

Result<Negotiated> negotiate_smb1(const smb2::Smb1NegotiateRequest& request, const Policy& policy) {
  Negotiated out;
  if (request.offers_smb_2_wildcard() && policy.max_dialect > kSmb202) {
    out.dialect = smb2::Dialect::kSmb2Wildcard;
  } else if (request.offers_smb_2_002() && allowed(kSmb202, policy)) {
    out.dialect = kSmb202;
    out.client_dialects = {kSmb202};
  } else {
    return fail(NtStatus::kNotSupported);
  }
  set_common(policy, out);
  return out;
}

bool matches_negotiation(const Negotiated& agreed, std::uint32_t capabilities, const Guid& guid,
                         std::uint16_t security_mode, const std::vector<std::uint16_t>& dialects) {
  return agreed.client_capabilities == capabilities && agreed.client_guid == guid &&
         agreed.client_security_mode == security_mode && agreed.client_dialects == dialects;
}

NtStatus check_binding(const Negotiated& agreed, const Policy& policy, const Session& session) {
  bool gmac = agreed.signing == smb2::SigningAlgorithm::kAesGmac;
  bool session_has_gmac = session.signing == smb2::SigningAlgorithm::kAesGmac;
  if (session_has_gmac && !gmac) return NtStatus::kRequestOutOfSequence;
  if (gmac && !session_has_gmac) return NtStatus::kNotSupported;
  if (agreed.dialect < kSmb300 || agreed.dialect == smb2::Dialect::kSmb2Wildcard ||
      !policy.multichannel)
    return NtStatus::kRequestNotAccepted;
  if (agreed.dialect != session.dialect || agreed.cipher != session.cipher)
    return NtStatus::kInvalidParameter;
  return NtStatus::kSuccess;
}

void answer_negotiate(const Negotiated& agreed, const Policy& policy, Bytes token, NtTime now,
                      Bytes salt, NegotiateAnswer& out) {
  smb2::NegotiateResponse& r = out.response;
  r.security_mode = agreed.server_security_mode;
  r.dialect_revision = agreed.dialect;
  r.server_guid = policy.server_guid;
  r.capabilities = agreed.server_capabilities;
  r.max_transact_size = r.max_read_size = r.max_write_size = agreed.max_transact;
  r.system_time = now;
  r.security_buffer = token;
  if (agreed.dialect != kSmb311) return;
  auto add = [&r](smb2::NegotiateContextType type, const auto& value, ByteVec& storage) {
    Buffer octets;
    Writer writer(octets);
    encode(value, writer);
    storage = to_vec(octets);
    r.negotiate_contexts.push_back({type, storage});
  };
  add(smb2::NegotiateContextType::kPreauthIntegrityCapabilities,
      smb2::PreauthIntegrityCapabilities{{smb2::kHashSha512}, salt}, out.preauth);
  if (agreed.sent_encryption_context)
    add(smb2::NegotiateContextType::kEncryptionCapabilities,
        smb2::EncryptionCapabilities{{agreed.cipher}}, out.encryption);
  if (agreed.sent_compression_context) {
    // No common algorithm is said as NONE (MS-SMB2 3.3.5.4).
    smb2::CompressionCapabilities chosen;
    chosen.compression_algorithms = agreed.compression.algorithms;
    if (chosen.compression_algorithms.empty())
      chosen.compression_algorithms = {smb2::CompressionAlgorithm::kNone};
    if (agreed.compression.chained) chosen.flags = smb2::CompressionCapabilities::kFlagChained;
    add(smb2::NegotiateContextType::kCompressionCapabilities, chosen, out.compression);
  }
  if (agreed.sent_signing_context)
    add(smb2::NegotiateContextType::kSigningCapabilities,
        smb2::SigningCapabilities{{agreed.signing}}, out.signing);
  if (agreed.posix_extensions) {
    out.posix.assign(kPosixExtensionsVersion.begin(), kPosixExtensionsVersion.end());
    r.negotiate_contexts.push_back(
        {smb2::NegotiateContextType::kPosixExtensionsAvailable, out.posix});
  }
}

}  // namespace holdfast::core
