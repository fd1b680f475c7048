// Backpropagation through time (Rumelhart, Hinton & Williams 1986; Werbos 1990), in two passes:
// the recurrence alone, backwards, keeping d_a of every step; then all that follows from d_a by
// products as large as the whole sequence.
#pragma once

#include "sequence.hpp"

namespace elman {
namespace ELMAN_ISA {

// Terms of a weight's gradient are summed in blocks of so many (step, row) pairs, each block from
// zero, and the blocks are added in order: threads cannot change a bit.
constexpr Index pairs_per_block = 256;

// d_a of the valid (step, row) pairs in the schedule's order, shape (pairs, H).
template <class Real>
class ElmanRecurrenceBackward {
 public:
  ElmanRecurrenceBackward(const ElmanBackward<Real>& call, const Block& block, Real* d_a)
      : c_(call),
        s_(call.schedule),
        b_(block),
        d_a_(d_a),
        most_rows_(most_rows(interleaved_chains(call.H))) {}

  void run() {
    for (Index step = s_.T - 1; step >= 0; --step) {
      if (rows_at(step) <= b_.rows_begin) continue;
      for_tiles(step, rows_at(step));
      b_.meet();
    }
    for_tiles(-1, b_.rows_end);
  }

 private:
  Index rows_at(Index step) const {
    const Index rows = s_.rows_at(step);
    return rows < b_.rows_end ? rows : b_.rows_end;
  }
  Real* d_a_row(Index i, Index step) const { return d_a_ + (s_.pairs_before(step) + i) * c_.H; }

  // Rows that have a step after this one get its gradient; the others end here.
  void for_tiles(Index step, Index valid) {
    const Index later = rows_at(step + 1) > b_.rows_begin ? rows_at(step + 1) : b_.rows_begin;
    for_columns(c_.weight_hh, b_.vectors_begin, b_.vectors_end, valid - b_.rows_begin,
                [&](const Columns<Real>& w) {
                  for_row_groups(b_.rows_begin, later, most_rows_,
                                 [&](Index i, int M) { run_tile(step, i, M, w, true); });
                  for_row_groups(later, valid, most_rows_,
                                 [&](Index i, int M) { run_tile(step, i, M, w, false); });
                });
  }

  // d_h of rows i … i + M - 1 after `step` (of the initial state for step -1), and d_a from it.
  void run_tile(Index step, Index i, int M, const Columns<Real>& w, bool has_later) {
    alignas(64) Real d_h[tile_rows * most_columns];
    const Index n = smaller(w.vectors * lanes<Real>, c_.H - w.first);
    for (int m = 0; m < M; ++m) start(step, i + m, w, n, !has_later, d_h + m * most_columns);
    if (has_later) {
      const Real* rows[tile_rows] = {};
      for (int m = 0; m < M; ++m) rows[m] = d_a_row(i + m, step + 1);
      product(M, rows, c_.H, c_.H, w, Sums<Real>{d_h, most_columns, d_h, most_columns, false});
    }
    for (int m = 0; m < M; ++m) {
      const Real* d = d_h + m * most_columns;
      if (step < 0) {
        copy_row(c_.d_h_0.row(s_.row(i + m)) + w.first, d, n);
      } else {
        const Real* h = c_.output.row(s_.time(i + m, step), s_.row(i + m)) + w.first;
        elman_step_backward(d, h, c_.nonlinearity, n, d_a_row(i + m, step) + w.first);
      }
    }
  }

  // What reaches a state from outside: d_output, and d_h_n after the last step.
  void start(Index step, Index i, const Columns<Real>& w, Index n, bool last, Real* d_h) {
    zero_row(d_h, w.vectors * lanes<Real>);
    if (step >= 0 && c_.d_output.data)
      copy_row(d_h, c_.d_output.row(s_.time(i, step), s_.row(i)) + w.first, n);
    if (last && c_.d_h_n.data) {
      const Real* d_h_n = c_.d_h_n.row(s_.row(i)) + w.first;
      for (Index j = 0; j < n; ++j) d_h[j] += d_h_n[j];
    }
  }

