// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <vector>

#include "base/buffer.h"

namespace holdfast::platform {

/// Buffers that wait to be sent, in order. Octets that were handed out stay where they are until
/// consume() lets go of them. Costs no memory beyond itself while it is empty.
class SendQueue {
 public:
  void push(Buffer data) {
    if (data.empty()) return;
    octets_ += data.size();
    buffers_.push_back(std::move(data));
  }
  std::size_t octets() const { return octets_; }
  bool empty() const { return octets_ == 0; }

  /// Describes the first octets in at most max pieces; returns how many pieces.
  std::size_t fill(iovec* pieces, std::size_t max) const {
    std::size_t count = 0;
    for (std::size_t i = first_; i < buffers_.size() && count < max; ++i, ++count)
      pieces[count] = {const_cast<std::uint8_t*>(buffers_[i].data()), buffers_[i].size()};
    return count;
  }
  void copy_to(ByteVec& out) const {
    for (std::size_t i = first_; i < buffers_.size(); ++i)
      out.insert(out.end(), buffers_[i].data(), buffers_[i].data() + buffers_[i].size());
  }
  /// Forgets the first n octets.
  void consume(std::size_t n) {
    HF_ASSERT(n <= octets_);
    octets_ -= n;
    while (n != 0) {
      Buffer& front = buffers_[first_];
      if (front.size() > n) {
        front.remove_prefix(n);
        break;
      }
      n -= front.size();
      front = {};
      ++first_;
    }
    if (octets_ == 0) {
      clear();
    } else if (first_ >= 64 && first_ * 2 >= buffers_.size()) {
      buffers_.erase(buffers_.begin(), buffers_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
  }
  void clear() {
    octets_ = first_ = 0;
    if (buffers_.capacity() > 64) {
      std::vector<Buffer>().swap(buffers_);
    } else {
      buffers_.clear();
    }
  }

 private:
  std::vector<Buffer> buffers_;
  std::size_t first_ = 0;
  std::size_t octets_ = 0;
};

}  // namespace holdfast::platform
