// nanobind: take exact arrays, release the GIL, call. Checking and allocating is Python's part.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <new>
#include <vector>

#include "hooks.hpp"
#include "network.hpp"
#include "packed.hpp"
#if defined(_OPENMP)
#include <omp.h>
#endif

namespace nb = nanobind;
using namespace nb::literals;

namespace elman {
namespace {

constexpr int summation_order = 1;  // raise it whenever a change may alter bits (see tile.hpp)

template <class Real, int D>
using Array = nb::ndarray<Real, nb::ndim<D>, nb::device::cpu>;
using Lengths = Contiguous<const Index, 1>;  // not valid for None, as every array that allows it

bool forked = false;  // OpenMP does not survive a fork: a child works on one thread

// A schedule and the memory behind it.
class OwnedSchedule {
 public:
  template <class Real>
  OwnedSchedule(const Array<const Real, 3>& x, const Lengths& lengths, bool reverse)
      : schedule_{static_cast<Index>(x.shape(0)),
                  static_cast<Index>(x.shape(1)),
                  nullptr,
                  nullptr,
                  nullptr,
                  nullptr,
                  reverse} {
    if (!lengths.is_valid()) return;
    const Index T = schedule_.T, N = schedule_.N;
    const Index* length = lengths.data();
    memory_.resize(static_cast<size_t>(N + 2 * (T + 1)), 0);
    Index *order = memory_.data(), *active = order + N, *offset = active + T + 1;
    // A stable counting sort: active[t] rows are longer than t.
    for (Index row = 0; row < N; ++row)
      if (length[row] > 0) ++active[length[row] - 1];
    for (Index t = T - 1; t >= 0; --t) active[t] += active[t + 1];
    std::vector<Index> next(active, active + T + 1);  // next[l]: place of the next row of length l
    for (Index row = 0; row < N; ++row) order[next[static_cast<size_t>(length[row])]++] = row;
    for (Index t = 0; t < T; ++t) offset[t + 1] = offset[t] + active[t];
    schedule_ = {T, N, length, order, active, offset, reverse};
  }

  const Schedule& get() const { return schedule_; }

