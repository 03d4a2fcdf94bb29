// SPDX-License-Identifier: Apache-2.0
#include <new>

#include "base/task.h"

namespace holdfast::task_detail {

// Weak: the simulator has its own, which know what still waits when a simulated process ends.
[[gnu::weak]] void* allocate_root(std::size_t size) { return ::operator new(size); }
[[gnu::weak]] void free_root(void* frame, std::size_t size) noexcept {
  ::operator delete(frame, size);
}

}  // namespace holdfast::task_detail
