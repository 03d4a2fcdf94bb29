// SPDX-License-Identifier: Apache-2.0
#include "service/pipes/rpc_pipe.h"

#include <algorithm>

namespace holdfast::service::pipes {

namespace rpc = wire::rpc;
using rpc::ContextResult, rpc::PduType;

namespace {

constexpr std::uint8_t kRpcVersion = 5;
/// What may wait to be read, beyond which a client that only writes is refused.
constexpr std::size_t kMaxUnread = limits::kMaxRpcCall;

/// No security provider works on pipes: SMB has signed or sealed already. A trailer without
/// credentials or of type "none" asks for nothing.
bool wants_authentication(const rpc::Pdu& pdu) { return pdu.auth && pdu.auth->type != 0; }

}  // namespace

RpcPipe::RpcPipe(std::string name, const Interface& interface, ServerView& server,
                 ports::PipeClient client, std::uint32_t association_group)
    : name_(std::move(name)),
      interface_(interface),
      server_(server),
      client_(std::move(client)),
      association_group_(association_group) {}

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

void RpcPipe::handle(Bytes fragment) {
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
    case PduType::kRequest: return handle_request(*pdu);
    // The client gave up the call whose fragments it was sending (C706 12.6.4.11). Calls that are
    // complete were answered at once, so that there is nothing to cancel.
    case PduType::kOrphaned: pending_.reset(); return;
    case PduType::kCancel: return;
    // The last leg of an authentication that was never agreed on (MS-RPCE 3.3.1.5.2.1).
    case PduType::kAuth3: return;
    default: broken_ = true; return;
  }
}

/// MS-RPCE 3.3.1.5.2, 3.3.1.5.3; C706 12.6.4.3.
void RpcPipe::handle_bind(const rpc::Pdu& pdu) {
  std::optional<rpc::Bind> bind = rpc::decode_bind(pdu);
  if (!bind || bound_) return nak(pdu.header, rpc::nak_reason::kNotSpecified);
  if (wants_authentication(pdu)) return nak(pdu.header, rpc::nak_reason::kAuthenticationType);
  if (bind->max_receive < rpc::kMinFragment || bind->max_transmit < rpc::kMinFragment)
    return nak(pdu.header, rpc::nak_reason::kLocalLimitExceeded);
  bound_ = true;
  constexpr std::uint16_t kLargest = limits::kMaxRpcFragment;
  max_transmit_ = std::min(bind->max_receive, kLargest);
  max_receive_ = std::min(bind->max_transmit, kLargest);
  // A group joins associations that share context handles. There are none, so any group will do.
  if (bind->association_group != 0) association_group_ = bind->association_group;
  rpc::BindAck ack;
  ack.max_transmit = max_transmit_;
  ack.max_receive = max_receive_;
  ack.association_group = association_group_;
  ack.secondary_address = "\\PIPE\\" + name_;
  ack.results = negotiate(*bind);
  rpc::Header h;
  h.call_id = pdu.header.call_id;
  answer(rpc::encode_bind_ack(h, ack));
}

/// C706 12.6.4.1: further contexts for the same association.
void RpcPipe::handle_alter_context(const rpc::Pdu& pdu) {
  const rpc::Header& h = pdu.header;
  std::optional<rpc::Bind> bind = rpc::decode_bind(pdu);
  if (!bind || !bound_) return fault(h.call_id, 0, rpc::fault_status::kProtocolError);
  if (wants_authentication(pdu)) return fault(h.call_id, 0, rpc::fault_status::kAccessDenied);
  rpc::BindAck ack;
  ack.max_transmit = max_transmit_;
  ack.max_receive = max_receive_;
  ack.association_group = association_group_;
  ack.results = negotiate(*bind);
  rpc::Header answer_header;
  answer_header.type = PduType::kAlterContextResponse;
  answer_header.call_id = h.call_id;
  answer(rpc::encode_bind_ack(answer_header, ack));
}