 private:
  std::vector<Index> memory_;
  Schedule schedule_;
};

template <class Real>
Array3<Real> rows(const Array<Real, 3>& a) {
  return a.is_valid() ? Array3<Real>{a.data(), a.stride(0), a.stride(1)} : Array3<Real>{};
}
template <class Real>
Array2<Real> rows(const Array<Real, 2>& a) {
  return a.is_valid() ? Array2<Real>{a.data(), a.stride(0)} : Array2<Real>{};
}

template <class Any>
auto data_or_null(const Any& a) -> decltype(a.data()) {
  return a.is_valid() ? a.data() : nullptr;
}

template <class Function, class Call>
void run(Function function, Cell cell, const Call& call) {
  Outcome outcome;
  {
    nb::gil_scoped_release release;
    outcome = function(cell, call, threads());
  }
  if (outcome != Outcome::done) throw std::bad_alloc();
}

template <class Real>
void forward(int cell, const Packed<Real>& weight_ih, const Packed<Real>& weight_hh,
             const Packed<Real>* weight_hr, const Packed<Real>* bias, const Packed<Real>* bias_hh,
             Array<const Real, 2> mask, Array<const Real, 3> x, Array<const Real, 2> h_0,
             Array<const Real, 2> c_0, Array<Real, 3> output, Array<Real, 2> h_n,
             Array<Real, 2> c_n, Contiguous<Real, 2> kept, const Lengths& lengths, bool reverse) {
  const OwnedSchedule schedule(x, lengths, reverse);
  const Panels<Real> w_ih = weight_ih.panels(), w_hh = weight_hh.panels();
  const Forward<Real> call{schedule.get(),
                           w_ih.K,
                           w_ih.n / w_ih.gates,
                           w_hh.K,
                           w_ih,
                           w_hh,
                           panels_or_null(weight_hr),
                           panels_or_null(bias).data,
                           panels_or_null(bias_hh).data,
                           rows(mask),
                           rows(x),
                           rows(h_0),
                           rows(c_0),
                           rows(output),
                           rows(h_n),
                           rows(c_n),
                           data_or_null(kept)};
  run(kernels().of<Real>().forward, static_cast<Cell>(cell), call);
}

template <class Real>
void backward(int cell, const Packed<Real>& weight_ih, const Packed<Real>& weight_hh,
              const Packed<Real>* weight_hr, Array<const Real, 2> mask, Array<const Real, 3> x,
              Array<const Real, 2> h_0, Array<const Real, 2> c_0, Array<const Real, 3> output,
              Contiguous<const Real, 2> kept, const Lengths& lengths, bool reverse,
              Array<const Real, 3> d_output, Array<const Real, 2> d_h_n, Array<const Real, 2> d_c_n,
              Array<Real, 3> d_x, Array<Real, 2> d_h_0, Array<Real, 2> d_c_0,
              Contiguous<Real, 2> d_weight_ih, Contiguous<Real, 2> d_weight_hh,
              Contiguous<Real, 2> d_weight_hr, Contiguous<Real, 1> d_bias,
              Contiguous<Real, 1> d_bias_hh) {
  const OwnedSchedule schedule(x, lengths, reverse);
  const Panels<Real> w_ih = weight_ih.panels(), w_hh = weight_hh.panels();
  const Cell kind = static_cast<Cell>(cell);
  const Backward<Real> call{schedule.get(),
                            w_ih.n,
                            w_ih.K / gates(kind),
                            w_hh.n,
                            w_ih,
                            w_hh,
                            panels_or_null(weight_hr),
                            rows(mask),
                            rows(x),
                            rows(h_0),
                            rows(c_0),
                            rows(output),
                            data_or_null(kept),
                            rows(d_output),
                            rows(d_h_n),
                            rows(d_c_n),
                            rows(d_x),
                            rows(d_h_0),
                            rows(d_c_0),
                            d_weight_ih.data(),
                            d_weight_hh.data(),
                            data_or_null(d_weight_hr),
                            d_bias.data(),
                            data_or_null(d_bias_hh)};
  run(kernels().of<Real>().backward, kind, call);
}

template <class Real>
void bind(nb::module_& m, const char* packed) {
  nb::class_<Packed<Real>>(m, packed).def(nb::init<Contiguous<const Real, 2>, bool, Index>(),
                                          "w"_a.noconvert(), "transpose"_a, "gates"_a);
  m.def("forward", &forward<Real>, "cell"_a, "weight_ih"_a, "weight_hh"_a, "weight_hr"_a.none(),
        "bias"_a.none(), "bias_hh"_a.none(), "mask"_a.noconvert().none(), "x"_a.noconvert(),
        "h_0"_a.noconvert(), "c_0"_a.noconvert().none(), "output"_a.noconvert(),
        "h_n"_a.noconvert(), "c_n"_a.noconvert().none(), "kept"_a.noconvert().none(),
        "lengths"_a.noconvert().none(), "reverse"_a);
  m.def("backward", &backward<Real>, "cell"_a, "weight_ih"_a, "weight_hh"_a, "weight_hr"_a.none(),
        "mask"_a.noconvert().none(), "x"_a.noconvert(), "h_0"_a.noconvert(),
        "c_0"_a.noconvert().none(), "output"_a.noconvert(), "kept"_a.noconvert().none(),
        "lengths"_a.noconvert().none(), "reverse"_a, "d_output"_a.noconvert().none(),
        "d_h_n"_a.noconvert().none(), "d_c_n"_a.noconvert().none(), "d_x"_a.noconvert(),
        "d_h_0"_a.noconvert(), "d_c_0"_a.noconvert().none(), "d_weight_ih"_a.noconvert(),
        "d_weight_hh"_a.noconvert(), "d_weight_hr"_a.noconvert().none(), "d_bias"_a.noconvert(),
        "d_bias_hh"_a.noconvert().none());
}

}  // namespace

int threads() {
#if defined(_OPENMP)
  if (!forked) return omp_get_max_threads();
#endif
  return 1;
}

NB_MODULE(_native, m) {
  kernels();  // fail when loaded, not when first called
  bind<float>(m, "PackedFloat32");
  bind<double>(m, "PackedFloat64");
  bind_networks(m);
  m.def("isa", [] { return std::string(kernels().isa); });
  m.def("threads", &threads);
  bind_hooks(m);
  m.def("after_fork_in_child", [] { forked = true; });
  m.attr("SUMMATION_ORDER") = summation_order;
}

}  // namespace elman
