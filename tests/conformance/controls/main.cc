// SPDX-License-Identifier: Apache-2.0
#include "cli/run_daemon.h"
#include "conformance/controls/controls.h"

int main(int argc, char** argv) {
  holdfast::conformance::Controls controls;
  return holdfast::cli::run_daemon(argc, argv, &controls);
}