const Interface* RpcPipe::interface_of(const rpc::SyntaxId& syntax) const {
  for (const Interface* offered : {&interface_, &kManagement})
    if (syntax.uuid == offered->syntax.uuid && syntax.version == offered->syntax.version)
      return offered;
  return nullptr;
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
    if (wanted == nullptr) {
      result.reason = ContextResult::kAbstractSyntaxNotSupported;
    } else if (std::find(syntaxes.begin(), syntaxes.end(), rpc::kNdr32) == syntaxes.end()) {
      result.reason = ContextResult::kTransferSyntaxesNotSupported;
    } else {
      auto known = std::find_if(contexts_.begin(), contexts_.end(),
                                [&](const auto& context) { return context.first == element.id; });
      if (known != contexts_.end()) {
        known->second = wanted;
      } else if (contexts_.size() < rpc::kMaxContexts) {
        contexts_.emplace_back(element.id, wanted);
      } else {
        result.reason = ContextResult::kLocalLimitExceeded;
        continue;
      }
      result.result = ContextResult::kAcceptance;
      result.transfer_syntax = rpc::kNdr32;
    }
  }
  return results;
}

/// C706 12.6.4.9 and 9.3.3.
void RpcPipe::handle_request(const rpc::Pdu& pdu) {
  const rpc::Header& h = pdu.header;
  std::optional<rpc::Request> request = rpc::decode_request(pdu);
  if (!request || !bound_) return fault(h.call_id, 0, rpc::fault_status::kProtocolError);
  const bool first = h.has(rpc::pfc::kFirstFragment);
  const bool continues = pending_ && pending_->call_id == h.call_id &&
                         pending_->context_id == request->context_id &&
                         pending_->opnum == request->opnum;
  if (wants_authentication(pdu) || (first ? pending_.has_value() : !continues)) {
    pending_.reset();
    return fault(h.call_id, request->context_id, rpc::fault_status::kProtocolError);
  }
  if (first) pending_ = Pending{h.call_id, request->context_id, request->opnum, {}};
  if (pending_->stub.size() + request->stub.size() > limits::kMaxRpcCall) {
    pending_.reset();
    return fault(h.call_id, request->context_id, rpc::fault_status::kNoMemory);
  }
  pending_->stub.insert(pending_->stub.end(), request->stub.begin(), request->stub.end());
  if (!h.has(rpc::pfc::kLastFragment)) return;
  Pending whole = std::move(*pending_);
  pending_.reset();
  call(std::move(whole));
}

void RpcPipe::call(Pending pending) {
  auto context = std::find_if(contexts_.begin(), contexts_.end(),
                              [&](const auto& known) { return known.first == pending.context_id; });
  if (context == contexts_.end())
    return fault(pending.call_id, pending.context_id, rpc::fault_status::kInvalidContextId);
  Operation operation = context->second->operation(pending.opnum);
  if (operation == nullptr)
    return fault(pending.call_id, pending.context_id, rpc::fault_status::kOperationRange);
  Buffer stub(1024);
  Call c{server_,   client_,    rpc::NdrReader(pending.stub), rpc::NdrWriter(stub),
         &handles_, &interface_};
  if (std::uint32_t status = operation(c); status != 0)
    return fault(pending.call_id, pending.context_id, status);

  // Every fragment but the last holds a multiple of eight octets of the stub (C706 12.6.4.10).
  const std::size_t room = (max_transmit_ - rpc::kResponseOverhead) / 8 * 8;
  Bytes rest = stub.view();
  bool first = true;
  do {
    Bytes part = rest.first(std::min(room, rest.size()));
    rpc::Header h;
    h.call_id = pending.call_id;
    h.flags = 0;
    if (first) h.flags |= rpc::pfc::kFirstFragment;
    if (part.size() == rest.size()) h.flags |= rpc::pfc::kLastFragment;
    answer(rpc::encode_response(
        h, {static_cast<std::uint32_t>(rest.size()), pending.context_id, part}));
    rest = rest.subspan(part.size());
    first = false;
  } while (!rest.empty());
}

}  // namespace holdfast::service::pipes
