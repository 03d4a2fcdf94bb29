// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/mutex.h"
#include "service/pipes/association_groups.h"
#include "service/pipes/rpc_interface.h"
#include "service/pipes/rpc_security.h"

namespace holdfast::service::pipes {

/// What an association is made of. Everything that is pointed to outlives it.
struct RpcPipeOptions {
  /// What bind_ack tells: "\\PIPE\\srvsvc", or the port over TCP.
  std::string secondary_address;
  /// Offered beside remote management. The first is the one that the pipe or port is for.
  std::vector<const Interface*> interfaces;
  ports::PipeClient client;
  /// This association's, not 0; taken when groups is null.
  std::uint32_t association_group = 1;
  /// Null: groups mean nothing, and any will do.
  AssociationGroups* groups = nullptr;
  /// Null: RPC security is refused.
  ports::Authenticator* authenticator = nullptr;
  /// Octets of one call.
  std::size_t max_call = limits::kMaxRpcCall;
  /// Set: calls may be answered later; called then, from the thread that answers.
  std::function<void()> on_late_answer;
};

/// The server's end of one association (C706 chapter 9, MS-RPCE 3.3.1.5): binding, security,
/// reassembly of calls, answers cut into fragments. A named pipe is one; a TCP connection has one
/// behind it (RpcListener). Each fragment of an answer is one message of the pipe.
///
/// Thread-safe: channels of one session run on different loops, and calls are answered late.
class RpcPipe final : public ports::Pipe,
                      public CallHost,
                      public std::enable_shared_from_this<RpcPipe> {
 public:
  RpcPipe(RpcPipeOptions options, ServerView& server);
  ~RpcPipe() override;

  /// kPipeDisconnected after a PDU that cannot belong to an association; kInsufficientResources
  /// when the client does not read its answers.
  Result<void> write(Bytes data) override;
  /// kPipeEmpty; kPipeDisconnected when there will never be anything again.
  Result<Chunk> read(std::size_t limit) override;
  std::size_t available() const override;

  /// The client is gone: calls that wait are given up. Nothing is answered any more.
  void close();
  /// For those who bound the time that associations take.
  struct Progress {
    /// Octets of a fragment or a call that is not complete are held.
    bool incomplete = false;
    bool authenticated = false;
    /// Calls that are answered later.
    std::size_t waiting_calls = 0;
  };
  Progress progress() const;

  std::shared_ptr<DeferredCall> defer(UniqueFunction on_cancel) override;
  std::uint32_t association_group() const override { return association_group_; }

 private:
  friend class LateCall;
  /// The call whose fragments arrive.
  struct Pending {
    std::uint32_t call_id = 0;
    std::uint16_t context_id = 0;
    std::uint16_t opnum = 0;
    ByteVec stub;
  };
  /// A call that is answered later.
  struct Waiting {
    std::uint32_t call_id = 0;
    std::uint16_t context_id = 0;
    UniqueFunction on_cancel;
  };

  /// Takes octets of the fragment that arrives; returns how many.
  std::size_t collect(Bytes data);
  void handle(MutBytes fragment);
  void handle_bind(const wire::rpc::Pdu& pdu);
  void handle_alter_context(const wire::rpc::Pdu& pdu);
  void handle_auth3(const wire::rpc::Pdu& pdu);
  void handle_request(MutBytes fragment, const wire::rpc::Pdu& pdu);
  void handle_cancel(MutBytes fragment, const wire::rpc::Pdu& pdu);
  /// A leg of the log-on, when the PDU has one.
  RpcSecurity::Leg security_leg(const wire::rpc::Pdu& pdu);
  void acknowledge(const wire::rpc::Pdu& pdu, const wire::rpc::Bind& bind,
                   const RpcSecurity::Leg& leg);
  const Interface* interface_of(const wire::rpc::SyntaxId& syntax) const;
  std::vector<wire::rpc::ContextResult> negotiate(const wire::rpc::Bind& bind);
  void accept_context(const wire::rpc::ContextElement& element, const Interface& wanted,
                      wire::rpc::ContextResult& result);
  void call(Pending pending);
  void respond(std::uint32_t call_id, std::uint16_t context_id, Bytes stub);
  void nak(const wire::rpc::Header& header, std::uint16_t reason);
  void fault(std::uint32_t call_id, std::uint16_t context_id, std::uint32_t status);
  void answer(ByteVec message);
  /// Answers a call that waits: its stub, or a fault.
  void answer_late(std::uint64_t id, Bytes stub, std::uint32_t fault_status);

  const RpcPipeOptions options_;
  ServerView& server_;

  mutable Mutex mutex_;
  // ---- guarded by mutex ----
  ports::PipeClient client_;
  std::uint32_t association_group_;
  RpcSecurity security_;
  ByteVec input_;
  std::size_t fragment_length_ = 0;
  std::optional<Pending> pending_;
  std::vector<std::pair<std::uint16_t, const Interface*>> contexts_;
  ContextHandles handles_;
  bool bound_ = false;
  bool broken_ = false;
  bool closed_ = false;
  std::uint16_t max_transmit_ = wire::rpc::kMinFragment;
  std::uint16_t max_receive_ = limits::kMaxRpcFragment;
  std::deque<ByteVec> answers_;
  /// Octets of answers_.front() that were read.
  std::size_t answer_offset_ = 0;
  std::size_t answers_size_ = 0;
  /// The call that is being made, while its operation runs.
  const Pending* current_ = nullptr;
  /// What defer() made of it; 0: nothing.
  std::uint64_t deferred_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t next_waiting_ = 1;
};

}  // namespace holdfast::service::pipes
