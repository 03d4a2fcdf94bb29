// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "wire/smb2/types.h"

namespace holdfast::sim {

/// What a file should hold. Octets whose value is not certain (a write failed half-way) are marked.
struct ModelData {
  ByteVec octets;
  std::vector<bool> unknown;

  void write(std::size_t offset, Bytes data, bool certain) {
    resize(std::max(octets.size(), offset + data.size()), true);
    for (std::size_t i = 0; i < data.size(); ++i) {
      octets[offset + i] = data[i];
      unknown[offset + i] = !certain;
    }
  }
  void resize(std::size_t size, bool certain) {
    octets.resize(size);
    unknown.resize(size, !certain);
  }
  /// Where `read` from offset on contradicts the model; npos: nowhere.
  std::size_t first_difference(std::size_t offset, Bytes read) const {
    for (std::size_t i = 0; i < read.size(); ++i)
      if (offset + i >= octets.size() || (!unknown[offset + i] && octets[offset + i] != read[i]))
        return offset + i;
    return std::string::npos;
  }
};

/// An object as one client, the only one who touches it, knows it.
struct ModelNode {
  std::string name;
  bool is_directory = false;
  ModelData data;
  std::map<std::string, ModelData> streams;
  std::map<std::string, ByteVec> eas;
  std::uint32_t attributes = 0;
  bool delete_pending = false;
  int handles = 0;
  ModelNode* parent = nullptr;
  /// By folded name.
  std::map<std::string, std::shared_ptr<ModelNode>> children;

  std::string path() const {
    if (parent == nullptr) return name;
    return parent->path() + "\\" + name;
  }
  bool any_open_below() const {
    for (const auto& [folded, child] : children)
      if (child->handles != 0 || child->any_open_below()) return true;
    return false;
  }
};
using ModelPtr = std::shared_ptr<ModelNode>;

}  // namespace holdfast::sim
