// The time loop: directions, lengths, and rows or columns over threads.
//
// A thread works on a block of rows (positions in the schedule's order) and of columns (vectors of
// outputs). Either each thread has rows of its own, and no thread waits for another, or all threads
// share the rows, have columns of their own, and meet after every step. Both are the same code.
#pragma once

#include "cells.hpp"
#include "threads.hpp"
#include "tile.hpp"

namespace elman {
namespace ELMAN_ISA {

constexpr int most_columns = panel_vectors * vector_bytes / 4;  // of a tile, whichever its type

// A thread's share: positions in the schedule's order, and vectors of outputs. Threads that share
// rows meet at the barrier.
struct Block {
  Index rows_begin, rows_end;
  Index vectors_begin, vectors_end;
  Barrier* barrier;
  int threads;

  void meet() const {
    if (barrier) barrier->wait(threads);
  }
};

// How a call's steps are spread over threads.
class Plan {
 public:
  // A step multiplies N rows with a K × n matrix.
  Plan(const Schedule& schedule, Index K, Index n, Index bytes, int available) : s_(schedule) {
    const double step = 2.0 * static_cast<double>(schedule.N * K * n);
    if (available < 2 || step * static_cast<double>(schedule.T) < 1e6) return;
    const bool fits_L2 = K * n * bytes <= 1200000;
    const bool enough_columns = n * bytes >= 4 * vector_bytes * available;
    const bool columns = step >= 131072 && enough_columns && !(schedule.N >= 32 && fits_L2);
    if (columns || schedule.N >= 2 * tile_rows) threads = available;
    by_rows_ = !columns;
  }

  int threads = 1;

  bool by_rows() const { return by_rows_ || threads == 1; }

  Block block(Index vectors, Index grain, int i, int p, Barrier& barrier) const {
    if (by_rows()) return {rows_before(i, p), rows_before(i + 1, p), 0, vectors, nullptr, p};
    const Part part(vectors, grain, i, p);
    return {0, s_.N, part.begin, part.end, &barrier, p};
  }

 private:
  // The first row of the i-th of p shares, which have about as many valid steps each.
  Index rows_before(int i, int p) const {
    const Index share = s_.pairs_before(s_.T) * i / p;
    Index row = 0;
    for (Index steps = 0; row < s_.N && steps < share; ++row) steps += s_.length(row);
    return i == p ? s_.N : row;
  }

  const Schedule& s_;
  bool by_rows_ = true;
};

// Cut `rows` into groups for a tile, as even as can be: 16 into 6, 5, 5.
template <class Body>
inline void for_row_groups(Index begin, Index end, int most, const Body& body) {
  const Index rows = end - begin, groups = (rows + most - 1) / most;
  for (Index g = 0; g < groups; ++g)
    body(begin + rows * g / groups, static_cast<int>(rows * (g + 1) / groups - rows * g / groups));
}

// Cut a block's columns into tiles' widths.
template <class Real, class Body>
inline void for_columns(const Panels<Real>& w, Index begin, Index end, Index rows,
                        const Body& body) {
  const int most = most_vectors(interleaved_chains(w.n), rows == 1 ? 1 : 2);
  for (Index v = begin; v < end;) {
    const Columns<Real> c = columns(w, v, end, most);
    body(c);
    v += c.vectors;
  }
}

template <class Real>
inline void copy_row(Real* to, const Real* from, Index n) {
  if (n > 0) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(Real));
}

template <class Real>
inline void zero_row(Real* to, Index n) {
  if (n > 0) std::memset(to, 0, static_cast<size_t>(n) * sizeof(Real));
}

// ---- forward -----------------------------------------------------------------------------------

constexpr Index chunk_steps = 64;

template <class Real>
class ElmanForwardPass {
 public:
  // projected: [chunk_steps][the block's rows][its columns], or null to project step by step.
  ElmanForwardPass(const ElmanForward<Real>& call, const Block& block, Real* projected)
      : c_(call),
        s_(call.schedule),
        b_(block),
        projected_(projected),
        first_(block.vectors_begin * lanes<Real>),
        width_((block.vectors_end - block.vectors_begin) * lanes<Real>),
        most_rows_(most_rows(interleaved_chains(call.H))) {}

  void run() {
    for (Index begin = 0; rows_at(begin) > b_.rows_begin; begin += chunk_steps) {
      const Index end = smaller(begin + chunk_steps, s_.T);
      if (projected_) project(begin, end);
      for (Index step = begin; step < end && rows_at(step) > b_.rows_begin; ++step) {
        run_step(step, step - begin);
        b_.meet();
      }
    }
    finish();
  }

 private:
  Index rows_at(Index step) const {
    const Index rows = s_.rows_at(step);
    return rows < b_.rows_end ? rows : b_.rows_end;
  }

