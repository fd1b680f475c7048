// nanobind: take exact arrays, release the GIL, call. Checking and allocating is Python's part.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "kernel.hpp"
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
template <class Real, int D>
using Contiguous = nb::ndarray<Real, nb::ndim<D>, nb::c_contig, nb::device::cpu>;
using Lengths = Contiguous<const Index, 1>;  // not valid for None, as every array that allows it

bool forked = false;  // OpenMP does not survive a fork: a child works on one thread

int threads() {
#if defined(_OPENMP)
  if (!forked) return omp_get_max_threads();
#endif
  return 1;
}

// A packed matrix that owns its memory.
template <class Real>
class Packed {
 public:
  // The matrix (n, K), or (K, n) if not transposed, as the K × n matrix that rows are multiplied
  // with.
  Packed(Array<const Real, 2> w, bool transpose)
      : K_(static_cast<Index>(w.shape(transpose ? 1 : 0))),
        n_(static_cast<Index>(w.shape(transpose ? 0 : 1))) {
    const Functions<Real>& f = kernels().of<Real>();
    const auto bytes = static_cast<size_t>(f.panel_size(K_, n_)) * sizeof(Real);
    data_.reset(static_cast<Real*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64)));
    if (!data_) throw std::bad_alloc();
    f.pack(w.data(), w.stride(transpose ? 1 : 0), w.stride(transpose ? 0 : 1), K_, n_, data_.get());
  }

  Panels<Real> panels() const { return {data_.get(), K_, n_}; }

 private:
  struct Free {
    void operator()(Real* p) const { std::free(p); }
  };
  Index K_, n_;
  std::unique_ptr<Real, Free> data_;
};

// A schedule and the memory behind it.
class OwnedSchedule {
 public:
  OwnedSchedule(Index T, Index N, const Lengths& lengths, bool reverse)
      : schedule_{T, N, nullptr, nullptr, nullptr, nullptr, reverse} {
    if (!lengths.is_valid()) return;
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

template <class Call, class Function>
void run(const Call& call, Function function) {
  bool done;
  {
    nb::gil_scoped_release release;
    done = function(call, threads());
  }
  if (!done) throw std::bad_alloc();
}

template <class Real>
void elman_forward(const Packed<Real>& weight_ih, const Packed<Real>& weight_hh,
                   Contiguous<const Real, 1> bias, bool relu, Array<const Real, 3> x,
                   Array<const Real, 2> h_0, Array<Real, 3> output, Array<Real, 2> h_n,
                   const Lengths& lengths, bool reverse) {
  const OwnedSchedule schedule(static_cast<Index>(x.shape(0)), static_cast<Index>(x.shape(1)),
                               lengths, reverse);
  run(ElmanForward<Real>{schedule.get(), weight_ih.panels().K, weight_hh.panels().K,
                         weight_ih.panels(), weight_hh.panels(),
                         bias.is_valid() ? bias.data() : nullptr,
                         relu ? Nonlinearity::relu : Nonlinearity::tanh, rows(x), rows(h_0),
                         rows(output), rows(h_n)},
      kernels().of<Real>().elman_forward);
}

template <class Real>
void elman_backward(const Packed<Real>& weight_ih, const Packed<Real>& weight_hh, bool relu,
                    Array<const Real, 3> x, Array<const Real, 2> h_0, Array<const Real, 3> output,
                    const Lengths& lengths, bool reverse, Array<const Real, 3> d_output,
                    Array<const Real, 2> d_h_n, Array<Real, 3> d_x, Array<Real, 2> d_h_0,
                    Contiguous<Real, 2> d_weight_ih, Contiguous<Real, 2> d_weight_hh,
                    Contiguous<Real, 1> d_bias) {
  const OwnedSchedule schedule(static_cast<Index>(x.shape(0)), static_cast<Index>(x.shape(1)),
                               lengths, reverse);
  run(ElmanBackward<Real>{schedule.get(), weight_ih.panels().n, weight_hh.panels().n,
                          weight_ih.panels(), weight_hh.panels(),
                          relu ? Nonlinearity::relu : Nonlinearity::tanh, rows(x), rows(h_0),
                          rows(output), rows(d_output), rows(d_h_n), rows(d_x), rows(d_h_0),
                          d_weight_ih.data(), d_weight_hh.data(), d_bias.data()},
      kernels().of<Real>().elman_backward);
}

template <class Real>
void bind(nb::module_& m, const char* packed) {
  nb::class_<Packed<Real>>(m, packed).def(nb::init<Array<const Real, 2>, bool>(), "w"_a.noconvert(),
                                          "transpose"_a);
  m.def("elman_forward", &elman_forward<Real>, "weight_ih"_a, "weight_hh"_a,
        "bias"_a.noconvert().none(), "relu"_a, "x"_a.noconvert(), "h_0"_a.noconvert(),
        "output"_a.noconvert(), "h_n"_a.noconvert(), "lengths"_a.noconvert().none(), "reverse"_a);
  m.def("elman_backward", &elman_backward<Real>, "weight_ih"_a, "weight_hh"_a, "relu"_a,
        "x"_a.noconvert(), "h_0"_a.noconvert(), "output"_a.noconvert(),
        "lengths"_a.noconvert().none(), "reverse"_a, "d_output"_a.noconvert().none(),
        "d_h_n"_a.noconvert().none(), "d_x"_a.noconvert(), "d_h_0"_a.noconvert(),
        "d_weight_ih"_a.noconvert(), "d_weight_hh"_a.noconvert(), "d_bias"_a.noconvert());
}

}  // namespace

NB_MODULE(_native, m) {
  kernels();  // fail when loaded, not when first called
  bind<float>(m, "PackedFloat32");
  bind<double>(m, "PackedFloat64");
  m.def("isa", [] { return std::string(kernels().isa); });
  m.def("threads", &threads);
  m.def("after_fork_in_child", [] { forked = true; });
  m.attr("SUMMATION_ORDER") = summation_order;
}

}  // namespace elman
