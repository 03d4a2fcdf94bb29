// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace holdfast::cli {

/// docs/cli.md has them, too.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;
/// No server answers on the admin socket.
inline constexpr int kUnreachable = 3;

}  // namespace holdfast::cli
