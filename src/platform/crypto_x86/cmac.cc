// SPDX-License-Identifier: Apache-2.0
#include "platform/crypto_x86/cmac.h"

#include <algorithm>
#include <cstring>

namespace holdfast::platform {

void CmacRun::start(const CmacKey& key, std::span<const Bytes> pieces) {
  key_ = &key;
  pieces_ = pieces;
  rest_ = {};
  left_ = 0;
  for (const Bytes piece : pieces) left_ += piece.size();
  last_done_ = false;
  data_ = nullptr;
  blocks_ = 0;
}

void CmacRun::skip_empty() {
  while (rest_.empty() && !pieces_.empty()) {
    rest_ = pieces_.front();
    pieces_ = pieces_.subspan(1);
  }
}

std::size_t CmacRun::gather(std::size_t wanted) {
  std::size_t have = 0;
  while (have < wanted) {
    skip_empty();
    const std::size_t n = std::min(rest_.size(), wanted - have);
    std::memcpy(carry_.data() + have, rest_.data(), n);
    rest_ = rest_.subspan(n);
    have += n;
  }
  left_ -= have;
  return have;
}

bool CmacRun::next() {
  if (last_done_) return false;
  if (left_ <= kAesBlock) {
    carry_.fill(0);
    const std::size_t size = gather(left_);
    if (size < kAesBlock) carry_[size] = 0x80;
    const auto& mask = size == kAesBlock ? key_->k1 : key_->k2;
    for (std::size_t i = 0; i < kAesBlock; ++i) carry_[i] ^= mask[i];
    data_ = carry_.data();
    blocks_ = 1;
    last_done_ = true;
    return true;
  }
  skip_empty();
  if (rest_.size() < kAesBlock) {
    gather(kAesBlock);
    data_ = carry_.data();
    blocks_ = 1;
    return true;
  }
  blocks_ = std::min(rest_.size(), left_ - 1) / kAesBlock;
  data_ = rest_.data();
  rest_ = rest_.subspan(blocks_ * kAesBlock);
  left_ -= blocks_ * kAesBlock;
  return true;
}

}  // namespace holdfast::platform
