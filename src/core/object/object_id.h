// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ports/vfs.h"

namespace holdfast::core {

/// What an open is of: a file system object, and which of its streams ("" = the unnamed one;
/// folded).
struct ObjectId {
  ports::FileKey key;
  std::string stream;
  bool operator==(const ObjectId&) const = default;
};

}  // namespace holdfast::core
