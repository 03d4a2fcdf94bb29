// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/mutex.h"
#include "service/pipes/rpc_interface.h"

namespace holdfast::service::pipes {

/// The server's end of one pipe with one RPC interface (C706 chapter 9, MS-RPCE 3.3.1.5): binding,
/// reassembly of calls, answers cut into fragments. One call at a time, without security of its
/// own: who calls is whoever logged on. Each fragment of an answer is one message of the pipe.
///
/// Thread-safe: channels of one session run on different loops.
class RpcPipe final : public ports::Pipe {
 public:
  /// name without backslash. interface and server outlive the pipe. association_group: this
  /// association's, not 0.
  RpcPipe(std::string name, const Interface& interface, ServerView& server,
          ports::PipeClient client, std::uint32_t association_group);

  /// kPipeDisconnected after a PDU that cannot belong to an association; kInsufficientResources
  /// when the client does not read its answers.
  Result<void> write(Bytes data) override;
  /// kPipeEmpty; kPipeDisconnected when there will never be anything again.
  Result<Chunk> read(std::size_t limit) override;
  std::size_t available() const override;

 private:
  /// The call whose fragments arrive.
  struct Pending {
    std::uint32_t call_id = 0;
    std::uint16_t context_id = 0;
    std::uint16_t opnum = 0;
    ByteVec stub;
  };

  /// Takes octets of the fragment that arrives; returns how many.
  std::size_t collect(Bytes data);
  void handle(Bytes fragment);
  void handle_bind(const wire::rpc::Pdu& pdu);
  void handle_alter_context(const wire::rpc::Pdu& pdu);
  void handle_request(const wire::rpc::Pdu& pdu);
  const Interface* interface_of(const wire::rpc::SyntaxId& syntax) const;
  std::vector<wire::rpc::ContextResult> negotiate(const wire::rpc::Bind& bind);
  void call(Pending pending);
  void nak(const wire::rpc::Header& header, std::uint16_t reason);
  void fault(std::uint32_t call_id, std::uint16_t context_id, std::uint32_t status);
  void answer(ByteVec message);

  const std::string name_;
  const Interface& interface_;
  ServerView& server_;
  const ports::PipeClient client_;
  std::uint32_t association_group_;

  mutable Mutex mutex_;
  // ---- guarded by mutex ----
  ByteVec input_;
  std::size_t fragment_length_ = 0;
  std::optional<Pending> pending_;
  std::vector<std::pair<std::uint16_t, const Interface*>> contexts_;
  ContextHandles handles_;
  bool bound_ = false;
  bool broken_ = false;
  std::uint16_t max_transmit_ = wire::rpc::kMinFragment;
  std::uint16_t max_receive_ = limits::kMaxRpcFragment;
  std::deque<ByteVec> answers_;
  /// Octets of answers_.front() that were read.
  std::size_t answer_offset_ = 0;
  std::size_t answers_size_ = 0;
};

}  // namespace holdfast::service::pipes
