// SPDX-License-Identifier: Apache-2.0
#include "sim/client/client.h"

#include <algorithm>

#include "crypto/message_signature.h"
#include "sim/client/pending.h"
#include "wire/smb2/cancel.h"
#include "wire/smb2/error_response.h"
#include "wire/smb2/read.h"
#include "wire/smb2/transform.h"
#include "wire/smb2/transport.h"
#include "wire/smb2/write.h"

namespace holdfast::sim {

namespace smb2 = wire::smb2;
using smb2::Command, smb2::Header;
namespace Flags = smb2::HeaderFlags;

/// What the stream calls; outlived by nothing that matters once the client is gone.
struct Client::Handler final : ports::StreamHandler {
  explicit Handler(Client& owner) : client(&owner) {}
  MutBytes receive_target() override {
    return client == nullptr ? MutBytes{} : client->rest_of_long_frame();
  }
  void on_received(Bytes data) override {
    if (client != nullptr) client->received(data);
  }
  void on_closed(ports::CloseReason reason) override {
    if (client != nullptr) client->stream_closed(reason);
  }
  Client* client;
};

namespace {
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 5;
  for (char c : text) hash = mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}
}  // namespace

Client::Client(ClientWorld world, ClientOptions options)
    : world_(world),
      options_(std::move(options)),
      rng_(world.world.seed(), hash_of(options_.name)),
      random_(world.world.seed(), hash_of(options_.name) + 1) {
  guid_ = options_.guid == Guid{} ? random_.guid() : options_.guid;
}

Client::~Client() {
  if (handler_ != nullptr) handler_->client = nullptr;
  if (stream_ != nullptr && !closed_) stream_->abort();
}

bool Client::contradiction(const std::string& what) {
  if (options_.strict && !world_.world.failed()) world_.world.fail(options_.name + ": " + what);
  return false;
}

// ---- the connection ----

