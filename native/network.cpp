#include "network.hpp"

#include <algorithm>
#include <chrono>

namespace elman {
namespace {

// body(row of a, row of b) for all rows of two arrays of steps, of which b has neighbouring rows of
// `size` values.
template <class Real, class A, class B, class Body>
void for_rows(const Pass<Real>& pass, const Array3<A>& a, B* b, Index size, const Body& body) {
  for (Index t = 0; t < pass.T(); ++t) {
    const Index rows = pass.packed ? pass.schedules.of(false).rows_at(t) : pass.N();
    for (Index n = 0; n < rows; ++n, b += size) body(a.row(t, n), b);
  }
}

// to = from * a mask, or to *= the mask where `from` is `to`. All of neighbouring rows.
template <class Real>
void multiply(const Pass<Real>& pass, const Real* from, Index mask, Index size, Real* to) {
  for_rows(pass, pass.between[static_cast<std::size_t>(mask)], to, size,
           [&](const Real* factors, Real* row) {
             for (Index i = 0; i < size; ++i) row[i] = from[i] * factors[i];
             from += size;
           });
}

// The rows of `from` in neighbouring memory are added to those of `to`.
template <class Real>
void add(const Pass<Real>& pass, const Real* from, Index size, const Array3<Real>& to) {
  for_rows(pass, to, from, size, [&](Real* row, const Real* more) {
    for (Index i = 0; i < size; ++i) row[i] += more[i];
  });
}

// Asks between recurrences, about every 50 ms, as the kernels do within one.
class BetweenCalls {
 public:
  explicit BetweenCalls(const Interrupt* interrupt)
      : interrupt_(interrupt), asked_(interrupt ? Clock::now() : Clock::time_point{}) {}
  bool interrupted() {
    if (!interrupt_) return false;
    const auto now = Clock::now();
    if (now - asked_ < std::chrono::milliseconds(50)) return false;
    asked_ = now;
    return interrupt_->asked(interrupt_->context);
  }

 private:
  using Clock = std::chrono::steady_clock;

