// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace holdfast::service {
class Interposer;
}

namespace holdfast::cli {

/// The whole program holdfastd: its exit status. interposer: null but in a build for tests.
int run_daemon(int argc, char** argv, service::Interposer* interposer);

}  // namespace holdfast::cli
