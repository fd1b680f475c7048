// Dropout masks: drawn from a bit generator of NumPy, and read for a run.
#pragma once

#include <algorithm>
#include <cmath>
#include <list>

#include "forms.hpp"
#include "gil.hpp"

namespace elman {

// A bit generator as NumPy's capsule "BitGenerator" holds it (numpy/random/bitgen.h).
struct BitGenerator {
  void* state;
  std::uint64_t (*next_uint64)(void*);
  std::uint32_t (*next_uint32)(void*);
  double (*next_double)(void*);
  std::uint64_t (*next_raw)(void*);
};

// A new array: 0 with probability p, else 1 / (1 - p). Where p is 0 or 1 nothing is drawn. The
// caller holds the bit generator's own lock.
template <class Real>
nanobind::object dropout_mask(nanobind::handle capsule, const nanobind::tuple& shape, double p) {
  const auto* bits =
      static_cast<BitGenerator*>(PyCapsule_GetPointer(capsule.ptr(), "BitGenerator"));
  if (!bits) throw nanobind::python_error();
  if (!(p >= 0 && p <= 1)) throw std::invalid_argument("p: expected a number in [0, 1]");
  nanobind::object mask = new_array<Real>(shape);
  View<Real> view;
  if (!view.take(mask, static_cast<int>(shape.size()), true)) throw std::bad_alloc();
  const double q = 1.0 - p;
  const Real scale = p == 1.0 ? Real(0) : Real(1) / static_cast<Real>(q);
  Real *to = view.data(), *const end = to + view.size();
  if (p == 0.0 || p == 1.0) {
    std::fill(to, end, scale);
    return mask;
  }
  // u < q for the number u of 53 random bits, over 2^53; the product is exact. A look-up, as a
  // processor cannot guess a branch.
  const std::uint64_t below = static_cast<std::uint64_t>(std::ceil(q * 9007199254740992.0));
  const Real values[] = {Real(0), scale};
  bool interrupted = false;
  {
    GilReleased without_lock;
    while (to != end && !interrupted) {
      for (Real* const pause = to + std::min<Index>(end - to, 1 << 18); to != pause; ++to)
        *to = values[(bits->next_uint64(bits->state) & 0x1fffffffffffff) < below];
      interrupted = to != end && in_main_thread() && signalled(&without_lock);
    }
  }
  if (interrupted) throw nanobind::python_error();
  return mask;
}

// Masks, as elman.kernels.Masks; they stay alive as long as this does.
template <class Real>
class Masks {
 public:
  // Read them, or what a function of (T, N, lengths) returns.
  void read(const Architecture& a, const Arguments<Real>& arguments, nanobind::handle given,
            Pass<Real>& pass) {
    if (given.is_none()) return;
    const Index T = arguments.T, N = arguments.N;
    nanobind::object masks = nanobind::borrow(given);
    if (!PyTuple_Check(given.ptr())) masks = given(T, N, arguments.array_of_lengths());
    if (masks.is_none()) return;
    if (!PyTuple_Check(masks.ptr()) || PyTuple_Size(masks.ptr()) != 2) fail();
    const nanobind::handle between = PyTuple_GetItem(masks.ptr(), 0);
    const nanobind::handle recurrent = PyTuple_GetItem(masks.ptr(), 1);
    if (!between.is_none())
      hold(between, pass.packed ? 2 : 3, a.L - 1, [&](const View<Real>& mask) {
        const Index size = a.output_size();
        if (pass.packed ? !mask.has_shape(pass.rows(), size) : !mask.has_shape(T, N, size)) fail();
        pass.between.push_back(
            pass.packed
                ? Array3<const Real>{mask.data(), 0, mask.stride(0), pass.schedules.offset()}
                : Array3<const Real>{mask.data(), mask.stride(0), mask.stride(1)});
      });
    if (!recurrent.is_none())
      hold(recurrent, 2, a.recurrences(), [&](const View<Real>& mask) {
        if (!mask.has_shape(N, a.P)) fail();
        pass.recurrent.push_back({mask.data(), mask.stride(0)});
      });
  }

 private:
  template <class Place>
  void hold(nanobind::handle list, int dims, Index count, const Place& place) {
    if (!PyList_CheckExact(list.ptr()) || PyList_Size(list.ptr()) != count) fail();
    for (Index i = 0; i < count; ++i)
      place(held_.emplace_back(PyList_GetItem(list.ptr(), i), dims));
  }
  [[noreturn]] static void fail() {
    throw std::invalid_argument(
        "masks: expected lists of arrays (T, N, D·P), or (pairs, D·P), and (N, P)");
  }

  std::list<View<Real>> held_;
};

}  // namespace elman