  const Interrupt* const interrupt_;
  Clock::time_point asked_;
};

}  // namespace

template <class Real>
Network<Real>::Network(const Architecture& architecture, std::vector<const Real*> weights)
    : a_(architecture),
      weights_(std::move(weights)),
      per_recurrence_(static_cast<Index>(weights_.size()) / architecture.recurrences()) {}

template <class Real>
auto Network<Real>::pack(Index k, bool transposed, int threads) const -> Weights {
  const Real* const* w = weights_.data() + k * per_recurrence_;
  const Index G = gates(a_.cell), n = G * a_.H, I = a_.inputs(k), P = a_.P;
  const Index units = transposed ? G : 1;  // gates side by side in forward's panels alone
  const auto packed = [&](const Real* matrix, Index rows, Index columns, Index of_units) {
    return Packed<Real>(matrix, transposed, transposed ? columns : rows,
                        transposed ? rows : columns, of_units, threads);
  };
  Weights made;
  made.weight_ih = packed(w[0], n, I, units);
  made.weight_hh = packed(w[1], n, P, units);
  if (a_.projected) made.weight_hr = packed(w[per_recurrence_ - 1], P, a_.H, 1);
  if (!transposed || !a_.bias) return made;
  // A GRU's sums of x and of h stay apart, and so do their biases.
  if (a_.cell == Cell::gru) {
    made.bias = packed(w[2], n, 1, units);
    made.bias_hh = packed(w[3], n, 1, units);
  } else {
    const auto sum = memory<Real>(n);
    for (Index j = 0; j < n; ++j) sum[static_cast<std::size_t>(j)] = w[2][j] + w[3][j];
    made.bias = packed(sum.get(), n, 1, units);
  }
  return made;
}

template <class Real>
auto Network<Real>::packed(Lazy& lazy, bool transposed, int threads) const
    -> const std::vector<Weights>& {
  std::call_once(lazy.once, [&] {
    std::vector<Weights> made;
    for (Index k = 0; k < a_.recurrences(); ++k) made.push_back(pack(k, transposed, threads));
    lazy.weights = std::move(made);
  });
  return lazy.weights;
}

template <class Real>
void Network<Real>::clear_gaps(const Pass<Real>& pass) const {
  if (!pass.workspace) return;
  const auto clear = [&](Index used, Index next) {
    std::fill(pass.workspace + used, pass.workspace + next, Real(0));
  };
  const Index between = pass.rows() * a_.output_size();
  for (Index at = 0; at < kept_at(pass, 0); at += between_layers(pass))
    clear(at + between, at + between_layers(pass));
  const Index kept = pass.schedules.pairs() * kept_values(a_.cell, a_.H);
  for (Index k = 0; pass.keep && k < a_.recurrences(); ++k)
    clear(kept_at(pass, k) + kept, kept_at(pass, k + 1));
}

template <class Real>
Array3<Real> Network<Real>::layer_output(const Pass<Real>& pass, Index layer) const {
  if (layer == a_.L - 1 || pass.step) return pass.output;
  return pass.steps(pass.workspace + inner_at(pass, layer), a_.output_size());
}

template <class Real>
Array3<const Real> Network<Real>::layer_input(const Pass<Real>& pass, Index layer) const {
  if (layer == 0) return pass.x;
  if (pass.step) return {pass.h_n.of(layer - 1).data, 0, pass.h_n.n};
  if (pass.between.empty()) return constant(layer_output(pass, layer - 1));
  return constant(pass.steps(pass.workspace + dropped_at(pass, layer - 1), a_.output_size()));
}

// The part of its layer's output that recurrence k fills.
template <class Real>
Array3<Real> Network<Real>::output_of(const Pass<Real>& pass, Index k) const {
  Array3<Real> output = layer_output(pass, k / a_.D);
  output.data += k % a_.D * a_.P;
  return output;
}

// What a call of recurrence k's kernels, forward or backward, is told alike.
template <class Real>
template <class Call>
Call Network<Real>::call_of(const Pass<Real>& pass, const Weights& weights, Index k) const {
  Call call{};
  call.schedule = pass.schedules.of(k % a_.D == 1);
  call.I = a_.inputs(k), call.H = a_.H, call.P = a_.P;
  call.weight_ih = weights.weight_ih.panels();
  call.weight_hh = weights.weight_hh.panels();
  call.weight_hr = weights.weight_hr.panels();
  if (!pass.recurrent.empty()) call.mask = pass.recurrent[static_cast<std::size_t>(k)];
  call.x = layer_input(pass, k / a_.D);
  call.h_0 = pass.h_0.of(k), call.c_0 = pass.c_0.of(k);
  if (pass.keep) call.kept = pass.workspace + kept_at(pass, k);
  return call;
}

template <class Real>
Outcome Network<Real>::forward(Pass<Real>& pass, int threads, const Interrupt* interrupt) const {
  const std::vector<Weights>& weights = packed(forward_, true, threads);
  clear_gaps(pass);
  BetweenCalls between(a_.recurrences() > 1 ? interrupt : nullptr);
  for (Index k = 0; k < a_.recurrences(); ++k) {
    if (between.interrupted()) return Outcome::interrupted;
    const Index below = k / a_.D - 1;
    if (k >= a_.D && k % a_.D == 0 && !pass.between.empty())
      multiply(pass, pass.workspace + inner_at(pass, below), below, a_.output_size(),
               pass.workspace + dropped_at(pass, below));
    const Weights& of_k = weights[static_cast<std::size_t>(k)];
    auto call = call_of<Forward<Real>>(pass, of_k, k);
    call.bias = of_k.bias.panels().data, call.bias_hh = of_k.bias_hh.panels().data;
    call.output = output_of(pass, k);
    call.h_n = pass.h_n.of(k), call.c_n = pass.c_n.of(k);
    call.turned = pass.turned;
    call.interrupt = interrupt;
    const Outcome outcome = kernels().of<Real>().forward(a_.cell, call, threads);
    if (outcome != Outcome::done) return outcome;
  }
  return Outcome::done;
}

template <class Real>
Outcome Network<Real>::backward(const Pass<Real>& pass, const BackwardPass<Real>& gradients,
                                int threads, const Interrupt* interrupt) const {
  const std::vector<Weights>& weights = packed(backward_, false, threads);
  const Index rows = pass.rows(), G = gates(a_.cell);
  const Index width = a_.L > 1 ? a_.output_size() : 0;  // of what passes between layers
  const auto passed_on = memory<Real>(2 * rows * width);
  const auto of_reverse =
      memory<Real>(a_.D == 2 ? rows * std::max(gradients.d_x.data ? a_.I : 0, width) : 0);
  const auto no_bias = memory<Real>(a_.bias ? 0 : 2 * G * a_.H);
  std::fill_n(no_bias.get(), a_.bias ? 0 : 2 * G * a_.H, Real(0));

  BetweenCalls between(a_.recurrences() > 1 ? interrupt : nullptr);
  for (Index k = a_.recurrences() - 1; k >= 0; --k) {
    if (between.interrupted()) return Outcome::interrupted;
    const Index layer = k / a_.D, direction = k % a_.D, n = a_.inputs(k);
    const auto gradient_between = [&](Index above) -> Array3<Real> {
      return pass.steps(passed_on.get() + above % 2 * rows * width, width);
    };
    const Array3<Real> d_input = layer ? gradient_between(layer) : gradients.d_x;
    const bool of_x = d_input.data != nullptr;
    const ParameterGradients<Real>& of_k = gradients.parameters[static_cast<std::size_t>(k)];
    auto call = call_of<Backward<Real>>(pass, weights[static_cast<std::size_t>(k)], k);
    call.output = constant(output_of(pass, k));
    call.d_output = layer + 1 == a_.L ? gradients.d_output : constant(gradient_between(layer + 1));
    if (call.d_output.data) call.d_output.data += direction * a_.P;
    call.d_h_n = gradients.d_h_n.of(k), call.d_c_n = gradients.d_c_n.of(k);
    call.d_x = of_x && direction ? pass.steps(of_reverse.get(), n) : d_input;
    call.d_h_0 = gradients.d_h_0.of(k), call.d_c_0 = gradients.d_c_0.of(k);
    call.d_weight_ih = of_k.weight_ih, call.d_weight_hh = of_k.weight_hh;
    call.d_weight_hr = of_k.weight_hr;
    call.d_bias = a_.bias ? of_k.bias_ih : no_bias.get();
    call.d_bias_hh = a_.bias ? of_k.bias_hh : no_bias.get() + G * a_.H;
    call.interrupt = interrupt;
    const Outcome outcome = kernels().of<Real>().backward(a_.cell, call, threads);
    if (outcome != Outcome::done) return outcome;
    if (of_x && direction == 0 && a_.D == 2) add(pass, of_reverse.get(), n, d_input);
    if (direction == 0 && layer && !pass.between.empty())
      multiply(pass, d_input.data, layer - 1, n, d_input.data);
  }
  return Outcome::done;
}

template class Network<float>;
template class Network<double>;

}  // namespace elman
