// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/printer.h"
#include "wire/smb2/testing/all_messages.h"

/// What every fuzzer of a decoder does with its input.
namespace holdfast::wire::smb2::testing {

/// Decodes; what decodes is printed, encoded and decoded again, and must then mean the same.
template <class T>
void try_decode(Bytes message) {
  T decoded;
  if (!decode(message, decoded)) return;
  HF_ASSERT(!print(decoded).empty());
  const ByteVec again = encoded(decoded);
  T twice;
  HF_ASSERT(decode(again, twice));
  HF_ASSERT(print_described(twice, "", Printer::Detail::kOctets) ==
            print_described(decoded, "", Printer::Detail::kOctets));
}

/// The first octet chooses the message, the rest is its body (behind 64 zero octets) or itself.
template <class List>
void try_chosen(Bytes input) {
  if (input.empty()) return;
  List::at(input[0] % List::kCount, [&]<class T>() {
    ByteVec message(wire_begin(static_cast<const T*>(nullptr)));
    message.insert(message.end(), input.begin() + 1, input.end());
    try_decode<T>(message);
  });
}

}  // namespace holdfast::wire::smb2::testing
