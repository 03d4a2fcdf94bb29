// SPDX-License-Identifier: Apache-2.0
#include "wire/smb2/smb1_negotiate.h"
#include "wire/smb2/testing/fuzzing.h"
#include "wire/smb2/transport.h"

namespace holdfast::wire::smb2 {
namespace {

/// A compound of requests or responses, walked as a server walks it.
void walk(Bytes frame) {
  while (!frame.empty()) {
    testing::try_decode<Header>(frame);
    Header header;
    if (!decode(frame, header) || header.next_command > frame.size()) return;
    const Bytes message = header.next_command == 0 ? frame : frame.first(header.next_command);
    testing::Requests::for_each([&]<class T>() { testing::try_decode<T>(message); });
    if (header.next_command < kHeaderSize) return;
    frame = frame.subspan(header.next_command);
  }
}

void try_frame(Bytes stream) {
  FrameHeader frame;
  if (!decode(stream, frame)) return;
  HF_ASSERT(!print(frame).empty());
  std::uint8_t four[FrameHeader::kSize];
  encode(frame, four);
  HF_ASSERT(equal(four, stream.first(FrameHeader::kSize)));
  const Bytes rest = stream.subspan(FrameHeader::kSize);
  const Bytes content = rest.first(std::min<std::size_t>(frame.length, rest.size()));
  switch (protocol_of(content)) {
    case ProtocolId::kSmb1: {
      Smb1NegotiateRequest request;
      if (decode(content, request)) HF_ASSERT(!print(request).empty());
      return;
    }
    case ProtocolId::kSmb2: return walk(content);
    case ProtocolId::kTransform: return testing::try_decode<TransformHeader>(content);
    case ProtocolId::kCompression:
      testing::try_decode<CompressionTransformHeader>(content);
      return testing::try_decode<CompressionChain>(content);
    case ProtocolId::kUnknown: return;
  }
}

}  // namespace
}  // namespace holdfast::wire::smb2

/// A stream's first frame: transport header, protocol id, and what it says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::wire::smb2::try_frame({data, size});
  return 0;
}
