// Backpropagation through time (Rumelhart, Hinton & Williams 1986; Werbos 1990) in two passes:
// first the recurrence (backward_time.hpp), then the gradients of the input and the parameters
// (backward_weights.hpp).
#pragma once

#include "backward_weights.hpp"

namespace elman {
namespace ELMAN_ISA {

template <class Real, class C>
Outcome backward(const Backward<Real>& call, int available) {
  const Schedule& s = call.schedule;
  if (s.N == 0) return Outcome::done;  // nothing to do, and no row to ask the length of
  const Index H = call.H, P = call.P, n = gates(C::cell) * H, pairs = s.pairs_before(s.T);
  const double work_back = 2.0 * static_cast<double>(pairs * n * P);
  const double work = 2.0 * static_cast<double>(pairs * n * (P + 2 * call.I));
  StopSignal stop(call.interrupt, work_back + work);
  Plan plan(s, n, P, sizeof(Real), available, stop);
  // A second thread fetches what the first one has left in its cache. That must be worth it.
  const bool far = plan.threads() == 1 && n * (P + 2 * call.I) < 100 * (n + P + call.I);
  const int threads = far ? 1 : Throttle::threads(work, available);
  const bool projected = call.weight_hr.data != nullptr;
  const Buffer<Real> d_a(pairs * n), d_a_n(C::cell == Cell::gru ? pairs * H : 0);
  const Buffer<Real> d_h(projected ? pairs * P : 0);
  if (!d_a || !d_a_n || !d_h) return Outcome::no_memory;
  const SumGradients<Real> sums{{d_a.get(), n}, d_a_n.get(), d_h.get()};
  const WeightGradients<Real, C> gradients(call, sums, threads, stop);

  Barrier rounds(threads);
  if (!plan || !gradients || !rounds) return Outcome::no_memory;
  plan.run(vectors_for<Real>(P, 1), column_grain(1), [&](const Block& block) {
    return BackwardThroughTime<Real, C>(call, block, sums).run();
  });
  if (!stop.stopped()) parallel(threads, [&](int i, int p) { gradients.run(i, p, rounds); });
  return stop.stopped() ? Outcome::interrupted : Outcome::done;
}

template <class Real>
Outcome backward(Cell cell, const Backward<Real>& call, int threads) {
  const FlushToZero vanished;
  switch (cell) {
    case Cell::elman_tanh:
      return backward<Real, Elman<false>>(call, threads);
    case Cell::elman_relu:
      return backward<Real, Elman<true>>(call, threads);
    case Cell::gru:
      return backward<Real, Gru>(call, threads);
    case Cell::lstm:
      break;
  }
  return backward<Real, Lstm>(call, threads);
}

}  // namespace ELMAN_ISA
}  // namespace elman
