// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/rpc/pdu.h"
#include "wire/rpc/srvs.h"
#include "wire/rpc/wkst.h"

using namespace holdfast;
using namespace holdfast::wire::rpc;

namespace {

/// What decodes must encode, and the copy must decode to the same encoding.
template <class T>
void enumeration(Bytes stub) {
  NdrReader r(stub);
  const EnumResponse<T> answer = read_enum_response<T>(r);
  // Names become UTF-8 and back: only what was read completely is compared.
  if (!r.ok()) return;
  Buffer once(64), twice(64);
  NdrWriter first(once), second(twice);
  write_enum_response(first, answer);
  NdrReader again(once.view());
  write_enum_response(second, read_enum_response<T>(again));
  HF_ASSERT(again.ok() && equal(once.view(), twice.view()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes octets{data, size};
  enumeration<srvs::ShareInfo1>(octets);
  enumeration<srvs::ShareInfo502>(octets);
  enumeration<srvs::SessionInfo502>(octets);
  enumeration<srvs::FileInfo3>(octets);
  enumeration<srvs::ServerTransportInfo0>(octets);
  enumeration<wkst::WkstaUserInfo1>(octets);
  std::optional<Pdu> pdu = split_pdu(octets);
  if (!pdu) return 0;
  if (const auto bind = decode_bind(*pdu)) {
    const ByteVec once = encode_bind(pdu->header, *bind);
    HF_ASSERT(encode_bind(pdu->header, *decode_bind(*split_pdu(once))) == once);
  }
  if (const auto ack = decode_bind_ack(*pdu); ack && ack->secondary_address.size() < 256) {
    Header h;
    const ByteVec once = encode_bind_ack(h, *ack);
    HF_ASSERT(encode_bind_ack(h, *decode_bind_ack(*split_pdu(once))) == once);
  }
  (void)decode_bind_nak(*pdu);
  (void)decode_request(*pdu);
  (void)decode_response(*pdu);
  (void)decode_fault(*pdu);
  return 0;
}
