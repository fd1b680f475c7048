// Backward through time: the first pass of backward. It follows the recurrence from the last step
// to the first, and leaves d_a, the gradient of every step's sums.
#pragma once

#include "cells.hpp"
#include "plan.hpp"

namespace elman {
namespace ELMAN_ISA {

// What the first pass leaves to the second, for each valid (step, row) pair in the schedule's
// order.
template <class Real>
struct SumGradients {
  Array2<Real> d_a;  // (pairs, G·H): of the sums of x and h, for GRU of those of h
  Real* d_a_n;       // (pairs, H): for GRU, of its third gate's sum of x; else null
  Real* d_h;         // (pairs, P): of h, if it is a projection; else null
};

template <class Real, class C>
class BackwardThroughTime {
 public:
  BackwardThroughTime(const Backward<Real>& call, const Block& block, const SumGradients<Real>& out)
      : c_(call),
        s_(call.schedule),
        b_(block),
        out_(out),
        columns_of_H_{block.vectors_begin, block.vectors_end} {
    if (!projected()) return;
    const Index vectors = vectors_for<Real>(call.H, 1);
    columns_of_H_ = Range{0, vectors};
    if (block.barrier)
      columns_of_H_ = part_of(vectors, column_grain(1), block.thread, block.threads);
  }

  // Steps go back from a block's last one, and end with the initial state. Returns -1, or the next
  // step, counted from the last one, if the block did not go on.
  Index run() {
    const Index length = s_.length(b_.rows_begin);
    if (b_.begin == 0) start_steps(length);
    for (Index step = length - 1 - b_.begin; step >= 0 && step >= length - b_.end; --step) {
      run_step(step, length - 1 - step);
      if (projected()) {
        b_.meet();
        run_projection(step);
      }
      if (!b_.end_step()) return length - step;
    }
    if (b_.end >= length) run_step(-1, length);
    return -1;
  }

 private:
  static constexpr Index G = gates(C::cell);

  bool projected() const { return c_.weight_hr.data != nullptr; }
  Index rows_at(Index step) const {
    const Index rows = s_.rows_at(step);
    return rows < b_.rows_end ? rows : b_.rows_end;
  }
  Index pair(Index i, Index step) const { return s_.pairs_before(step) + i; }
  Real* d_a_row(Index i, Index step) const { return out_.d_a.row(pair(i, step)); }
  const Real* kept_row(Index i, Index step) const {
    return c_.kept + pair(i, step) * kept_values(C::cell, c_.H);
  }

  // Where the rows end that have a step after this one.
  Index end_of_later(Index step) const {
    return rows_at(step + 1) > b_.rows_begin ? rows_at(step + 1) : b_.rows_begin;
  }
  Rows rows_of(Index step) const {
    return {b_.rows_begin, end_of_later(step), step < 0 ? b_.rows_end : rows_at(step)};
  }

  // d_c_0 carries the gradient of c from step to step, and begins with that of c_n.
  void start_steps(Index length) {
    const Range units = values_of<Real>(columns_of_H_, c_.H);
    for (Index i = b_.rows_begin; C::cell == Cell::lstm && i < b_.rows_end; ++i) {
      Real* d_c = c_.d_c_0.row(s_.row(i)) + units.begin;
      if (c_.d_c_n.data)
        copy_row(d_c, c_.d_c_n.row(s_.row(i)) + units.begin, units.size());
      else
        zero_row(d_c, units.size());
    }
    if (!b_.shares) return;
    b_.shares->open(0, b_.thread, parts_of(c_.weight_hh, b_, rows_of(length - 1)));
    b_.meet();
  }

  // One step of all rows. A row that has a step after this one gets that step's gradient. For the
  // others, this step is the last.
  void run_step(Index step, Index round) {
    const Rows rows = rows_of(step);
    if (b_.barrier)
      for (Index i = rows.begin; i < rows.middle; ++i) fetch(d_a_row(i, step + 1), G * c_.H);
    if (b_.shares && step >= 0)
      b_.shares->open(static_cast<int>(round + 1), b_.thread,
                      parts_of(c_.weight_hh, b_, rows_of(step - 1)));
    for_parts(c_.weight_hh, b_, rows, static_cast<int>(round), step % 2 == 0,
              [&](const Columns<Real>& w, const Range& some) {
                if (b_.skips(work(some.size(), w, G * c_.H))) return;
                run_rows(step, some.begin, some.size(), w, some.begin < rows.middle);
              });
  }

