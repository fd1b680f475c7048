// Memory aligned for vectors, and on large pages where it is large: a matrix that is read again at
// every step then takes a few of the processor's page look-ups and not thousands, and new memory a
// few page faults.
#pragma once

#include <cstddef>

namespace elman {

// Null if there is none left.
void* allocate(std::size_t bytes);
void release(void* memory);

}  // namespace elman
