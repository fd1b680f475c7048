// A whole network in one call; see network.cpp.
#pragma once

#include <nanobind/nanobind.h>

namespace elman {

void bind_networks(nanobind::module_& m);

}  // namespace elman
