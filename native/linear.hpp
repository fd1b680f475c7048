// A linear layer, forward beside backward: y = x Wᵀ + b for each of M rows.
//
// The order of summation is that of the recurrent kernels. So the bits of y and d_x do not depend
// on M, on the other rows, on threads or on the instruction set. d_W and d_b do not depend on
// threads.
#pragma once

#include "backward_weights.hpp"

namespace elman {
namespace ELMAN_ISA {

// y of some rows, in some vectors of columns. `thread` computes it.
template <class Real>
void linear_part(const LinearForward<Real>& c, const Range& rows, const Range& vectors,
                 StopSignal& stop, int thread) {
  constexpr Index L = lanes<Real>;
  const Index K = c.weight.K, n = c.weight.n, count = rows.size();
  for_columns(c.weight, vectors.begin, vectors.end, count, false, [&](const Columns<Real>& w) {
    if (stop.stops(thread, work(count, w, K))) return;
    const Index first = w.vector * L, width = smaller(w.vectors * L, n - first);
    const bool whole = width == w.vectors * L;  // whether sums of whole vectors fit into y
    alignas(64) Real room[room_for_sums];
    Real* out = whole ? c.y.row(rows.begin) + first : room;
    const Index stride = whole ? c.y.n : sums_stride(count);
    const Real* of_x[rows_at_once] = {};
    for (Index m = 0; m < count; ++m) of_x[m] = c.x.row(rows.begin + m);
    products(count, of_x, K, n, w, Sums<Real>{out, stride, c.bias ? c.bias + first : nullptr});
    for (Index m = 0; m < count && !whole; ++m)
      copy_row(c.y.row(rows.begin + m) + first, room + m * stride, width);
  });
}

// Threads share out groups of rows. If there are few groups, their columns are cut too.
template <class Real>
Outcome linear(const LinearForward<Real>& call, int available) {
  const Index vectors = vectors_for<Real>(call.weight.n, 1);
  const double work = 2.0 * static_cast<double>(call.M * call.weight.K * call.weight.n);
  StopSignal stop(call.interrupt, work);
  const int threads = Throttle::threads(work, available);
  const int groups = static_cast<int>((call.M + rows_at_once - 1) / rows_at_once);
  const int cuts =
      threads == 1 || groups >= 4 * threads ? 1 : smaller(panels_in(vectors, 1), 4 * threads);
  const Index items = Index{groups} * cuts;
  const auto run_item = [&](int thread, Index k) {
    const Range rows = part_of(call.M, tile_rows, static_cast<int>(k / cuts), groups);
    const Range columns = part_of(vectors, column_grain(1), static_cast<int>(k % cuts), cuts);
    linear_part(call, rows, columns, stop, thread);
  };
  if (threads == 1) {
    for (Index k = 0; k < items; ++k) run_item(0, k);
    return stop.stopped() ? Outcome::interrupted : Outcome::done;
  }
  const Shares shares(threads);
  if (!shares) return Outcome::no_memory;
  for (int owner = 0; owner < threads; ++owner)
    shares.open(0, owner, part_of(items, 1, owner, threads).size());
  parallel(threads, [&](int i, int) {
    shares.take(0, i, threads, [&](int owner, Index k) {
      run_item(i, part_of(items, 1, owner, threads).begin + k);
    });
  });
  return stop.stopped() ? Outcome::interrupted : Outcome::done;
}

// d_x = d_y W, d_W = Σ d_y xᵀ, d_b = Σ d_y. A recurrent layer of M steps computes the same from the
// gradients of its sums; here nothing recurs, and P is 0.
template <class Real>
Outcome linear_backward(const LinearBackward<Real>& c, int available) {
  if (c.M == 0) return Outcome::done;
  const FlushToZero vanished;
  Backward<Real> call{};
  call.schedule = {c.M, 1, nullptr, nullptr, nullptr, nullptr, false};
  call.I = c.weight.n, call.H = c.weight.K;
  call.weight_ih = c.weight;
  call.x = {c.x.data, c.x.n, 0};
  call.d_x = {c.d_x.data, c.d_x.n, 0};
  call.d_weight_ih = c.d_weight;
  call.d_bias = c.d_bias;
  const double work = 4.0 * static_cast<double>(c.M * call.I * call.H);
  StopSignal stop(c.interrupt, work);
  const int threads = Throttle::threads(work, available);
  // Only a GRU's d_a is written to.
  const SumGradients<Real> d_sums{{const_cast<Real*>(c.d_y.data), c.d_y.n}, nullptr, nullptr};
  const WeightGradients<Real, Elman<false>> gradients(call, d_sums, threads, stop);
  Barrier rounds(threads);
  if (!gradients || !rounds) return Outcome::no_memory;
  parallel(threads, [&](int i, int p) { gradients.run(i, p, rounds); });
  return stop.stopped() ? Outcome::interrupted : Outcome::done;
}

}  // namespace ELMAN_ISA
}  // namespace elman
