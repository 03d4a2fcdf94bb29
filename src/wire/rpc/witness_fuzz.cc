// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "wire/rpc/witness.h"

namespace {

using namespace holdfast;
using namespace holdfast::wire::rpc::witness;

void fuzz_register(Bytes stub, bool extended) {
  RegisterRequest request, again;
  if (!decode_register(stub, extended, request)) return;
  Buffer out;
  encode_register(request, extended, out);
  HF_ASSERT(decode_register(out.view(), extended, again) && again == request);
}

void fuzz_interfaces(Bytes stub) {
  InterfaceListResponse response, again;
  if (!decode_interface_list(stub, response) || response.status != error::kSuccess) return;
  Buffer out;
  encode_interface_list(response, out);
  HF_ASSERT(decode_interface_list(out.view(), again) && again.interfaces == response.interfaces);
}

void fuzz_notify(Bytes stub) {
  NotifyResponse response, again;
  if (!decode_notify_response(stub, response)) return;
  Buffer out;
  encode_notify_response(response, out);
  HF_ASSERT(decode_notify_response(out.view(), again));
  HF_ASSERT(again.notification == response.notification);
}

}  // namespace

/// First octet: which stub.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Bytes stub(data + 1, size - 1);
  switch (data[0] % 5) {
    case 0: fuzz_register(stub, false); break;
    case 1: fuzz_register(stub, true); break;
    case 2: fuzz_interfaces(stub); break;
    case 3: fuzz_notify(stub); break;
    case 4: {
      HandleResponse response;
      (void)decode_handle_response(stub, response);
    }
  }
  return 0;
}
