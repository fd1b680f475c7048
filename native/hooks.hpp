// Private hooks: what tests read of threads and set on them. Users have no part in it.
#pragma once

#include <nanobind/nanobind.h>

namespace elman {

void bind_hooks(nanobind::module_& m);

}  // namespace elman
