// SPDX-License-Identifier: Apache-2.0
#include "base/utf16.h"
#include "crypto/message_signature.h"
#include "service/logon/ntlm_client.h"
#include "sim/client/pending.h"
#include "wire/smb2/logoff.h"
#include "wire/smb2/session_setup.h"
#include "wire/smb2/tree_connect.h"
#include "wire/smb2/tree_disconnect.h"

namespace holdfast::sim {

namespace smb2 = wire::smb2;
using smb2::Command;

namespace {
template <class Body>
ByteVec octets_of(const Body& body) {
  Buffer buffer;
  Writer writer(buffer);
  encode(body, writer);
  return to_vec(buffer);
}
}  // namespace

Task<NtStatus> Client::connect() {
  connect_transport();
  co_return co_await negotiate();
}

smb2::NegotiateRequest Client::negotiate_request(std::vector<ByteVec>& storage) {
  smb2::NegotiateRequest request;
  request.security_mode = smb2::SecurityMode::kSigningEnabled;
  request.capabilities = smb2::GlobalCap::kLargeMtu | smb2::GlobalCap::kMultiChannel |
                         smb2::GlobalCap::kEncryption | options_.more_capabilities;
  request.client_guid = guid_;
  request.dialects = options_.dialects;
  if (!request.offers(smb2::Dialect::kSmb311)) return request;
  smb2::PreauthIntegrityCapabilities preauth;
  preauth.hash_algorithms = {smb2::kHashSha512};
  ByteVec salt(32);
  random_.fill(salt);
  preauth.salt = salt;
  storage.push_back(octets_of(preauth));
  request.negotiate_contexts.push_back(
      {smb2::NegotiateContextType::kPreauthIntegrityCapabilities, {}});
  if (!options_.ciphers.empty()) {
    storage.push_back(octets_of(smb2::EncryptionCapabilities{options_.ciphers}));
    request.negotiate_contexts.push_back({smb2::NegotiateContextType::kEncryptionCapabilities, {}});
  }
  if (!options_.compression.empty()) {
    storage.push_back(octets_of(smb2::CompressionCapabilities{
        options_.chained_compression ? smb2::CompressionCapabilities::kFlagChained : 0,
        options_.compression}));
    request.negotiate_contexts.push_back(
        {smb2::NegotiateContextType::kCompressionCapabilities, {}});
  }
  if (!options_.signing.empty()) {
    storage.push_back(octets_of(smb2::SigningCapabilities{options_.signing}));
    request.negotiate_contexts.push_back({smb2::NegotiateContextType::kSigningCapabilities, {}});
  }
  for (std::size_t i = 0; i < storage.size(); ++i) request.negotiate_contexts[i].data = storage[i];
  return request;
}

void Client::read_contexts(const smb2::NegotiateResponse& response) {
  // Without a context that says otherwise: AES-CMAC from 3.0 on (MS-SMB2 3.2.5.2).
  signing_ = dialect_ >= smb2::Dialect::kSmb300 ? smb2::SigningAlgorithm::kAesCmac
                                                : smb2::SigningAlgorithm::kHmacSha256;
  if (dialect_ >= smb2::Dialect::kSmb300 && dialect_ < smb2::Dialect::kSmb311 &&
      (capabilities_ & smb2::GlobalCap::kEncryption) != 0)
    cipher_ = smb2::Cipher::kAes128Ccm;
  for (const smb2::NegotiateContext& context : response.negotiate_contexts) {
    if (context.context_type == smb2::NegotiateContextType::kEncryptionCapabilities) {
      smb2::EncryptionCapabilities c;
      if (!decode(context.data, c) || c.ciphers.size() != 1) {
        contradiction("not one cipher in the answer to NEGOTIATE");
      } else {
        cipher_ = c.ciphers[0];
      }
    }
    if (context.context_type == smb2::NegotiateContextType::kCompressionCapabilities) {
      smb2::CompressionCapabilities c;
      if (!decode(context.data, c) || c.compression_algorithms.empty()) {
        contradiction("no compression algorithm in the answer to NEGOTIATE");
      } else if (c.compression_algorithms[0] != smb2::CompressionAlgorithm::kNone) {
        compression_.algorithms = c.compression_algorithms;
        compression_.chained = (c.flags & smb2::CompressionCapabilities::kFlagChained) != 0;
      }
    }
    if (context.context_type == smb2::NegotiateContextType::kSigningCapabilities) {
      smb2::SigningCapabilities c;
      if (!decode(context.data, c) || c.signing_algorithms.size() != 1) {
        contradiction("not one signing algorithm in the answer to NEGOTIATE");
      } else {
        signing_ = c.signing_algorithms[0];
      }
    }
  }
}

Task<NtStatus> Client::negotiate() {
  std::vector<ByteVec> storage;
  smb2::NegotiateRequest request = negotiate_request(storage);
  Answer answer = co_await call({Command::kNegotiate, message_of(request)});
  if (answer.status != NtStatus::kSuccess) co_return answer.status;
  smb2::NegotiateResponse response;
  if (!decode(answer.message, response)) co_return NtStatus::kInvalidNetworkResponse;
  dialect_ = response.dialect_revision;
  capabilities_ = response.capabilities;
  max_transact_ = response.max_transact_size;
  if (!request.offers(dialect_)) contradiction("a dialect that was not offered");
  if (response.max_read_size < 65'536 || response.max_write_size < 65'536)
    contradiction("a maximum below 64 KiB");
  if (response.security_buffer.empty()) contradiction("no security token in NEGOTIATE");
  read_contexts(response);
  co_return NtStatus::kSuccess;
}

Task<Answer> Client::setup_leg(ByteVec token, std::uint64_t previous, bool binding) {
  smb2::SessionSetupRequest request;
  if (binding) request.flags = smb2::SessionSetupRequest::kFlagBinding;
  request.security_mode = smb2::SecurityMode::kSigningEnabled;
  request.previous_session_id = previous;
  request.security_buffer = token;
  Answer answer = co_await call({Command::kSessionSetup, message_of(request)});
  if (!answer.lost && session_id_ == 0) session_id_ = answer.header.session_id;
  co_return answer;
}

bool Client::make_keys(Bytes session_key) {
  auto cipher = static_cast<crypto::Cipher>(
      cipher_ == smb2::Cipher::kNone ? smb2::Cipher::kAes128Ccm : cipher_);
  crypto::SessionKeys keys =
      crypto::derive_session_keys(world_.crypto, dialect_, session_key, cipher, session_preauth_);
  signer_ =
      world_.crypto.make_signer(static_cast<crypto::SigningAlgorithm>(signing_), keys.signing);
  if (cipher_ == smb2::Cipher::kNone) return true;
  // The server's view: it decrypts what the client seals.
  seal_ = world_.crypto.make_aead(cipher, keys.decryption_key());
  open_ = world_.crypto.make_aead(cipher, keys.encryption_key());
  return true;
}

service::NtlmClientOptions Client::who() const {
  service::NtlmClientOptions who;
  who.user = options_.user;
  who.password = options_.password;
  return who;
}

/// All legs; kSuccess only when the server has proved who it is, too.
Task<Answer> Client::authenticate(service::LogonClient& ntlm, std::uint64_t previous,
                                  bool binding) {
  Answer answer = co_await setup_leg(ntlm.first_token(), previous, binding);
  while (answer.status == NtStatus::kMoreProcessingRequired) {
    smb2::SessionSetupResponse response;
    Result<ByteVec> token = fail(NtStatus::kInvalidNetworkResponse);
    if (decode(answer.message, response)) token = ntlm.next_token(response.security_buffer);
    if (!token) {
      contradiction("a log-on token that the client does not understand");
      answer.status = token.error();
      co_return answer;
    }
    answer = co_await setup_leg(std::move(*token), previous, binding);
  }
  smb2::SessionSetupResponse response;
  if (answer.status == NtStatus::kSuccess &&
      (!decode(answer.message, response) || !ntlm.finish(response.security_buffer)))
    contradiction("the server's proof in the log-on is wrong");
  co_return answer;
}

Task<NtStatus> Client::logon_first_leg() {
  session_preauth_ = connection_preauth_;
  service::LogonClient ntlm(who(), world_.loop.clock(), random_);
  Answer answer = co_await setup_leg(ntlm.first_token(), 0);
  co_return answer.status;
}

Task<NtStatus> Client::logon(std::uint64_t previous) {
  session_preauth_ = connection_preauth_;
  session_id_ = 0;
  tree_id_ = 0;
  signer_ = nullptr;
  seal_ = open_ = nullptr;
  service::LogonClient ntlm(who(), world_.loop.clock(), random_);
  Answer answer = co_await authenticate(ntlm, previous, false);
  if (answer.status != NtStatus::kSuccess) {
    session_id_ = 0;
    co_return answer.status;
  }
  if (!make_keys(ntlm.session_key())) co_return NtStatus::kInternalError;
  if (!answer.header.is_signed() || !crypto::verify_message(*signer_, answer.message, true))
    contradiction("the last answer of the log-on has no right signature");
  session_signer_ = signer_;
  co_return NtStatus::kSuccess;
}

Task<NtStatus> Client::bind(SharedSession session) {
  session_preauth_ = connection_preauth_;
  session_id_ = session.session_id;
  // Until it has a key of its own, the session's signs (MS-SMB2 3.2.4.1.1).
  signer_ = session_signer_ = session.signer;
  seal_ = open_ = nullptr;
  service::LogonClient ntlm(who(), world_.loop.clock(), random_);
  Answer answer = co_await authenticate(ntlm, 0, true);
  if (answer.status != NtStatus::kSuccess) {
    if (!answer.lost && answer.status != NtStatus::kUserSessionDeleted &&
        (!answer.header.is_signed() ||
         !crypto::verify_message(*session.signer, answer.message, true)))
      contradiction("the refusal of a binding has no right signature");
    session_id_ = 0;
    signer_ = session_signer_ = nullptr;
    co_return answer.status;
  }
  signer_ = world_.crypto.make_signer(
      static_cast<crypto::SigningAlgorithm>(signing_),
      crypto::derive_signing_key(world_.crypto, dialect_, ntlm.session_key(), session_preauth_));
  if (!answer.header.is_signed() || !crypto::verify_message(*signer_, answer.message, true))
    contradiction("the last answer of the binding has no right signature");
  tree_id_ = session.tree_id;
  seal_ = session.seal;
  open_ = session.open;
  // One key for all channels: their nonces must differ.
  next_nonce_ = rng_.u64() << 16;
  co_return NtStatus::kSuccess;
}

Task<NtStatus> Client::logoff() {
  Answer answer = co_await call({Command::kLogoff, message_of(smb2::LogoffRequest{})});
  if (answer.status == NtStatus::kSuccess) {
    open_before_[session_id_] = open_;
    session_id_ = 0;
    tree_id_ = 0;
    signer_ = nullptr;
    seal_ = open_ = nullptr;
  }
  co_return answer.status;
}

Task<NtStatus> Client::tree_connect(std::string_view share) {
  smb2::TreeConnectRequest request;
  ByteVec path = to_utf16le("\\\\sim\\" + std::string(share));
  request.path_name = path;
  Answer answer = co_await call({Command::kTreeConnect, message_of(request)});
  if (answer.status == NtStatus::kSuccess) tree_id_ = answer.header.tree_id;
  co_return answer.status;
}

Task<NtStatus> Client::tree_disconnect() {
  Answer answer =
      co_await call({Command::kTreeDisconnect, message_of(smb2::TreeDisconnectRequest{})});
  if (answer.status == NtStatus::kSuccess) tree_id_ = 0;
  co_return answer.status;
}

}  // namespace holdfast::sim
