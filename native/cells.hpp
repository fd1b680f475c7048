// The cells: what a row does with its finished sums at one time step, forward beside backward.
//
// Sums come in vectors, and the vectors of the gates of the same units lie side by side. d_a goes
// out gate by gate, in torch's order, like the gradients of the weights. Each function works on `n`
// units.
#pragma once

#include "activations.hpp"

namespace elman {
namespace ELMAN_ISA {

// One row of one step, forward. Pointers lead to the first unit that a function works on.
template <class Real>
struct Step {
  const Real* sums;      // finished sums of x and h; for GRU of x alone
  const Real* sums_h;    // for GRU, the sums of h
  const Real* h_before;  // for GRU
  Real* h;               // h_t, or o tanh(c) where a projection follows
  Real* c;               // for LSTM, c_{t-1}, which becomes c_t
  Real* kept;            // what backward needs: gate k of unit j at [k * H + j]; or null
  Index H;
};

// One row of one step, backward.
template <class Real>
struct StepBackward {
  const Real* d_h;       // gradient of what forward wrote to h, in whole vectors
  const Real* h;         // for Elman, what forward wrote to h
  const Real* h_before;  // for GRU
  const Real* c_before;  // for LSTM
  const Real* kept;
  Real* d_carried;  // gradient that goes to the step before: of c for LSTM, of z h for GRU
  Real* d_a;        // gradient of the sums, for GRU of those of h: gate k of unit j at [k * H + j]
  Real* d_a_n;      // for GRU, gradient of its third gate's sum of x
  Index H;
};

// h = phi(a) (Elman 1990).
template <bool relu_not_tanh>
struct Elman {
  static constexpr Cell cell = relu_not_tanh ? Cell::elman_relu : Cell::elman_tanh;

  template <class Real>
  static void forward(const Step<Real>& s, Index n) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> a = load(s.sums + j);
      store_first(s.h + j, relu_not_tanh ? relu<Real>(a) : tanh(a), n - j);
    }
  }

  // d_a = d_h phi'(a), with phi' from h: 1 - h² for tanh; for relu 0 where h <= 0, and otherwise 1,
  // also where h is NaN, so that NaN is not hidden.
  template <class Real>
  static void backward(const StepBackward<Real>& s, Index n) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> d_h = load(s.d_h + j), h = load_first(s.h + j, n - j);
      store_first(s.d_a + j, relu_not_tanh ? (h <= 0 ? V<Real>{} : d_h) : d_h * (1 - h * h), n - j);
    }
  }
};

// With a the sums of x and b those of h: r, z = σ(a + b), n = tanh(a + r b),
// h = (1 - z) n + z h_before (Cho et al. 2014). The reset r comes after the product, as in cuDNN
// and torch.
struct Gru {
  static constexpr Cell cell = Cell::gru;

  template <class Real>
  static void forward(const Step<Real>& s, Index n) {
    constexpr Index L = lanes<Real>;
    for (Index j = 0; j < n; j += L) {
      const Real *x = s.sums + 3 * j, *h = s.sums_h + 3 * j;
      const V<Real> r = sigmoid(load(x) + load(h));
      const V<Real> z = sigmoid(load(x + L) + load(h + L));
      const V<Real> q = load(h + 2 * L);
      const V<Real> new_h = tanh(fma(r, q, load(x + 2 * L)));
      const V<Real> h_before = load_first(s.h_before + j, n - j);
      store_first(s.h + j, fma(z, h_before - new_h, new_h), n - j);
      if (s.kept) {
        store_first(s.kept + j, r, n - j);
        store_first(s.kept + s.H + j, z, n - j);
        store_first(s.kept + 2 * s.H + j, new_h, n - j);
        store_first(s.kept + 3 * s.H + j, q, n - j);
      }
    }
  }

  template <class Real>
  static void backward(const StepBackward<Real>& s, Index n) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> r = load_first(s.kept + j, n - j), z = load_first(s.kept + s.H + j, n - j);
      const V<Real> new_h = load_first(s.kept + 2 * s.H + j, n - j);
      const V<Real> q = load_first(s.kept + 3 * s.H + j, n - j);
      const V<Real> h_before = load_first(s.h_before + j, n - j), d_h = load(s.d_h + j);
      const V<Real> d_n = d_h * (1 - z) * (1 - new_h * new_h);
      store_first(s.d_a + j, d_n * q * r * (1 - r), n - j);
      store_first(s.d_a + s.H + j, d_h * (h_before - new_h) * z * (1 - z), n - j);
      store_first(s.d_a + 2 * s.H + j, d_n * r, n - j);
      store_first(s.d_a_n + j, d_n, n - j);
      store_first(s.d_carried + j, d_h * z, n - j);
    }
  }
};

// i, f, o = σ(a), g = tanh(a), c = f c_before + i g, h = o tanh(c) (Hochreiter & Schmidhuber 1997,
// with the forget gate of Gers et al. 2000).
struct Lstm {
  static constexpr Cell cell = Cell::lstm;

  template <class Real>
  static void forward(const Step<Real>& s, Index n) {
    constexpr Index L = lanes<Real>;
    for (Index j = 0; j < n; j += L) {
      const Real* a = s.sums + 4 * j;
      const V<Real> i = sigmoid(load(a)), f = sigmoid(load(a + L));
      const V<Real> g = tanh(load(a + 2 * L)), o = sigmoid(load(a + 3 * L));
      const V<Real> c = fma(f, load_first(s.c + j, n - j), i * g);
      store_first(s.c + j, c, n - j);
      store_first(s.h + j, o * tanh(c), n - j);
      if (s.kept) {
        store_first(s.kept + j, i, n - j);
        store_first(s.kept + s.H + j, f, n - j);
        store_first(s.kept + 2 * s.H + j, g, n - j);
        store_first(s.kept + 3 * s.H + j, o, n - j);
        store_first(s.kept + 4 * s.H + j, c, n - j);
      }
    }
  }

  template <class Real>
  static void backward(const StepBackward<Real>& s, Index n) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> i = load_first(s.kept + j, n - j), f = load_first(s.kept + s.H + j, n - j);
      const V<Real> g = load_first(s.kept + 2 * s.H + j, n - j);
      const V<Real> o = load_first(s.kept + 3 * s.H + j, n - j);
      const V<Real> y = tanh(load_first(s.kept + 4 * s.H + j, n - j));
      const V<Real> d_h = load(s.d_h + j), c_before = load_first(s.c_before + j, n - j);
      const V<Real> d_c = fma(d_h * o, 1 - y * y, load_first(s.d_carried + j, n - j));
      store_first(s.d_a + j, d_c * g * i * (1 - i), n - j);
      store_first(s.d_a + s.H + j, d_c * c_before * f * (1 - f), n - j);
      store_first(s.d_a + 2 * s.H + j, d_c * i * (1 - g * g), n - j);
      store_first(s.d_a + 3 * s.H + j, d_h * y * o * (1 - o), n - j);
      store_first(s.d_carried + j, d_c * f, n - j);
    }
  }

  // Compute again what was projected: o tanh(c).
  template <class Real>
  static void unprojected(const Real* kept, Index H, Index n, Real* hidden) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> o = load_first(kept + 3 * H + j, n - j);
      store_first(hidden + j, o * tanh(load_first(kept + 4 * H + j, n - j)), n - j);
    }
  }
};

}  // namespace ELMAN_ISA
}  // namespace elman
