// Backpropagation through time (Rumelhart, Hinton & Williams 1986; Werbos 1990), in two passes: the
// recurrence (see recurrence.hpp); then all that follows from the gradients of its sums, by
// products as large as the whole sequence.
#pragma once

#include "recurrence.hpp"

namespace elman {
namespace ELMAN_ISA {

// Walks over the valid (step, row) pairs in the schedule's order.
struct Pair {
  const Schedule& s;
  Index step = 0, i = 0;

  void skip(Index pairs) {
    while (step < s.T && pairs >= s.rows_at(step) - i) {
      pairs -= s.rows_at(step) - i;
      ++step, i = 0;
    }
    i += pairs;
  }
  void next() { skip(1); }
};

// d_x = d_a W_ih for some pairs.
template <class Real>
void input_gradient(const Backward<Real>& c, const Real* d_a, const Range& pairs) {
  const Index K = c.weight_ih.K;
  for_columns(
      c.weight_ih, 0, vectors_for<Real>(c.I, 1), pairs.size(), false, [&](const Columns<Real>& w) {
        const Index first = w.vector * lanes<Real>,
                    n = smaller(w.vectors * lanes<Real>, c.I - first);
        Pair pair{c.schedule};
        pair.skip(pairs.begin);
        for_groups(pairs.begin, pairs.end, rows_at_once, [&](Index begin, Index count) {
          alignas(64) Real d_x[room_for_sums];
          const Index stride = sums_stride(count);
          const Real* rows[rows_at_once] = {};
          for (Index m = 0; m < count; ++m) rows[m] = d_a + (begin + m) * K;
          products(count, rows, K, c.I, w, Sums<Real>{d_x, stride});
          for (Index m = 0; m < count; ++m, pair.next()) {
            const Index t = c.schedule.time(pair.i, pair.step), row = c.schedule.row(pair.i);
            copy_row(c.d_x.row(t, row) + first, d_x + m * stride, n);
          }
        });
      });
}

// d_x is zero after a row's length.
template <class Real>
void clear_padding(const Backward<Real>& c, const Range& rows) {
  for (Index i = rows.begin; i < rows.end; ++i)
    for (Index t = c.schedule.length(i); t < c.schedule.T; ++t)
      zero_row(c.d_x.row(t, c.schedule.row(i)), c.I);
}

// Terms of a weight's gradient are summed in blocks of so many pairs at most, each block from zero,
// and the blocks are added from the last to the first, as time runs backwards: threads cannot
// change a bit. Blocks are cut at multiples of some steps, so that a sequence run in parts, each of
// so many steps, has the same ones.
constexpr Index pairs_per_block = 256;

template <class Body>
void for_blocks(const Schedule& s, const Body& body) {
  const Index steps = s.N < pairs_per_block ? pairs_per_block / (s.N > 0 ? s.N : 1) : 1;
  for (Index step = (s.T - 1) / steps * steps; step >= 0; step -= steps) {
    const Index end = s.pairs_before(smaller(step + steps, s.T));
    Pair pair{s, step};
    for (Index begin = s.pairs_before(step); begin < end; begin += pairs_per_block) {
      const Index K = smaller(pairs_per_block, end - begin);
      body(begin, K, pair);
      pair.skip(K);
    }
  }
}

// Room for what weight_gradient packs: a panel, and some of its D rows' terms.
constexpr Index room_for_rows(Index rows) {
  return (most_columns + rows) * pairs_per_block;
}

// Add to some rows of d_W what belongs there, Σ d vᵀ over all pairs: d (pairs, D), d_W (D, n), and
// fill(pair, first, width, to) writes values of v from `first` on.
template <class Real, class Fill>
void weight_gradient(const Schedule& s, const Real* d, Index D, Index n, const Range& some,
                     const Fill& fill, Real* room, Real* d_weight) {
  constexpr int stride = most_vectors(tile_rows, 1) * lanes<Real>;
  Real *panel = room, *terms = room + most_columns * pairs_per_block;
  for_blocks(s, [&](Index begin, Index K, const Pair& block) {
    transpose(d + begin * D + some.begin, D, K, some.size(), terms, pairs_per_block);
    for (Index first = 0; first < n; first += stride) {
      const Index width = smaller(stride, n - first);
      const int vectors = static_cast<int>(vectors_for<Real>(width, 1));
      const bool whole = width == vectors * lanes<Real>;
      Pair pair = block;
      for (Index k = 0; k < K; ++k, pair.next()) {
        Real* row = panel + k * stride;
        if (!whole) zero_row(row + (vectors - 1) * lanes<Real>, lanes<Real>);
        fill(pair, first, width, row);
      }
      for_groups(some.begin, some.end, tile_rows, [&](Index i, Index M) {
        alignas(64) Real sums[tile_rows * most_columns];
        Real* d_row = d_weight + i * n + first;
        const Real* rows[tile_rows] = {};
        for (Index m = 0; m < M; ++m) rows[m] = terms + (i - some.begin + m) * pairs_per_block;
        const Tile<Real> run = tile_of<Real>(static_cast<int>(M), vectors, 1);
        const Factors<Real> factors{rows, K, 1, panel, stride, 0, panel};
        if (whole) return run(factors, {d_row, n, nullptr, nullptr, 0, true});
        run(factors, {sums, most_columns});
        for (Index m = 0; m < M; ++m)
          for (Index j = 0; j < width; ++j) d_row[m * n + j] += sums[m * most_columns + j];
      });
    }
  });
}

// Add to some values of d_b what belongs there, Σ d over all pairs; block: room for as many values.
template <class Real>
void bias_gradient(const Schedule& s, const Real* d, Index D, const Range& some, Real* block,
                   Real* d_bias) {
  const Index n = some.size();
  for_blocks(s, [&](Index begin, Index K, const Pair&) {
    zero_row(block, n);
    for (Index k = 0; k < K; ++k) {
      const Real* row = d + (begin + k) * D + some.begin;
      for (Index j = 0; j < n; ++j) block[j] += row[j];
    }
    for (Index j = 0; j < n; ++j) d_bias[some.begin + j] += block[j];
  });
}

// The second pass, on one of p threads. room: of room_for_rows(rows), and for G·H values.
template <class Real, class C>
void products(const Backward<Real>& c, const SumGradients<Real>& of, int i, int p, Barrier& barrier,
              Real* room) {
  const Schedule& s = c.schedule;
  const Index n = gates(C::cell) * c.H, pairs = s.pairs_before(s.T);
  const Range rows = part_of(n, tile_rows, i, p);
  Real* column_sums = room + room_for_rows(rows.size());
  const auto fill_x = [&](const Pair& at, Index first, Index width, Real* to) {
    copy_row(to, c.x.row(s.time(at.i, at.step), s.row(at.i)) + first, width);
  };
  const auto fill_h_before = [&](const Pair& at, Index first, Index width, Real* to) {
    const Index row = s.row(at.i);
    const Real* h = at.step ? c.output.row(s.time(at.i, at.step - 1), row) : c.h_0.row(row);
    if (!c.mask.data) return copy_row(to, h + first, width);
    const Real* factors = c.mask.row(row);
    for (Index j = 0; j < width; ++j) to[j] = h[first + j] * factors[first + j];
  };

  weight_gradient(s, of.d_a, n, c.P, rows, fill_h_before, room, c.d_weight_hh);
  if constexpr (C::cell == Cell::gru) {
    // From the sums of h to those of x, which differ in the third gate.
    bias_gradient(s, of.d_a, n, rows, column_sums, c.d_bias_hh);
    barrier.wait(i, p);
    const Range mine = part_of(pairs, 1, i, p);
    for (Index q = mine.begin; q < mine.end; ++q)
      copy_row(of.d_a + q * n + 2 * c.H, of.d_a_n + q * c.H, c.H);
    barrier.wait(i, p);
  }
  if constexpr (C::cell == Cell::lstm) {
    const auto fill_hidden = [&](const Pair& at, Index first, Index width, Real* to) {
      const Index pair = s.pairs_before(at.step) + at.i;
      Lstm::unprojected(c.kept + pair * kept_values(C::cell, c.H) + first, c.H, width, to);
    };
    if (c.weight_hr.data)
      weight_gradient(s, of.d_h, c.P, c.H, part_of(c.P, tile_rows, i, p), fill_hidden, room,
                      c.d_weight_hr);
  }
  weight_gradient(s, of.d_a, n, c.I, rows, fill_x, room, c.d_weight_ih);
  bias_gradient(s, of.d_a, n, rows, column_sums, c.d_bias);
  input_gradient(c, of.d_a, part_of(pairs, tile_rows, i, p));
  clear_padding(c, part_of(s.N, 1, i, p));
}

template <class Real, class C>
bool backward(const Backward<Real>& call, int available) {
  const Schedule& s = call.schedule;
  const Index H = call.H, P = call.P, n = gates(C::cell) * H, pairs = s.pairs_before(s.T);
  const Plan plan(s, n, P, sizeof(Real), available);
  const double work = 2.0 * static_cast<double>(pairs * n * (P + 2 * call.I));
  // What one thread leaves to the other's cache must be worth the way there.
  const bool far = plan.threads == 1 && n * (P + 2 * call.I) < 100 * (n + P + call.I);
  const int threads = far ? 1 : Crowd::threads(work, available);
  const Index rows = n / threads + 2 * tile_rows;  // of a thread, at most
  const Index room = (room_for_rows(rows) + n + 15) / 16 * 16;
  const bool projected = call.weight_hr.data != nullptr;
  const Buffer<Real> d_a(pairs * n), d_a_n(C::cell == Cell::gru ? pairs * H : 0);
  const Buffer<Real> d_h(projected ? pairs * P : 0), rooms(room * threads);
  if (!d_a || !d_a_n || !d_h || !rooms) return false;
  const SumGradients<Real> sums{d_a.get(), d_a_n.get(), d_h.get()};

  Barrier steps(plan.threads), stages(threads);
  if (!steps || !stages) return false;
  parallel(plan.threads, [&](int i, int p) {
    const Block block = plan.block(vectors_for<Real>(P, 1), column_grain(1), i, p, steps);
    RecurrenceBackward<Real, C>(call, block, sums).run();
  });
  parallel(threads, [&](int i, int p) {
    products<Real, C>(call, sums, i, p, stages, rooms.get() + i * room);
  });
  return true;
}

template <class Real>
bool backward(Cell cell, const Backward<Real>& call, int threads) {
  switch (cell) {
    case Cell::elman_tanh:
      return backward<Real, Elman<false>>(call, threads);
    case Cell::elman_relu:
      return backward<Real, Elman<true>>(call, threads);
    case Cell::gru:
      return backward<Real, Gru>(call, threads);
    case Cell::lstm:
      return backward<Real, Lstm>(call, threads);
  }
  return false;
}

}  // namespace ELMAN_ISA
}  // namespace elman
