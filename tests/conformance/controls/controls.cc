// SPDX-License-Identifier: Apache-2.0
#include "conformance/controls/controls.h"

#include <utility>

#include "service/server/driver.h"
#include "wire/smb2/read.h"

namespace holdfast::conformance {
namespace {

namespace smb2 = wire::smb2;
using service::Reply;
using service::Request;

constexpr std::uint32_t kFallSilent = 0x83848003;
constexpr std::uint32_t kPaddedAnswer = 0x83848013;
constexpr std::uint32_t kPadReads = 0x83848023;
constexpr std::uint32_t kSleep = 0x83848043;
constexpr std::uint32_t kNodeNumber = 0x83848083;
constexpr std::uint32_t kStopNode = 0x83848103;
constexpr std::uint32_t kStartNode = 0x83848203;

constexpr std::uint8_t kOnlyNode[] = {0};
constexpr std::size_t kPadding = 8;
constexpr std::uint8_t kFiller = 8;
constexpr std::uint64_t kMillisecond_us = 1000;
/// DataOffset in a READ response, one octet, and OutputOffset in an IOCTL response, from the SMB2
/// header (MS-SMB2 2.2.20, 2.2.32).
constexpr std::size_t kReadDataOffsetAt = smb2::kHeaderSize + 2;
constexpr std::size_t kIoctlOutputOffsetAt = smb2::kHeaderSize + 32;

bool is_control(std::uint32_t code) {
  switch (code) {
    case kFallSilent:
    case kPaddedAnswer:
    case kPadReads:
    case kSleep:
    case kNodeNumber:
    case kStopNode:
    case kStartNode: return true;
    default: return false;
  }
}

/// Moves the payload that begins at `offset` back by kPadding octets of zero; the octet that says
/// where it begins stands at `field`.
void pad(Buffer& message, std::size_t offset, std::size_t field) {
  if (message.size() <= offset) return;
  Buffer padded = core::new_message(message.size() + kPadding);
  padded.clear();
  padded.append(message.view().first(offset));
  padded.append_zeros(kPadding);
  padded.append(message.view().subspan(offset));
  padded.data()[field] = static_cast<std::uint8_t>(offset + kPadding);
  message = std::move(padded);
}

Reply answer(const smb2::IoctlRequest& query, Bytes output) {
  smb2::IoctlResponse response;
  response.ctl_code = query.ctl_code;
  response.file_id = query.file_id;
  response.output = output;
  return service::body_reply(response);
}

Reply padded_answer(const smb2::IoctlRequest& query) {
  if (!query.input.empty()) return service::error_reply(NtStatus::kInvalidParameter);
  ByteVec output(std::min<std::size_t>(query.max_output_response, 65536), kFiller);
  Reply reply = answer(query, output);
  pad(reply.message, smb2::IoctlResponse::kOutputOffset, kIoctlOutputOffsetAt);
  return reply;
}

/// Like a read that takes so long: the file must outlive a CLOSE that comes meanwhile.
Task<Reply> sleep(Request& r, const smb2::IoctlRequest& query) {
  if (query.input.size() != 1) co_return service::error_reply(NtStatus::kInvalidParameter);
  std::uint64_t delay_us = query.input[0] * kMillisecond_us;
  Result<core::OpenView> open = r.find_open(query.file_id);
  if (!open) co_return service::error_reply(open.error());
  if (open->file == nullptr) co_return service::error_reply(NtStatus::kInvalidDeviceRequest);
  Reply reply = answer(query, {});
  r.go_async();
  co_await ports::sleep_for(r.loop, delay_us);
  std::uint8_t octet = 0;
  auto read = co_await open->file->read(r.io(), 0, MutBytes(&octet, 1));
  if (!read) co_return service::error_reply(read.error());
  co_return reply;
}

}  // namespace

std::shared_ptr<ports::Stream> Controls::connected(ports::Executor& loop,
                                                   std::shared_ptr<ports::Stream> stream) {
  auto silent = std::make_shared<SilentStream>(loop, std::move(stream));
  Lock lock(mutex_);
  std::erase_if(peers_, [](const auto& peer) { return peer.second.stream.expired(); });
  peers_.insert_or_assign(silent->peer(), Peer{silent});
  return silent;
}

Task<Reply> Controls::handle(Request& r, service::Handler next) {
  smb2::IoctlRequest query;
  if (r.header.command == smb2::Command::kIoctl && decode(r.message, query) &&
      is_control(query.ctl_code)) {
    if (query.ctl_code == kFallSilent) co_return fall_silent(r, query);
    // The rest want a session and a tree: the server looks at both before it refuses the code.
    Reply refused = co_await next(r);
    if (!r.tree) co_return refused;
    co_return co_await control(r, query);
  }
  Reply reply = co_await next(r);
  if (dies_with_clients_ && r.header.command == smb2::Command::kCreate && r.session != nullptr)
    watch(r);
  if (r.header.command == smb2::Command::kRead && reply.status == NtStatus::kSuccess &&
      pads_reads(r.driver.peer()))
    pad(reply.message, smb2::ReadResponse::kDataOffset, kReadDataOffsetAt);
  co_return reply;
}

Task<Reply> Controls::control(Request& r, smb2::IoctlRequest query) {
  switch (query.ctl_code) {
    case kPaddedAnswer: co_return padded_answer(query);
    case kPadReads: {
      Lock lock(mutex_);
      peers_[r.driver.peer()].pads_reads = true;
      co_return answer(query, {});
    }
    case kNodeNumber: co_return answer(query, kOnlyNode);
    case kStopNode: {
      // It ends when the client has had this answer, and ends the connection by a broken message.
      Lock lock(mutex_);
      if (auto stream = peers_[r.driver.peer()].stream.lock()) stream->take_process_along();
      co_return answer(query, {});
    }
    case kStartNode: co_return answer(query, {});
    default: co_return co_await sleep(r, query);
  }
}

/// smbtorture sends it without a session.
Reply Controls::fall_silent(Request& r, const smb2::IoctlRequest& query) {
  if (!query.input.empty()) return service::error_reply(NtStatus::kInvalidParameter);
  Lock lock(mutex_);
  // In a later turn of the loop: this answer is the last that is confirmed.
  r.loop.post([weak = peers_[r.driver.peer()].stream] {
    if (auto stream = weak.lock()) stream->fall_silent();
  });
  return answer(query, {});
}

void Controls::watch(Request& r) {
  Lock lock(mutex_);
  auto stream = peers_[r.driver.peer()].stream.lock();
  if (stream == nullptr) return;
  stream->on_loss([&server = r.server, session = r.session->id] {
    for (core::OpenId open : server.opens().of_session(session))
      if (server.opens().outlives_server(open)) return true;
    return false;
  });
}

bool Controls::pads_reads(const ports::Endpoint& peer) {
  Lock lock(mutex_);
  auto found = peers_.find(peer);
  return found != peers_.end() && found->second.pads_reads;
}

}  // namespace holdfast::conformance
