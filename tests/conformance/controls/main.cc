// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "cli/run_daemon.h"
#include "conformance/controls/controls.h"

int main(int argc, char** argv) {
  holdfast::conformance::Controls controls(std::getenv("HOLDFAST_TEST_DIES_WITH_CLIENTS") !=
                                           nullptr);
  return holdfast::cli::run_daemon(argc, argv, &controls);
}
