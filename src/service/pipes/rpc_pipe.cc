// SPDX-License-Identifier: Apache-2.0
#include "service/pipes/rpc_pipe.h"

#include <algorithm>
#include <utility>

namespace holdfast::service::pipes {

namespace rpc = wire::rpc;
using rpc::ContextResult, rpc::PduType;

namespace {

constexpr std::uint8_t kRpcVersion = 5;
/// What may wait to be read, beyond which a client that only writes is refused.
constexpr std::size_t kMaxUnread = limits::kMaxRpcCall;

/// A trailer without credentials or of type "none" asks for nothing.
bool wants_authentication(const rpc::Pdu& pdu) {
  return pdu.auth && pdu.auth->type != rpc::auth_type::kNone;
}

}  // namespace

/// A DeferredCall; it may outlive its association.
class LateCall final : public DeferredCall {
 public:
  LateCall(std::weak_ptr<RpcPipe> pipe, std::uint64_t id) : pipe_(std::move(pipe)), id_(id) {}
  void answer(Bytes stub) override {
    if (auto pipe = pipe_.lock()) pipe->answer_late(id_, stub, 0);
  }
  void fault(std::uint32_t status) override {
    if (auto pipe = pipe_.lock()) pipe->answer_late(id_, {}, status);
  }

 private:
  std::weak_ptr<RpcPipe> pipe_;
  std::uint64_t id_;
};

RpcPipe::RpcPipe(RpcPipeOptions options, ServerView& server)
    : options_(std::move(options)),
      server_(server),
      client_(options_.client),
      association_group_(options_.groups == nullptr ? options_.association_group : 0),
      security_(options_.authenticator) {}

RpcPipe::~RpcPipe() { close(); }

void RpcPipe::close() {
  std::uint32_t group = 0;
  {
    Lock lock(mutex_);
    if (std::exchange(closed_, true)) return;
    broken_ = true;
    for (auto& [id, call] : std::exchange(waiting_, {})) call.on_cancel();
    if (options_.groups != nullptr) group = std::exchange(association_group_, 0);
  }
  if (group != 0) options_.groups->leave(group);
}

RpcPipe::Progress RpcPipe::progress() const {
  Lock lock(mutex_);
  return {!input_.empty() || pending_.has_value(), security_.established(), waiting_.size()};
}

std::shared_ptr<DeferredCall> RpcPipe::defer(UniqueFunction on_cancel) {
  // Called by an operation, so the lock is held.
  if (!options_.on_late_answer || current_ == nullptr || deferred_ != 0 ||
      waiting_.size() >= limits::kMaxRpcWaitingCalls)
    return nullptr;
  deferred_ = next_waiting_++;
  waiting_[deferred_] = {current_->call_id, current_->context_id, std::move(on_cancel)};
  return std::make_shared<LateCall>(weak_from_this(), deferred_);
}

void RpcPipe::answer_late(std::uint64_t id, Bytes stub, std::uint32_t fault_status) {
  {
    Lock lock(mutex_);
    auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    const std::uint32_t call_id = found->second.call_id;
    const std::uint16_t context_id = found->second.context_id;
    waiting_.erase(found);
    if (fault_status != 0)
      fault(call_id, context_id, fault_status);
    else
      respond(call_id, context_id, stub);
  }
  options_.on_late_answer();
}

Result<void> RpcPipe::write(Bytes data) {
  Lock lock(mutex_);
  while (!data.empty()) {
    if (broken_) return fail(NtStatus::kPipeDisconnected);
    if (answers_size_ > kMaxUnread) return fail(NtStatus::kInsufficientResources);
    data = data.subspan(collect(data));
    if (broken_ || input_.size() < rpc::kHeaderSize || input_.size() < fragment_length_) continue;
    handle(input_);
    input_.clear();
  }
  if (broken_) return fail(NtStatus::kPipeDisconnected);
  return {};
}

std::size_t RpcPipe::collect(Bytes data) {
  std::size_t wanted = input_.size() < rpc::kHeaderSize ? rpc::kHeaderSize : fragment_length_;
  std::size_t taken = std::min(wanted - input_.size(), data.size());
  input_.insert(input_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(taken));
  if (input_.size() == rpc::kHeaderSize && wanted == rpc::kHeaderSize) {
    fragment_length_ = rpc::decode_header(input_)->fragment_length;
    broken_ = fragment_length_ < rpc::kHeaderSize || fragment_length_ > max_receive_;
  }
  return taken;
}

Result<RpcPipe::Chunk> RpcPipe::read(std::size_t limit) {
  Lock lock(mutex_);
  if (answers_.empty()) return fail(broken_ ? NtStatus::kPipeDisconnected : NtStatus::kPipeEmpty);
  Bytes rest = Bytes(answers_.front()).subspan(answer_offset_);
  Chunk chunk;
  chunk.more = rest.size() > limit;
  chunk.data = to_vec(rest.first(std::min(limit, rest.size())));
  answers_size_ -= chunk.data.size();
  answer_offset_ += chunk.data.size();
  if (!chunk.more) {
    answers_.pop_front();
    answer_offset_ = 0;
  }
  return chunk;
}

std::size_t RpcPipe::available() const {
  Lock lock(mutex_);
  return answers_size_;
}

void RpcPipe::answer(ByteVec message) {
  answers_size_ += message.size();
  answers_.push_back(std::move(message));
}

void RpcPipe::nak(const rpc::Header& header, std::uint16_t reason) {
  rpc::Header h;
  h.call_id = header.call_id;
  answer(rpc::encode_bind_nak(h, {reason}));
}

void RpcPipe::fault(std::uint32_t call_id, std::uint16_t context_id, std::uint32_t status) {
  rpc::Header h;
  h.call_id = call_id;
  h.flags = rpc::pfc::kWhole | rpc::pfc::kDidNotExecute;
  answer(rpc::encode_fault(h, {context_id, status}));
}

void RpcPipe::handle(MutBytes fragment) {
  std::optional<rpc::Pdu> pdu = rpc::split_pdu(fragment);
  if (!pdu) {
    broken_ = true;
    return;
  }
  const rpc::Header& h = pdu->header;
  const bool speaks = h.version == kRpcVersion && h.version_minor <= 1;
  if (h.type == PduType::kBind && !speaks) return nak(h, rpc::nak_reason::kProtocolVersion);
  if (h.type == PduType::kBind && !h.supported_representation())
    return nak(h, rpc::nak_reason::kNotSpecified);
  if (!speaks) {
    broken_ = true;
    return;
  }
  if (!h.supported_representation()) return fault(h.call_id, 0, rpc::fault_status::kProtocolError);
  switch (h.type) {
    case PduType::kBind: return handle_bind(*pdu);
    case PduType::kAlterContext: return handle_alter_context(*pdu);
    case PduType::kRequest: return handle_request(fragment, *pdu);
    case PduType::kOrphaned:
    case PduType::kCancel: return handle_cancel(fragment, *pdu);
    case PduType::kAuth3: return handle_auth3(*pdu);
    default: broken_ = true; return;
  }
}

RpcSecurity::Leg RpcPipe::security_leg(const rpc::Pdu& pdu) {
  if (!wants_authentication(pdu)) return {};
  RpcSecurity::Leg leg = security_.take(*pdu.auth);
  if (leg.outcome == RpcSecurity::Leg::Outcome::kRefused)
    server_.logon_refused(client_.address, leg.reason);
  if (security_.established()) client_.identity = security_.identity();
  return leg;
}

/// MS-RPCE 3.3.1.5.2, 3.3.1.5.3; C706 12.6.4.3.
void RpcPipe::handle_bind(const rpc::Pdu& pdu) {
  std::optional<rpc::Bind> bind = rpc::decode_bind(pdu);
  if (!bind || bound_) return nak(pdu.header, rpc::nak_reason::kNotSpecified);
  if (bind->max_receive < rpc::kMinFragment || bind->max_transmit < rpc::kMinFragment)
    return nak(pdu.header, rpc::nak_reason::kLocalLimitExceeded);
  const RpcSecurity::Leg leg = security_leg(pdu);
  if (leg.outcome != RpcSecurity::Leg::Outcome::kGoesOn)
    return nak(pdu.header, rpc::nak_reason::kAuthenticationType);
  if (options_.groups != nullptr) {
    // A group joins the associations that share context handles; one that has gone is told, so
    // that the client begins anew.
    const std::optional<std::uint32_t> group = options_.groups->join(bind->association_group);
    if (!group) return nak(pdu.header, rpc::nak_reason::kNotSpecified);
    association_group_ = *group;
  } else if (bind->association_group != 0) {
    association_group_ = bind->association_group;
  }
  bound_ = true;
  constexpr std::uint16_t kLargest = limits::kMaxRpcFragment;
  max_transmit_ = std::min(bind->max_receive, kLargest);
  max_receive_ = std::min(bind->max_transmit, kLargest);
  acknowledge(pdu, *bind, leg);
}

/// C706 12.6.4.1: further contexts for the same association, or a further leg of its log-on
/// (MS-RPCE 3.3.1.5.2.1).
void RpcPipe::handle_alter_context(const rpc::Pdu& pdu) {
  const rpc::Header& h = pdu.header;
  std::optional<rpc::Bind> bind = rpc::decode_bind(pdu);
  if (!bind || !bound_) return fault(h.call_id, 0, rpc::fault_status::kProtocolError);
  // Security begins with the bind or not at all: one context for all calls.
  if (wants_authentication(pdu) && !security_.begun())
    return fault(h.call_id, 0, rpc::fault_status::kAccessDenied);
  const RpcSecurity::Leg leg = security_leg(pdu);
  if (leg.outcome != RpcSecurity::Leg::Outcome::kGoesOn)
    return fault(h.call_id, 0, rpc::fault_status::kAccessDenied);
  acknowledge(pdu, *bind, leg);
}

/// MS-RPCE 3.3.1.5.2.1: the last leg, which is not answered; a refusal is what the next call gets.
void RpcPipe::handle_auth3(const rpc::Pdu& pdu) {
  if (security_.begun()) (void)security_leg(pdu);
}

void RpcPipe::acknowledge(const rpc::Pdu& pdu, const rpc::Bind& bind, const RpcSecurity::Leg& leg) {
  const bool first = pdu.header.type == PduType::kBind;
  rpc::BindAck ack;
  ack.max_transmit = max_transmit_;
  ack.max_receive = max_receive_;
  ack.association_group = association_group_;
  if (first) ack.secondary_address = options_.secondary_address;
  ack.results = negotiate(bind);
  rpc::Header h;
  if (!first) h.type = PduType::kAlterContextResponse;
  h.call_id = pdu.header.call_id;
  if (first && wants_authentication(pdu) && pdu.header.has(rpc::pfc::kSupportHeaderSign)) {
    security_.sign_headers();
    h.flags |= rpc::pfc::kSupportHeaderSign;
  }
  if (options_.on_late_answer) h.flags |= pdu.header.flags & rpc::pfc::kConcurrentMultiplexing;
  ByteVec octets = rpc::encode_bind_ack(h, ack);
  if (!leg.token.empty()) rpc::append_auth(octets, security_.trailer(leg.token));
  answer(std::move(octets));
}

const Interface* RpcPipe::interface_of(const rpc::SyntaxId& syntax) const {
  auto is_it = [&](const Interface* offered) {
    return syntax.uuid == offered->syntax.uuid && syntax.version == offered->syntax.version;
  };
  for (const Interface* offered : options_.interfaces)
    if (is_it(offered)) return offered;
  return is_it(&kManagement) ? &kManagement : nullptr;
}

std::vector<ContextResult> RpcPipe::negotiate(const rpc::Bind& bind) {
  std::vector<ContextResult> results;
  for (const rpc::ContextElement& element : bind.contexts) {
    ContextResult& result = results.emplace_back();
    const auto& syntaxes = element.transfer_syntaxes;
    std::optional<std::uint8_t> features;
    if (syntaxes.size() == 1) features = rpc::asked_features(syntaxes[0]);
    if (features) {
      // An orphaned call leaves the pipe usable; security contexts there are none.
      result.result = ContextResult::kNegotiateAck;
      result.reason = *features & rpc::bind_feature::kKeepConnectionOnOrphan;
      continue;
    }
    const Interface* wanted = interface_of(element.abstract_syntax);
    result.result = ContextResult::kProviderRejection;
    if (wanted == nullptr)
      result.reason = ContextResult::kAbstractSyntaxNotSupported;
    else if (std::find(syntaxes.begin(), syntaxes.end(), rpc::kNdr32) == syntaxes.end())
      result.reason = ContextResult::kTransferSyntaxesNotSupported;
    else
      accept_context(element, *wanted, result);
  }
  return results;
}

void RpcPipe::accept_context(const rpc::ContextElement& element, const Interface& wanted,
                             ContextResult& result) {
  auto known = std::find_if(contexts_.begin(), contexts_.end(),
                            [&](const auto& context) { return context.first == element.id; });
  if (known != contexts_.end()) {
    known->second = &wanted;
  } else if (contexts_.size() < rpc::kMaxContexts) {
    contexts_.emplace_back(element.id, &wanted);
  } else {
    result.reason = ContextResult::kLocalLimitExceeded;
    return;
  }
  result.result = ContextResult::kAcceptance;
  result.transfer_syntax = rpc::kNdr32;
}

/// C706 12.6.4.9 and 9.3.3.
void RpcPipe::handle_request(MutBytes fragment, const rpc::Pdu& pdu) {
  const rpc::Header& h = pdu.header;
  if (!bound_) return fault(h.call_id, 0, rpc::fault_status::kProtocolError);
  // What is decoded below is in place, so that it is decrypted here.
  if (std::uint32_t status = security_.open(fragment, pdu); status != 0) {
    pending_.reset();
    fault(h.call_id, 0, status);
    // The two sides no longer count the same messages.
    broken_ = security_.established();
    return;
  }
  std::optional<rpc::Request> request = rpc::decode_request(pdu);
  if (!request) return fault(h.call_id, 0, rpc::fault_status::kProtocolError);
  const bool first = h.has(rpc::pfc::kFirstFragment);
  const bool continues = pending_ && pending_->call_id == h.call_id &&
                         pending_->context_id == request->context_id &&
                         pending_->opnum == request->opnum;
  if (first ? pending_.has_value() : !continues) {
    pending_.reset();
    return fault(h.call_id, request->context_id, rpc::fault_status::kProtocolError);
  }
  if (first) pending_ = Pending{h.call_id, request->context_id, request->opnum, {}};
  if (pending_->stub.size() + request->stub.size() > options_.max_call) {
    pending_.reset();
    return fault(h.call_id, request->context_id, rpc::fault_status::kNoMemory);
  }
  pending_->stub.insert(pending_->stub.end(), request->stub.begin(), request->stub.end());
  if (!h.has(rpc::pfc::kLastFragment)) return;
  Pending whole = std::move(*pending_);
  pending_.reset();
  call(std::move(whole));
}

/// C706 12.6.4.2 and 12.6.4.11: the client gave up a call. Of those whose fragments still come, and
/// those that wait for their answers; all others have been answered.
void RpcPipe::handle_cancel(MutBytes fragment, const rpc::Pdu& pdu) {
  if (wants_authentication(pdu) && security_.open(fragment, pdu) != 0) {
    broken_ = true;
    return;
  }
  const bool orphaned = pdu.header.type == PduType::kOrphaned;
  if (orphaned) pending_.reset();
  auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& entry) {
    return entry.second.call_id == pdu.header.call_id;
  });
  if (found == waiting_.end()) return;
  Waiting call = std::move(found->second);
  waiting_.erase(found);
  call.on_cancel();
  if (!orphaned) fault(call.call_id, call.context_id, rpc::fault_status::kCancelled);
}