  const Real* x_row(Index i, Index step) const { return c_.x.row(s_.time(i, step), s_.row(i)); }
  const Real* h_row_before(Index i, Index step) const {
    return step == 0 ? c_.h_0.row(s_.row(i)) : c_.output.row(s_.time(i, step - 1), s_.row(i));
  }
  Real* projected_row(Index in_chunk, Index i, const Columns<Real>& w) const {
    const Index row = in_chunk * (b_.rows_end - b_.rows_begin) + i - b_.rows_begin;
    return projected_ + row * width_ + w.first - first_;
  }
  const Real* bias(const Columns<Real>& w) const { return c_.bias ? c_.bias + w.first : nullptr; }

  // x W_ihᵀ + b of some steps at once: a larger product than a step's few rows make.
  void project(Index begin, Index end) {
    const Index all = (end - begin) * (b_.rows_end - b_.rows_begin);
    for_columns(c_.weight_ih, b_.vectors_begin, b_.vectors_end, all, [&](const Columns<Real>& w) {
      const Real* rows[tile_rows] = {};
      Real* out = nullptr;
      int count = 0;
      const auto flush = [&] {
        if (count) product(count, rows, c_.I, c_.H, w, Sums<Real>{bias(w), 0, out, width_, false});
        count = 0;
      };
      for (Index step = begin; step < end; ++step) {
        const Index valid = rows_at(step);
        for (Index i = b_.rows_begin; i < valid; ++i) {
          if (count == 0) out = projected_row(step - begin, i, w);
          rows[count++] = x_row(i, step);
          if (count == most_rows_) flush();
        }
        if (valid < b_.rows_end) flush();  // the next step's rows do not follow in the buffer
      }
      flush();
    });
  }

  void run_step(Index step, Index in_chunk) {
    const Index valid = rows_at(step);
    for_columns(c_.weight_hh, b_.vectors_begin, b_.vectors_end, valid - b_.rows_begin,
                [&](const Columns<Real>& w) {
                  for_row_groups(b_.rows_begin, valid, most_rows_,
                                 [&](Index i, int M) { run_tile(step, in_chunk, i, M, w); });
                });
  }

  // One step of rows i … i + M - 1 in the columns of w.
  void run_tile(Index step, Index in_chunk, Index i, int M, const Columns<Real>& w) {
    alignas(64) Real sums[tile_rows * most_columns];
    const Real* rows[tile_rows] = {};
    Sums<Real> from_x{sums, most_columns, sums, most_columns, false};
    if (projected_) {
      from_x.start = projected_row(in_chunk, i, w);
      from_x.start_stride = width_;
    } else {
      const Columns<Real> w_ih =
          columns(c_.weight_ih, w.first / lanes<Real>, b_.vectors_end, w.vectors);
      for (int m = 0; m < M; ++m) rows[m] = x_row(i + m, step);
      product(M, rows, c_.I, c_.H, w_ih, Sums<Real>{bias(w), 0, sums, most_columns, false});
    }
    for (int m = 0; m < M; ++m) rows[m] = h_row_before(i + m, step);
    product(M, rows, c_.H, c_.H, w, from_x);
    const Index n = smaller(w.vectors * lanes<Real>, c_.H - w.first);
    for (int m = 0; m < M; ++m) {
      Real* h = c_.output.row(s_.time(i + m, step), s_.row(i + m)) + w.first;
      elman_step(sums + m * most_columns, c_.nonlinearity, n, h);
    }
  }

  // Final states, and zeros after each row's length.
  void finish() {
    const Index n = smaller(width_, c_.H - first_);
    for (Index i = b_.rows_begin; i < b_.rows_end; ++i) {
      const Index length = s_.length(i), row = s_.row(i);
      copy_row(c_.h_n.row(row) + first_, h_row_before(i, length) + first_, n);
      for (Index t = length; t < s_.T; ++t) zero_row(c_.output.row(t, row) + first_, n);
    }
  }

  const ElmanForward<Real>& c_;
  const Schedule& s_;
  const Block b_;
  Real* const projected_;
  const Index first_, width_;
  const int most_rows_;
};

template <class Real>
bool elman_forward(const ElmanForward<Real>& call, int available) {
  const Schedule& s = call.schedule;
  const Index vectors = vectors_for<Real>(call.H), width = vectors * lanes<Real>;
  const Plan plan(s, call.H, call.H, sizeof(Real), available);
  // Where a thread has fewer rows than a tile, steps are projected together.
  const Index rows = plan.by_rows() ? s.N / plan.threads : s.N;
  const bool together = rows < tile_rows && s.T > 1;
  const Index steps = together ? smaller(chunk_steps, s.T) : 0;
  const Buffer<Real> projected(steps * s.N * width);
  if (!projected) return false;

  Barrier barrier;
  parallel(plan.threads, [&](int i, int p) {
    const Block block = plan.block(vectors, most_vectors(1, 2), i, p, barrier);
    const Index before = block.rows_begin * width + s.N * block.vectors_begin * lanes<Real>;
    Real* own = together ? projected.get() + steps * before : nullptr;
    ElmanForwardPass<Real>(call, block, own).run();
  });
  return true;
}

}  // namespace ELMAN_ISA
}  // namespace elman
