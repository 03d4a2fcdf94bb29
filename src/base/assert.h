// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace holdfast {

/// Prints the expression and its place to stderr and aborts. Never returns.
[[noreturn]] void assert_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace holdfast

/// Checks what cannot happen. Stays on in production: a wrong server state must not touch data.
/// Never used on anything that came from the network, a file or an administrator.
#define HF_ASSERT(expression)                                                                      \
  (__builtin_expect(!(expression), 0) ? ::holdfast::assert_failed(#expression, __FILE__, __LINE__) \
                                      : void())
