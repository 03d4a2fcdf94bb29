// SPDX-License-Identifier: Apache-2.0
#include "cli/run_daemon.h"

int main(int argc, char** argv) { return holdfast::cli::run_daemon(argc, argv, nullptr); }