void RpcPipe::call(Pending pending) {
  auto context = std::find_if(contexts_.begin(), contexts_.end(),
                              [&](const auto& known) { return known.first == pending.context_id; });
  if (context == contexts_.end())
    return fault(pending.call_id, pending.context_id, rpc::fault_status::kInvalidContextId);
  if (security_.level() < context->second->least_level)
    return fault(pending.call_id, pending.context_id, rpc::fault_status::kAccessDenied);
  Operation operation = context->second->operation(pending.opnum);
  if (operation == nullptr)
    return fault(pending.call_id, pending.context_id, rpc::fault_status::kOperationRange);
  Buffer stub(1024);
  const Interface* endpoint = options_.interfaces.empty() ? nullptr : options_.interfaces.front();
  Call c{server_,  client_, rpc::NdrReader(pending.stub), rpc::NdrWriter(stub), &handles_,
         endpoint, this};
  current_ = &pending;
  const std::uint32_t status = operation(c);
  current_ = nullptr;
  const std::uint64_t deferred = std::exchange(deferred_, 0);
  if (status != 0) {
    waiting_.erase(deferred);
    return fault(pending.call_id, pending.context_id, status);
  }
  if (deferred == 0) respond(pending.call_id, pending.context_id, stub.view());
}

void RpcPipe::respond(std::uint32_t call_id, std::uint16_t context_id, Bytes stub) {
  // Every fragment but the last holds a multiple of eight octets of the stub (C706 12.6.4.10), and
  // one of sixteen is not padded before a trailer.
  const std::size_t room = (max_transmit_ - rpc::kResponseOverhead - security_.overhead()) /
                           rpc::kAuthAlignment * rpc::kAuthAlignment;
  Bytes rest = stub;
  bool first = true;
  do {
    Bytes part = rest.first(std::min(room, rest.size()));
    rpc::Header h;
    h.call_id = call_id;
    h.flags = 0;
    if (first) h.flags |= rpc::pfc::kFirstFragment;
    if (part.size() == rest.size()) h.flags |= rpc::pfc::kLastFragment;
    ByteVec fragment =
        rpc::encode_response(h, {static_cast<std::uint32_t>(rest.size()), context_id, part});
    security_.close(fragment);
    answer(std::move(fragment));
    rest = rest.subspan(part.size());
    first = false;
  } while (!rest.empty());
}

}  // namespace holdfast::service::pipes