  // d_h of `count` rows from i on after `step`, and what follows from it. Step -1 is the initial
  // state.
  void run_rows(Index step, Index i, Index count, const Columns<Real>& w, bool has_later) {
    const Index first = w.vector * lanes<Real>, stride = sums_stride(count),
                n = smaller(w.vectors * lanes<Real>, c_.P - first);
    alignas(64) Real d_h[room_for_sums];
    if (has_later) {
      const Real* rows[rows_at_once];
      for (Index m = 0; m < count; ++m) rows[m] = d_a_row(i + m, step + 1);
      products(count, rows, G * c_.H, c_.P, w, Sums<Real>{d_h, stride},
               ahead(c_.weight_hh, w, b_, step % 2 == 0));
    }
    for (Index m = 0; m < count; ++m) {
      Real* row = d_h + m * stride;
      add_other_gradients(step, i + m, first, n, w.vectors, has_later, row);
      if (step < 0)
        copy_row(c_.d_h_0.row(s_.row(i + m)) + first, row, n);
      else if (projected())
        copy_row(out_.d_h + pair(i + m, step) * c_.P + first, row, n);
      else
        finish_row(step, i + m, first, n, row);
    }
  }

  // Add what reaches a state beside W_hh: first d_h_n after the last step, or what d_h_0 carries
  // from the step after, for GRU; then d_output. A sequence run in parts has the same order.
  void add_other_gradients(Index step, Index i, Index first, Index n, int vectors, bool has_later,
                           Real* d_h) {
    const Index row = s_.row(i);
    if (!has_later) {
      zero_row(d_h, vectors * lanes<Real>);
      if (c_.d_h_n.data) copy_row(d_h, c_.d_h_n.row(row) + first, n);
    } else {
      const Real* factors = c_.mask.data ? c_.mask.row(row) + first : nullptr;
      for (Index j = 0; factors && j < n; ++j) d_h[j] *= factors[j];
      const Real* carried = C::cell == Cell::gru ? c_.d_h_0.row(row) + first : nullptr;
      for (Index j = 0; carried && j < n; ++j) d_h[j] = carried[j] + d_h[j];
    }
    if (step < 0 || !c_.d_output.data) return;
    const Real* d_output = c_.d_output.row(s_.time(i, step), row) + first;
    for (Index j = 0; j < n; ++j) d_h[j] = d_output[j] + d_h[j];
  }

  // The gradient of the unprojected states, W_hrᵀ d_h, and what follows from it.
  void run_projection(Index step) {
    const Index valid = rows_at(step);
    for_columns(c_.weight_hr, columns_of_H_.begin, columns_of_H_.end, valid - b_.rows_begin,
                step % 2 == 0, [&](const Columns<Real>& w) {
                  for_groups(b_.rows_begin, valid, rows_at_once, [&](Index i, Index count) {
                    if (!b_.skips(work(count, w, c_.P))) run_hidden_rows(step, i, count, w);
                  });
                });
  }

  void run_hidden_rows(Index step, Index i, Index count, const Columns<Real>& w) {
    const Index first = w.vector * lanes<Real>, stride = sums_stride(count),
                n = smaller(w.vectors * lanes<Real>, c_.H - first);
    alignas(64) Real d_hidden[room_for_sums];
    const Real* rows[rows_at_once] = {};
    for (Index m = 0; m < count; ++m) rows[m] = out_.d_h + pair(i + m, step) * c_.P;
    products(count, rows, c_.P, c_.H, w, Sums<Real>{d_hidden, stride});
    for (Index m = 0; m < count; ++m) finish_row(step, i + m, first, n, d_hidden + m * stride);
  }

  void finish_row(Index step, Index i, Index first, Index n, const Real* d_h) {
    const Index row = s_.row(i);
    StepBackward<Real> r{d_h, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, c_.H};
    r.d_a = d_a_row(i, step) + first;
    if (kept_values(C::cell, 1)) r.kept = kept_row(i, step) + first;
    if (C::cell == Cell::gru) {
      r.h_before = first + (step ? c_.output.row(s_.time(i, step - 1), row) : c_.h_0.row(row));
      r.d_carried = c_.d_h_0.row(row) + first;
      r.d_a_n = out_.d_a_n + pair(i, step) * c_.H + first;
    } else if (C::cell == Cell::lstm) {
      r.c_before = first + (step ? kept_row(i, step - 1) + 4 * c_.H : c_.c_0.row(row));
      r.d_carried = c_.d_c_0.row(row) + first;
    } else {
      r.h = c_.output.row(s_.time(i, step), row) + first;
    }
    C::backward(r, n);
  }

  const Backward<Real>& c_;
  const Schedule& s_;
  const Block b_;
  const SumGradients<Real> out_;
  Range columns_of_H_;  // the vectors of H whose cells this block finishes
};

}  // namespace ELMAN_ISA
}  // namespace elman
