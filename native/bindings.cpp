// The module: networks, and what tells of the kernels.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "bound_linear.hpp"
#include "bound_network.hpp"
#include "hooks.hpp"
#include "masks.hpp"
#if defined(_OPENMP)
#include <omp.h>
#endif

namespace nb = nanobind;
using namespace nb::literals;

namespace elman {
namespace {

constexpr int summation_order = 1;  // raise it whenever a change may alter bits (see tile.hpp)

bool forked = false;  // OpenMP does not survive a fork: a child works on one thread

template <class Real>
void bind(nb::module_& m, const char* network, const char* run, const char* cell_run) {
  nb::class_<Run<Real>>(m, run)
      .def("backward", &Run<Real>::backward, "d_output"_a.none() = nb::none(),
           "d_state_n"_a.none() = nb::none(), "gradients"_a.none() = nb::none(), "of_x"_a = true)
      .def_prop_ro("workspace", &Run<Real>::workspace_array);
  nb::class_<CellRun<Real>>(m, cell_run)
      .def("backward", &CellRun<Real>::backward_cell, "d_state_n"_a.none());
  using Bound = BoundNetwork<Real>;
  nb::class_<Bound>(m, network)
      .def(nb::init<nb::list, nb::list, const std::string&, Index, Index, Index, bool, bool,
                    Index>(),
           "weights"_a, "initial"_a, nb::kw_only(), "cell"_a, "input_size"_a, "hidden_size"_a,
           "num_layers"_a, "bidirectional"_a, "bias"_a, "proj_size"_a)
      .def("run", &Bound::run, "x"_a.none(), "state"_a.none() = nb::none(),
           "lengths"_a.none() = nb::none(), "masks"_a.none() = nb::none(), "keep"_a = false,
           "batch_first"_a = false, "packed"_a = false)
      .def("resume", &Bound::resume, "x"_a, "state"_a.none(), "lengths"_a.none(), "masks"_a.none(),
           "batch_first"_a, "packed"_a, "output"_a, "workspace"_a)
      .def("holds", &Bound::holds, "weights"_a)
      .def("cell", &Bound::cell, "x"_a.none(), "state"_a.none() = nb::none(), "keep"_a = false)
      .def("step", &Bound::step, "x_t"_a.none(), "state"_a.none(), "out"_a.none() = nb::none())
      .def_prop_ro("weights", &Bound::weights)
      .def_prop_ro("initial", &Bound::initial)
      .def_prop_ro("kept_values", &Bound::kept_values);
}

template <class Real>
void bind_linear(nb::module_& m, const char* name) {
  using Bound = BoundLinear<Real>;
  nb::class_<Bound>(m, name)
      .def(nb::init<nb::handle, nb::handle>(), "weight"_a, "bias"_a.none())
      .def("run", &Bound::run, "x"_a.none())
      .def("backward", &Bound::backward, "x"_a.none(), "d_y"_a.none());
}

}  // namespace

int threads() {
#if defined(_OPENMP)
  if (!forked) return omp_get_max_threads();
#endif
  return 1;
}

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);  // what lives until the process ends is no leak
  // What is too long for a vector is too large for memory.
  nb::register_exception_translator([](const std::exception_ptr& error, void*) {
    try {
      std::rethrow_exception(error);
    } catch (const std::length_error&) {
      PyErr_NoMemory();
    }
  });
  kernels();  // fail when loaded, not when first called
  load_numpy();
  in_main_thread();  // note which thread handles signals
  bind<float>(m, "NetworkFloat32", "RunFloat32", "CellRunFloat32");
  bind<double>(m, "NetworkFloat64", "RunFloat64", "CellRunFloat64");
  bind_linear<float>(m, "LinearFloat32");
  bind_linear<double>(m, "LinearFloat64");
  m.def("dropout_mask_float32", &dropout_mask<float>, "bits"_a, "shape"_a, "p"_a);
  m.def("dropout_mask_float64", &dropout_mask<double>, "bits"_a, "shape"_a, "p"_a);
  m.def("isa", [] { return std::string(kernels().isa); });
  m.def("threads", &threads);
  bind_hooks(m);
  m.def("after_fork_in_child", [] {
    forked = true;
    main_thread_after_fork();
  });
  m.def("before_exit", &before_exit);
  m.attr("PAIRS_PER_BLOCK") = pairs_per_block;
  m.attr("SUMMATION_ORDER") = summation_order;
}

}  // namespace elman
