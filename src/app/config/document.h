// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace holdfast::app {

/// docs/configuration.md, from the schema.
std::string configuration_document();

/// A configuration file that has every key with its default, as a comment, and two example shares.
std::string configuration_example();

}  // namespace holdfast::app
