// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

#include "ports/random.h"

namespace holdfast::cli {

/// The first line of a file ("-": standard input), without its end. The error is a sentence.
std::expected<std::string, std::string> read_password_file(const std::string& path);

/// HOLDFAST_PASSWORD, which is then gone from this process's environment; "" when there is none.
std::string take_password_from_environment();

/// Asks on the terminal, without echo; twice when confirm. The error is a sentence.
std::expected<std::string, std::string> prompt_password(const std::string& question, bool confirm);

/// 4 groups of 5 characters of which none looks like another: 99 bits.
std::string generate_password(ports::Random& random);

/// Whether passwords can be asked for: there is a terminal.
bool can_prompt();

}  // namespace holdfast::cli
