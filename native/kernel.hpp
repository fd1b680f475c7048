// The contract between the bindings and the kernels: plain structures and a table of functions.
//
// Letters: T time steps, N batch, I input, H hidden, P the size of h. A call runs one layer in one
// direction. Strides are counted in elements. The last axis of every array is contiguous. The
// caller owns every buffer. Buffers do not overlap, except where it is said.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elman {

using Index = std::int64_t;

// An array of shape (T, N, ·), or null where that is allowed. With `offset` it has the valid rows
// of each step alone, step after step: rows of decreasing length, as torch's PackedSequence has
// them.
template <class Real>
struct Array3 {
  Real* data;
  Index t, n;                     // strides of the first two axes
  const Index* offset = nullptr;  // (T,) how many rows come before each step; or null

  Real* row(Index step, Index row) const {
    return data + (offset ? offset[step] * n : step * t) + row * n;
  }
};

// An array of shape (N, ·), or null where that is allowed.
template <class Real>
struct Array2 {
  Real* data;
  Index n;  // stride of the first axis

  Real* row(Index row) const { return data + row * n; }
};

// A packed K × n matrix: its values lie in the order in which a product reads them (see pack.hpp).
template <class Real>
struct Panels {
  const Real* data;
  Index K, n, gates;
};

// Which rows of the batch are valid at which step. Rows are visited by decreasing length, so that
// the rows that are valid at a step come first. All pointers are null if every row has T steps.
struct Schedule {
  Index T, N;
  const Index* lengths;  // (N,)
  const Index* order;    // (N,) rows by decreasing length
  const Index* active;   // (T + 1,) how many rows are valid at each step; 0 at the end
  const Index* offset;   // (T + 1,) how many (step, row) pairs come before each step
  bool reverse;

  Index row(Index i) const { return order ? order[i] : i; }
  Index length(Index i) const { return order ? lengths[order[i]] : T; }
  Index rows_at(Index step) const { return active ? active[step] : (step < T ? N : 0); }
  Index pairs_before(Index step) const { return offset ? offset[step] : step * N; }
  // The time of the i-th row's step-th step.
  Index time(Index i, Index step) const { return reverse ? length(i) - 1 - step : step; }
};

enum class Cell { elman_tanh, elman_relu, gru, lstm };

constexpr Index gates(Cell cell) {
  return cell == Cell::gru ? 3 : cell == Cell::lstm ? 4 : 1;
}

// How many values of a (step, row) pair forward keeps for backward. GRU keeps r, z, n and
// W_hn h + b_hn. LSTM keeps i, f, g, o and c. Elman keeps nothing, as its output is enough.
constexpr Index kept_values(Cell cell, Index H) {
  return cell == Cell::gru ? 4 * H : cell == Cell::lstm ? 5 * H : 0;
}

// A weight's gradient is summed over so many pairs at a time; see pair_blocks.hpp.
constexpr Index pairs_per_block = 256;

// How a caller breaks off a long call. The call asks about every 50 ms, in the caller's thread, and
// other threads of the call may wait meanwhile. Short calls never ask.
struct Interrupt {
  bool (*asked)(void* context);  // whether to break off
  void* context;
};

// How a call ended. Unless it is done, nothing is promised of its outputs.
enum class Outcome { done, no_memory, interrupted };

// Gates are in torch's order. P is H, or less with a projection.
template <class Real>
struct Forward {
  Schedule schedule;
  Index I, H, P;
  Panels<Real> weight_ih, weight_hh;  // (I × G·H), (P × G·H); gates of a unit side by side
  Panels<Real> weight_hr;             // (H × P), or null without a projection
  const Real* bias;                   // packed: b_ih + b_hh, for GRU b_ih; or null
  const Real* bias_hh;                // packed: for GRU b_hh; else null
  Array2<const Real> mask;            // (N, P): h is multiplied with it before W_hh; or null
  Array3<const Real> x;               // (T, N, I)
  Array2<const Real> h_0, c_0;        // (N, P), (N, H); c for an LSTM alone
  Array3<Real> output;                // (T, N, P)
  Array2<Real> h_n, c_n;              // (N, P), (N, H); may be h_0 and c_0
  Real* kept;                         // (pairs, kept_values), or null to keep nothing
  // Whether the first step reads the weights from the last column to the first.
  bool turned = false;
  const Interrupt* interrupt = nullptr;  // or null, if nobody is to be asked
};