void Client::connect_transport() {
  if (handler_ != nullptr) handler_->client = nullptr;
  if (stream_ != nullptr && !closed_) stream_->abort();
  closed_ = false;
  in_.clear();
  long_frame_.clear();
  dialect_ = 0;
  capabilities_ = 0;
  max_transact_ = 65'536;
  cipher_ = smb2::Cipher::kNone;
  signing_ = smb2::SigningAlgorithm::kHmacSha256;
  compression_ = {};
  connection_preauth_ = {};
  session_id_ = 0;
  tree_id_ = 0;
  signer_ = session_signer_ = nullptr;
  seal_ = open_ = nullptr;
  open_before_.clear();
  credits_ = 1;
  next_message_id_ = 0;
  stream_ = world_.network.connect(
      world_.loop, ports::Endpoint::v4(198, 51, 100, static_cast<std::uint8_t>(rng_.below(250) + 1),
                                       static_cast<std::uint16_t>(rng_.between(1024, 65'000))));
  handler_ = std::make_shared<Handler>(*this);
  stream_->start(handler_);
}

void Client::disconnect() {
  if (connected()) stream_->close();
}
void Client::abort() {
  if (connected()) stream_->abort();
}

Task<void> Client::closed() {
  if (!connected()) co_return;
  OneShot<bool> end;
  waiting_for_close_.push_back(&end);
  (void)co_await end;
}

void Client::stream_closed(ports::CloseReason reason) {
  closed_ = true;
  world_.world.trace("client is disconnected", rng_.u64() & 0xFFFF,
                     static_cast<std::uint64_t>(reason));
  for (auto& [id, pending] : std::exchange(pending_, {}))
    world_.loop.post([p = pending] { p->outcome.set(lost_answer()); });
  for (OneShot<bool>* waiter : std::exchange(waiting_for_credits_, {}))
    world_.loop.post([waiter] { waiter->set(false); });
  for (OneShot<bool>* waiter : std::exchange(waiting_for_close_, {}))
    world_.loop.post([waiter] { waiter->set(true); });
}

// ---- requests ----

std::uint16_t Client::charge_of(const Part& part) const {
  if ((capabilities_ & smb2::GlobalCap::kLargeMtu) == 0)
    return dialect_ > smb2::Dialect::kSmb202 ? 1 : 0;
  return static_cast<std::uint16_t>(part.payload == 0 ? 1 : (part.payload - 1) / 65'536 + 1);
}

std::uint16_t Client::credits_to_ask(std::uint16_t charge) {
  if (options_.credits_wanted == 0) return static_cast<std::uint16_t>(rng_.between(1, 24));
  std::int64_t missing = std::max<std::int64_t>(options_.credits_wanted - credits_, 0);
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(missing, charge, 8'192));
}

Header Client::prepare(const Part& part, MutBytes message) {
  Header header;
  header.credit_charge = charge_of(part);
  header.command = part.command;
  header.credits = credits_to_ask(header.credit_charge);
  header.message_id = next_message_id_;
  header.reserved = 0xFEFF;
  header.session_id = session_id_;
  header.tree_id = tree_id_;
  if (part.replay) header.flags |= Flags::kReplayOperation;
  if (dialect_ >= smb2::Dialect::kSmb300) header.status = part.channel_sequence;
  if (part.related) {
    header.flags |= Flags::kRelatedOperations;
    if (rng_.one_in(2)) {
      header.session_id = ~0ull;
      header.tree_id = ~0u;
    }
  }
  next_message_id_ += std::max<std::uint64_t>(header.credit_charge, 1);
  Buffer octets(smb2::kHeaderSize);
  Writer writer(octets);
  encode(header, writer);
  std::copy_n(octets.data(), smb2::kHeaderSize, message.data());
  return header;
}

Buffer Client::seal(Buffer frame) {
  smb2::TransformHeader header;
  store_u64(header.nonce.data(), next_nonce_++);
  header.original_message_size = static_cast<std::uint32_t>(frame.size());
  header.session_id = session_id_;
  MutBytes message = frame.mut();
  Buffer octets(smb2::TransformHeader::kSize);
  Writer writer(octets);
  encode(header, writer);
  MutBytes place = frame.prepend(smb2::TransformHeader::kSize);
  std::copy_n(octets.data(), smb2::TransformHeader::kSize, place.data());
  Bytes nonce = Bytes(header.nonce).first(crypto::nonce_size(seal_->cipher()));
  seal_->seal(nonce, Bytes(place).subspan(smb2::TransformHeader::kNonceOffset, 32), message,
              place.subspan(4, 16));
  return frame;
}

/// MS-SMB2 3.2.4.1.9. Sometimes with the header and the fixed part of WRITE in front as they are,
/// sometimes all of it.
void Client::compress(Buffer& frame) {
  std::size_t lead = frame.size() % 2 == 0 ? smb2::WriteRequest::kDataOffset : 0;
  if (frame.size() < lead) return;
  auto small = core::compress_message(frame, lead, compression_, frame.headroom());
  if (!small) return;
  frame = std::move(*small);
  ++world_.counters.named["compressed requests"];
}

void Client::send_frame(std::vector<ByteVec> messages) {
  bool sealing = options_.seal && seal_ != nullptr;
  std::size_t size = 0;
  for (const ByteVec& m : messages) size += m.size() + 8;
  Buffer frame(size, smb2::TransformHeader::kSize + smb2::FrameHeader::kSize);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    ByteVec& message = messages[i];
    bool last = i + 1 == messages.size();
    if (!last) {
      message.resize((message.size() + 7) / 8 * 8);
      store_u32(message.data() + 20, static_cast<std::uint32_t>(message.size()));
    }
    // MS-SMB2 3.2.4.6: in the third octet of READ.
    if (!compression_.algorithms.empty() && message.size() > smb2::kHeaderSize + 3 &&
        load_u16(message.data() + 12) == static_cast<std::uint16_t>(Command::kRead))
      message[smb2::kHeaderSize + 3] |= smb2::ReadRequest::kFlagRequestCompressed;
    if (!sealing && signer_ != nullptr && message.size() >= smb2::kHeaderSize) {
      message[16] |= Flags::kSigned;
      crypto::sign_message(*signer_, message, false);
    }
    frame.append(message);
  }
  if (messages.size() == 1 && logged_on()) compress(frame);
  if (sealing && frame.size() != 0) frame = seal(std::move(frame));
  if (spoil_frame) spoil_frame(frame.mut());
  auto length = static_cast<std::uint32_t>(frame.size());
  smb2::encode(smb2::FrameHeader{0, length}, frame.prepend(smb2::FrameHeader::kSize));
  if (connected()) stream_->send(std::move(frame));
}

void Client::send_octets(Bytes content, std::uint32_t length) {
  Buffer frame(content.size(), smb2::FrameHeader::kSize);
  frame.append(content);
  smb2::encode(smb2::FrameHeader{0, length}, frame.prepend(smb2::FrameHeader::kSize));
  if (connected()) stream_->send(std::move(frame));
}

Task<bool> Client::await_credits(std::uint64_t charge) {
  while (connected() && credits_ < static_cast<std::int64_t>(charge)) {
    if (pending_.empty()) {
      contradiction("the server left the client without credits");
      co_return false;
    }
    OneShot<bool> more;
    waiting_for_credits_.push_back(&more);
    if (!co_await more) co_return false;
  }
  co_return connected();
}

Task<std::vector<Answer>> Client::compound(std::vector<Part> parts) {
  std::uint64_t charge = 0;
  for (const Part& part : parts) charge += std::max<std::uint64_t>(charge_of(part), 1);
  std::vector<Answer> answers(parts.size(), lost_answer());
  bool possible = co_await await_credits(charge);
  if (!possible) co_return answers;
  credits_ -= static_cast<std::int64_t>(charge);

  std::vector<std::unique_ptr<Pending>> waiting;
  std::vector<ByteVec> messages;
  for (Part& part : parts) {
    auto pending = std::make_unique<Pending>();
    pending->request = prepare(part, part.message);
    pending->session_id = session_id_;
    pending->tree_id = tree_id_;
    pending->sealed = options_.seal && seal_ != nullptr;
    pending->signer = signer_;
    pending->is_signed = !pending->sealed && signer_ != nullptr;
    pending->first_of_frame =
        waiting.empty() ? pending->request.message_id : waiting.front()->first_of_frame;
    pending_[pending->request.message_id] = pending.get();
    if (on_request) on_request(pending->request, part.message);
    world_.world.trace("request", static_cast<std::uint64_t>(part.command),
                       pending->request.message_id);
    if (world_.world.verbose())
      world_.world.note(options_.name + " > " + std::string(smb2::name_of(part.command)));
    ++world_.counters.requests;
    if (part.command == Command::kNegotiate)
      connection_preauth_.update(world_.crypto, part.message);
    if (part.command == Command::kSessionSetup) {
      // A binding is signed, and what is hashed is what goes over the wire.
      if (pending->is_signed) {
        part.message[16] |= Flags::kSigned;
        crypto::sign_message(*signer_, part.message, false);
      }
      session_preauth_.update(world_.crypto, part.message);
    }
    if (spoil_message) spoil_message(part.message);
    messages.push_back(std::move(part.message));
    waiting.push_back(std::move(pending));
  }
  send_frame(std::move(messages));
  for (std::size_t i = 0; i < waiting.size(); ++i) answers[i] = co_await waiting[i]->outcome;
  co_return answers;
}

Task<Answer> Client::call(Part part, std::uint64_t* message_id) {
  std::uint64_t charge = std::max<std::uint64_t>(charge_of(part), 1);
  bool possible = co_await await_credits(charge);
  if (!possible) co_return lost_answer();
  if (message_id != nullptr) *message_id = next_message_id_;
  std::vector<Part> one;
  one.push_back(std::move(part));
  std::vector<Answer> answers = co_await compound(std::move(one));
  co_return std::move(answers[0]);
}

void Client::cancel(std::uint64_t message_id) {
  auto found = pending_.find(message_id);
  if (found == pending_.end() || !connected()) return;
  const Pending& pending = *found->second;
  ByteVec message = message_of(smb2::CancelRequest{});
  Header header;
  header.command = Command::kCancel;
  header.message_id = message_id;
  header.session_id = pending.session_id;
  if (pending.async_id != 0) {
    header.flags = Flags::kAsyncCommand;
    header.async_id = pending.async_id;
  }
  Buffer octets(smb2::kHeaderSize);
  Writer writer(octets);
  encode(header, writer);
  std::copy_n(octets.data(), smb2::kHeaderSize, message.data());
  if (on_request) on_request(header, message);
  world_.world.trace("cancel", message_id, header.async_id);
  std::vector<ByteVec> one;
  one.push_back(std::move(message));
  send_frame(std::move(one));
}

}  // namespace holdfast::sim