  const ElmanBackward<Real>& c_;
  const Schedule& s_;
  const Block b_;
  Real* const d_a_;
  const int most_rows_;
};

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

// d_x = d_a W_ih for the pairs in [begin, end).
template <class Real>
void input_gradient(const ElmanBackward<Real>& c, const Real* d_a, const Part& pairs) {
  const int most = most_rows(interleaved_chains(c.I));
  const Index vectors = vectors_for<Real>(c.I);
  for_columns(c.weight_ih, 0, vectors, pairs.end - pairs.begin, [&](const Columns<Real>& w) {
    const Index n = smaller(w.vectors * lanes<Real>, c.I - w.first);
    Pair pair{c.schedule};
    pair.skip(pairs.begin);
    for_row_groups(pairs.begin, pairs.end, most, [&](Index first, int M) {
      alignas(64) Real d_x[tile_rows * most_columns];
      const Real* rows[tile_rows] = {};
      for (int m = 0; m < M; ++m) rows[m] = d_a + (first + m) * c.H;
      product(M, rows, c.H, c.I, w, Sums<Real>{nullptr, 0, d_x, most_columns, false});
      for (int m = 0; m < M; ++m, pair.next()) {
        const Index t = c.schedule.time(pair.i, pair.step), row = c.schedule.row(pair.i);
        copy_row(c.d_x.row(t, row) + w.first, d_x + m * most_columns, n);
      }
    });
  });
}

// d_x is zero after a row's length; rows are shared out.
template <class Real>
void clear_padding(const ElmanBackward<Real>& c, const Part& rows) {
  for (Index i = rows.begin; i < rows.end; ++i)
    for (Index t = c.schedule.length(i); t < c.schedule.T; ++t)
      zero_row(c.d_x.row(t, c.schedule.row(i)), c.I);
}

// Rows [units.begin, units.end) of d_W = Σ d_a vᵀ over all pairs, shape (H, n), where
// vector_of(pair) is v. panel: room for pairs_per_block rows of a tile's width.
template <class Real, class VectorOf>
void weight_gradient(const Schedule& s, const Real* d_a, Index H, Index n, const Part& units,
                     const VectorOf& vector_of, Real* panel, Real* d_weight) {
  const Index pairs = s.pairs_before(s.T);
  constexpr int most = most_vectors(1, 2), stride = most * lanes<Real>;
  for (Index unit = units.begin; unit < units.end; ++unit) zero_row(d_weight + unit * n, n);
  for (Index first = 0; first < n; first += stride) {
    const Index width = smaller(stride, n - first);
    const int vectors = static_cast<int>(vectors_for<Real>(width));
    Pair pair{s};
    for (Index begin = 0; begin < pairs; begin += pairs_per_block) {
      const Index K = smaller(pairs_per_block, pairs - begin);
      for (Index k = 0; k < K; ++k, pair.next()) {
        zero_row(panel + k * stride + (vectors - 1) * lanes<Real>, lanes<Real>);
        copy_row(panel + k * stride, vector_of(pair) + first, width);
      }
      for_row_groups(units.begin, units.end, tile_rows, [&](Index unit, int M) {
        alignas(64) Real sums[tile_rows * most_columns];
        const Real* rows[tile_rows] = {};
        for (int m = 0; m < M; ++m) rows[m] = d_a + begin * H + unit + m;
        tile_of<Real>(1, M, vectors)(rows, H, K, panel, stride,
                                     Sums<Real>{nullptr, 0, sums, most_columns, false});
        for (int m = 0; m < M; ++m) {
          Real* d_row = d_weight + (unit + m) * n + first;
          for (Index j = 0; j < width; ++j) d_row[j] += sums[m * most_columns + j];
        }
      });
    }
  }
}

// d_b = Σ d_a over all pairs, in the units given.
template <class Real>
void bias_gradient(const Schedule& s, const Real* d_a, Index H, const Part& units, Real* block,
                   Real* d_bias) {
  const Index pairs = s.pairs_before(s.T), n = units.end - units.begin;
  zero_row(d_bias + units.begin, n);
  for (Index begin = 0; begin < pairs; begin += pairs_per_block) {
    const Index K = smaller(pairs_per_block, pairs - begin);
    zero_row(block, n);
    for (Index k = 0; k < K; ++k) {
      const Real* row = d_a + (begin + k) * H + units.begin;
      for (Index j = 0; j < n; ++j) block[j] += row[j];
    }
    for (Index j = 0; j < n; ++j) d_bias[units.begin + j] += block[j];
  }
}

template <class Real>
bool elman_backward(const ElmanBackward<Real>& call, int available) {
  const Schedule& s = call.schedule;
  const Index H = call.H, pairs = s.pairs_before(s.T), vectors = vectors_for<Real>(H);
  const Plan plan(s, H, H, sizeof(Real), available);
  const double work = 2.0 * static_cast<double>(pairs * H * (H + 2 * call.I));
  const int threads = work < 2e6 ? 1 : available;
  const Index room = pairs_per_block * most_columns + H + 64;
  const Buffer<Real> d_a(pairs * H), panels(room * threads);
  if (!d_a || !panels) return false;

  Barrier barrier;
  parallel(plan.threads, [&](int i, int p) {
    const Block block = plan.block(vectors, most_vectors(1, 2), i, p, barrier);
    ElmanRecurrenceBackward<Real>(call, block, d_a.get()).run();
  });
  parallel(threads, [&](int i, int p) {
    Real* panel = panels.get() + i * room;
    Real* column_sums = panel + pairs_per_block * most_columns;
    const Part units(H, tile_rows, i, p);
    input_gradient(call, d_a.get(), Part(pairs, tile_rows, i, p));
    clear_padding(call, Part(s.N, 1, i, p));
    const auto x = [&](const Pair& at) { return call.x.row(s.time(at.i, at.step), s.row(at.i)); };
    const auto h_before = [&](const Pair& at) -> const Real* {
      if (at.step == 0) return call.h_0.row(s.row(at.i));
      return call.output.row(s.time(at.i, at.step - 1), s.row(at.i));
    };
    weight_gradient(s, d_a.get(), H, call.I, units, x, panel, call.d_weight_ih);
    weight_gradient(s, d_a.get(), H, H, units, h_before, panel, call.d_weight_hh);
    bias_gradient(s, d_a.get(), H, units, column_sums, call.d_bias);
  });
  return true;
}

}  // namespace ELMAN_ISA
}  // namespace elman
