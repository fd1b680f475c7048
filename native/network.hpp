// A network: all layers and directions, walked in one place, without Python.
//
// Letters: T time steps, N batch, I input, H hidden, P the size of h, L layers, D directions. A
// network has L·D recurrences; recurrence k = layer · D + direction.
#pragma once

#include <mutex>
#include <vector>

#include "memory.hpp"
#include "packed.hpp"
#include "schedules.hpp"

namespace elman {

// What a network is made of, as elman.kernels.Architecture in Python.
struct Architecture {
  Cell cell;
  Index I, H, P, L, D;
  bool bias, projected;

  bool pair() const { return cell == Cell::lstm; }
  Index recurrences() const { return L * D; }
  Index output_size() const { return D * P; }
  // How many values recurrence k reads at each step.
  Index inputs(Index k) const { return k < D ? I : D * P; }
};

// Arrays of all recurrences, (L·D, N, ·), or null.
template <class Real>
struct States {
  Real* data = nullptr;
  Index k = 0, n = 0;  // strides of the first two axes

  Array2<Real> of(Index recurrence) const {
    return data ? Array2<Real>{data + recurrence * k, n} : Array2<Real>{};
  }
};

template <class Real>
Array2<const Real> constant(const Array2<Real>& a) {
  return {a.data, a.n};
}
template <class Real>
Array3<const Real> constant(const Array3<Real>& a) {
  return {a.data, a.t, a.n, a.offset};
}
template <class Real>
States<const Real> constant(const States<Real>& a) {
  return {a.data, a.k, a.n};
}

// What one run reads and writes. The caller owns it all.
template <class Real>
struct Pass {
  explicit Pass(Schedules of) : schedules(std::move(of)) {}

  Schedules schedules;
  bool packed = false;          // whether arrays of steps have valid rows alone; see Array3
  Array3<const Real> x{};       // (T, N, I)
  States<const Real> h_0, c_0;  // (L·D, N, P), (L·D, N, H); c of an LSTM alone
  std::vector<Array3<const Real>> between;    // masks (T, N, D·P) on layers 1 … L - 1, or empty
  std::vector<Array2<const Real>> recurrent;  // masks (N, P) of each recurrence, or empty
  Array3<Real> output{};                      // (T, N, D·P)
  States<Real> h_n, c_n;                      // like h_0 and c_0; in a step they may be these
  bool keep = false;                          // whether backward may follow
  // A step of a stream: T = 1, D = 1, and h_n of each layer is the input of the next one.
  bool step = false;
  bool turned = false;  // which end of the weights a step reads first

  Real* workspace = nullptr;  // what stays from forward to backward; see Network::workspace_values

  Index T() const { return schedules.T(); }
  Index N() const { return schedules.N(); }
  // How many rows an array of steps has.
  Index rows() const { return packed ? schedules.pairs() : T() * N(); }
  // An array of steps in neighbouring memory.
  template <class Value>
  Array3<Value> steps(Value* data, Index width) const {
    return {data, N() * width, width, packed ? schedules.offset() : nullptr};
  }
};

// Gradients of one recurrence's parameters, which are added to. Null if it has no such parameter.
template <class Real>
struct ParameterGradients {
  Real *weight_ih = nullptr, *weight_hh = nullptr, *bias_ih = nullptr, *bias_hh = nullptr,
       *weight_hr = nullptr;
};

// What a backward reads and writes beside the run's Pass.
template <class Real>
struct BackwardPass {
  Array3<const Real> d_output{};    // (T, N, D·P) or null
  States<const Real> d_h_n, d_c_n;  // or null
  Array3<Real> d_x{};               // (T, N, I), or null if nobody wants it
  States<Real> d_h_0, d_c_0;
  std::vector<ParameterGradients<Real>> parameters;  // of each recurrence
};

// Weights that never change. Any thread may run them at any time, with Python's lock or without.
template <class Real>
class Network {
 public:
  // weights: in torch's order, in C order; they must stay alive as long as the network.
  Network(const Architecture& architecture, std::vector<const Real*> weights);

  const Architecture& architecture() const { return a_; }

  // How many values of workspace a pass needs: for the outputs of layers 0 … L - 2, for these times
  // their masks, and if keep, for what the kernels keep of each recurrence.
  Index workspace_values(const Pass<Real>& pass) const { return kept_at(pass, a_.recurrences()); }
  // Fill output, h_n and c_n, and what backward needs if keep. interrupt may be null.
  Outcome forward(Pass<Real>& pass, int threads, const Interrupt* interrupt) const;
  // Fill d_x, d_h_0 and d_c_0, add to the parameters' gradients. The run had keep.
  Outcome backward(const Pass<Real>& pass, const BackwardPass<Real>& gradients, int threads,
                   const Interrupt* interrupt) const;

 private:
  // The packed weights of one recurrence, for one of the two ways.
  struct Weights {
    Packed<Real> weight_ih, weight_hh, weight_hr, bias, bias_hh;
  };
  // Packed at the first use, by one thread; the others wait for it.
  struct Lazy {
    std::once_flag once;
    std::vector<Weights> weights;
  };

  const std::vector<Weights>& packed(Lazy& lazy, bool transposed, int threads) const;
  Weights pack(Index k, bool transposed, int threads) const;

  // Where in the workspace things begin. Each begins at a line of the cache.
  static Index lines(Index values) { return (values + 15) / 16 * 16; }
  Index between_layers(const Pass<Real>& pass) const {
    return lines(pass.rows() * a_.output_size());
  }
  Index inner_at(const Pass<Real>& pass, Index layer) const { return layer * between_layers(pass); }
  Index dropped_at(const Pass<Real>& pass, Index layer) const {
    return inner_at(pass, a_.L - 1 + layer);
  }
  Index kept_at(const Pass<Real>& pass, Index k) const {
    const Index kept = lines(pass.schedules.pairs() * kept_values(a_.cell, a_.H));
    const Index layers = pass.step ? 0 : a_.L - 1;
    return inner_at(pass, pass.between.empty() ? layers : 2 * layers) + (pass.keep ? k * kept : 0);
  }

  // Zero what lies between things, as nobody writes it, and a workspace may be read as a whole.
  void clear_gaps(const Pass<Real>& pass) const;

  Array3<Real> layer_output(const Pass<Real>& pass, Index layer) const;
  Array3<const Real> layer_input(const Pass<Real>& pass, Index layer) const;
  Array3<Real> output_of(const Pass<Real>& pass, Index k) const;
  template <class Call>
  Call call_of(const Pass<Real>& pass, const Weights& weights, Index k) const;

  const Architecture a_;
  const std::vector<const Real*> weights_;
  const Index per_recurrence_;  // how many parameters a recurrence has
  mutable Lazy forward_, backward_;
};

extern template class Network<float>;
extern template class Network<double>;

}  // namespace elman