template <class Real>
struct Backward {
  Schedule schedule;
  Index I, H, P;
  Panels<Real> weight_ih, weight_hh;  // untransposed: (G·H × I), (G·H × P)
  Panels<Real> weight_hr;             // untransposed: (P × H), or null
  Array2<const Real> mask;            // as in forward
  Array3<const Real> x;               // (T, N, I)
  Array2<const Real> h_0, c_0;
  Array3<const Real> output;  // as forward filled it
  const Real* kept;
  Array3<const Real> d_output;      // (T, N, P) or null
  Array2<const Real> d_h_n, d_c_n;  // (N, P), (N, H) or null
  Array3<Real> d_x;                 // (T, N, I) or null
  Array2<Real> d_h_0, d_c_0;
  // Gradients of parameters are added to what is there.
  Real *d_weight_ih, *d_weight_hh;  // (G·H, I), (G·H, P)
  Real* d_weight_hr;                // (P, H) or null
  Real *d_bias, *d_bias_hh;         // (G·H,); null for parameters that are not there
  const Interrupt* interrupt = nullptr;
};

// A linear layer: y = x Wᵀ + b for each of M rows, with K inputs and n outputs.
template <class Real>
struct LinearForward {
  Index M;
  Panels<Real> weight;   // Wᵀ, (K × n)
  const Real* bias;      // packed: (n,); or null
  Array2<const Real> x;  // (M, K)
  Array2<Real> y;        // (M, n)
  const Interrupt* interrupt = nullptr;
};

template <class Real>
struct LinearBackward {
  Index M;
  Panels<Real> weight;        // W, (n × K)
  Array2<const Real> x, d_y;  // (M, K), (M, n)
  Array2<Real> d_x;           // (M, K)
  // Gradients of parameters are added to what is there.
  Real* d_weight;  // (n, K)
  Real* d_bias;    // (n,), or null
  const Interrupt* interrupt = nullptr;
};

template <class Real>
struct Functions {
  // How many values a packed K × n matrix takes. Its columns are the gates of n / gates units.
  Index (*panel_size)(Index K, Index n, Index gates);
  // Pack the K × n matrix whose element (k, j) is w[j * K + k] if transposed, else w[k * n + j].
  // `panels` is aligned to 64 bytes.
  void (*pack)(const Real* w, bool transposed, Index K, Index n, Index gates, Real* panels,
               int threads);
  Outcome (*forward)(Cell, const Forward<Real>&, int threads);
  Outcome (*backward)(Cell, const Backward<Real>&, int threads);
  Outcome (*linear)(const LinearForward<Real>&, int threads);
  Outcome (*linear_backward)(const LinearBackward<Real>&, int threads);
};

// A region is work that several threads share: it begins when they start, and ends when the last
// one is done. The caller is the first of its threads. In nanoseconds:
struct Region {
  Index began, ended;
  Index took;    // how long the threads took together
  Index worked;  // how long the caller worked meanwhile
};

// What tests set on threads, and read of them. While all is 0, time decides as it should.
struct ThreadHooks {
  bool unthrottled;  // whether calls have all their threads, whatever regions have lost
  Index part_at;     // threads part at the first step that ends at this round of their barrier or
                     // later; -1: never; 0: once the caller has waited for too long
  Index regions;     // how many regions there were
  Index parted;      // how often threads parted, and the caller went on alone
};

struct Kernels {
  const char* isa;
  Functions<float> f32;
  Functions<double> f64;
  ThreadHooks* hooks;
  // Whether calls at the time `now` would have one thread, had there been these regions alone.
  bool (*throttled_after)(const Region* regions, Index count, Index now);

  template <class Real>
  const Functions<Real>& of() const;
};

template <>
inline const Functions<float>& Kernels::of<float>() const {
  return f32;
}
template <>
inline const Functions<double>& Kernels::of<double>() const {
  return f64;
}

// The kernels for this machine, or for the ISA that the environment's ELMAN_ISA names.
const Kernels& kernels();

}  // namespace elman
