// Forward through time: directions, lengths, and the cell at every step.
#pragma once

#include "cells.hpp"
#include "plan.hpp"

namespace elman {
namespace ELMAN_ISA {

// How many steps are projected at once; see `project`.
constexpr Index chunk_steps = 64;

template <class Real, class C>
class ForwardPass {
 public:
  // projected: the block's own, [chunk_steps][its rows][its columns]; null to project step by step.
  // hidden: (N, H), for all threads; null unless h is a projection.
  // masked: (2, N, P), for all threads; null unless h is masked.
  ForwardPass(const Forward<Real>& call, const Block& block, Real* projected, Real* hidden,
              Real* masked)
      : c_(call),
        s_(call.schedule),
        b_(block),
        projected_(projected),
        hidden_(hidden),
        masked_(masked),
        width_((block.vectors_end - block.vectors_begin) * lanes<Real>),
        units_(values_of<Real>({block.vectors_begin / G, block.vectors_end / G}, call.H)) {}

  // Returns -1, or the next step if the block did not go on.
  Index run() {
    if (b_.begin == 0) start_steps();
    for (Index begin = b_.begin; begin < b_.end && rows_at(begin) > b_.rows_begin;
         begin += chunk_steps) {
      const Index end = smaller(begin + chunk_steps, b_.end);
      if (projected_) project(begin, end);
      for (Index step = begin; step < end && rows_at(step) > b_.rows_begin; ++step) {
        run_step(step, step - begin);
        if (hidden_) {
          b_.meet();
          project_hidden(step);
        }
        if (!b_.end_step()) return step + 1;
      }
    }
    if (b_.end >= s_.length(b_.rows_begin)) finish();
    return -1;
  }

 private:
  static constexpr Index G = gates(C::cell);

  Index rows_at(Index step) const {
    const Index rows = s_.rows_at(step);
    return rows < b_.rows_end ? rows : b_.rows_end;
  }

  bool backwards(Index step) const { return (step % 2 == 1) != c_.turned; }
  const Real* x_row(Index i, Index step) const { return c_.x.row(s_.time(i, step), s_.row(i)); }
  const Real* h_row_before(Index i, Index step) const {
    return step == 0 ? c_.h_0.row(s_.row(i)) : c_.output.row(s_.time(i, step - 1), s_.row(i));
  }
  // The row that W_hh multiplies at a step: h, or h times the mask. Masked rows of two neighbouring
  // steps have places of their own, as other threads may still read the last step's.
  const Real* recurrent_row(Index i, Index step) const {
    return masked_ ? masked_row(i, step) : h_row_before(i, step);
  }
  Real* masked_row(Index i, Index step) const {
    return masked_ + (step % 2 * s_.N + s_.row(i)) * c_.P;
  }
  // Mask some values of h, a row of the state before `step`.
  void mask(Index i, Index step, const Real* h, Index first, Index n) const {
    const Real* factors = c_.mask.row(s_.row(i));
    Real* to = masked_row(i, step);
    for (Index j = first; j < first + n; ++j) to[j] = h[j] * factors[j];
  }
  Real* projected_row(Index in_chunk, Index i, const Columns<Real>& w) const {
    const Index row = in_chunk * (b_.rows_end - b_.rows_begin) + i - b_.rows_begin;
    return projected_ + row * width_ + (w.vector - b_.vectors_begin) * lanes<Real>;
  }
  static const Real* start(const Real* bias, const Columns<Real>& w) {
    return bias ? bias + w.vector * lanes<Real> : nullptr;
  }

  Rows rows_of(Index step) const { return {b_.rows_begin, rows_at(step), rows_at(step)}; }

  void start_steps() {
    if (masked_) {
      const Range of_h = values_of<Real>(columns_of_h(), c_.P);
      for (Index i = b_.rows_begin; i < b_.rows_end; ++i)
        mask(i, 0, c_.h_0.row(s_.row(i)), of_h.begin, of_h.size());
    }
    if (C::cell == Cell::lstm)
      for (Index i = b_.rows_begin; i < b_.rows_end; ++i)
        copy_row(c_.c_n.row(s_.row(i)) + units_.begin, c_.c_0.row(s_.row(i)) + units_.begin,
                 units_.size());
    if (b_.shares) b_.shares->open(0, b_.thread, parts_of(c_.weight_hh, b_, rows_of(0)));
    if (masked_ || b_.shares) b_.meet();
  }

  // x W_ihᵀ + b of some steps at once, where a step's rows are too few for a fast product.
  void project(Index begin, Index end) {
    const Index all = (end - begin) * (b_.rows_end - b_.rows_begin);
    for_columns(c_.weight_ih, b_.vectors_begin, b_.vectors_end, all, false,
                [&](const Columns<Real>& w) {
                  const Real* rows[rows_at_once];
                  Real* out = nullptr;
                  Index count = 0;
                  const auto flush = [&] {
                    if (count && !b_.skips(work(count, w, c_.I)))
                      products(count, rows, c_.I, c_.weight_ih.n, w,
                               Sums<Real>{out, width_, start(c_.bias, w)});
                    count = 0;
                  };
                  for (Index step = begin; step < end; ++step) {
                    const Index valid = rows_at(step);
                    for (Index i = b_.rows_begin; i < valid; ++i) {
                      if (count == 0) out = projected_row(step - begin, i, w);
                      rows[count++] = x_row(i, step);
                      if (count == rows_at_once) flush();
                    }
                    if (valid < b_.rows_end)
                      flush();  // the next step's rows do not follow in the buffer
                  }
                  flush();
                });
  }

  void run_step(Index step, Index in_chunk) {
    const Index valid = rows_at(step);
    if (b_.barrier)
      for (Index i = b_.rows_begin; i < valid; ++i) fetch(recurrent_row(i, step), c_.P);
    if (b_.shares)
      b_.shares->open(static_cast<int>(step + 1), b_.thread,
                      parts_of(c_.weight_hh, b_, rows_of(step + 1)));
    for_parts(c_.weight_hh, b_, rows_of(step), static_cast<int>(step), backwards(step),
              [&](const Columns<Real>& w, const Range& rows) {
                if (b_.skips(work(rows.size(), w, projected_ ? c_.P : c_.I + c_.P))) return;
                run_rows(step, in_chunk, rows.begin, rows.size(), w);
              });
  }

  // One step of `count` rows from i on, in the columns of w.
  void run_rows(Index step, Index in_chunk, Index i, Index count, const Columns<Real>& w) {
    constexpr bool apart = C::cell == Cell::gru;  // whether the sums of x and of h stay apart
    alignas(64) Real x_sums[room_for_sums];
    alignas(64) Real sums[room_for_sums];  // of h; unless apart, of x and h
    const Index stride = sums_stride(count);
    const Real* rows[rows_at_once];
    const Real* of_x = x_sums;
    Index of_x_stride = stride;
    if (projected_) {
      of_x = projected_row(in_chunk, i, w);
      of_x_stride = width_;
    } else {
      const Columns<Real> w_ih = columns(c_.weight_ih, w.vector, w.vector + w.vectors, w.vectors);
      for (Index m = 0; m < count; ++m) rows[m] = x_row(i + m, step);
      products(count, rows, c_.I, c_.weight_ih.n, w_ih,
               Sums<Real>{x_sums, stride, start(c_.bias, w)},
               ahead(c_.weight_ih, w, b_, backwards(step)));
    }
    for (Index m = 0; m < count; ++m) rows[m] = recurrent_row(i + m, step);
    const Sums<Real> onto_x{sums, stride, nullptr, of_x, of_x_stride};
    const Sums<Real> alone{sums, stride, start(c_.bias_hh, w)};
    products(count, rows, c_.P, c_.weight_hh.n, w, apart ? alone : onto_x,
             ahead(c_.weight_hh, w, b_, backwards(step)));
    for (Index m = 0; m < count; ++m)
      finish_row(step, i + m, w, apart ? of_x + m * of_x_stride : sums + m * stride,
                 sums + m * stride);
  }

  void finish_row(Index step, Index i, const Columns<Real>& w, const Real* sums,
                  const Real* sums_h) {
    const Index unit = w.vector / G * lanes<Real>, row = s_.row(i);
    Step<Real> r{sums, sums_h, nullptr, nullptr, nullptr, nullptr, c_.H};
    r.h = hidden_ ? hidden_ + row * c_.H + unit : c_.output.row(s_.time(i, step), row) + unit;
    if (C::cell == Cell::gru) r.h_before = h_row_before(i, step) + unit;
    if (C::cell == Cell::lstm) r.c = c_.c_n.row(row) + unit;
    if (c_.kept) r.kept = c_.kept + (s_.pairs_before(step) + i) * kept_values(C::cell, c_.H) + unit;
    const Index n = smaller(w.vectors / G * lanes<Real>, c_.H - unit);
    C::forward(r, n);
    if (masked_ && !hidden_) mask(i, step + 1, r.h - unit, unit, n);
  }

  // h = W_hr (o tanh c) in this block's columns of h (Sak et al. 2014).
  void project_hidden(Index step) {
    const Range part = columns_of_h();
    const Index valid = rows_at(step);
    for_columns(c_.weight_hr, part.begin, part.end, valid - b_.rows_begin, backwards(step),
                [&](const Columns<Real>& w) {
                  for_groups(b_.rows_begin, valid, rows_at_once, [&](Index i, Index count) {
                    if (!b_.skips(work(count, w, c_.H))) project_rows(step, i, count, w);
                  });
                });
  }

  void project_rows(Index step, Index i, Index count, const Columns<Real>& w) {
    const Index first = w.vector * lanes<Real>, stride = sums_stride(count),
                n = smaller(w.vectors * lanes<Real>, c_.P - first);
    alignas(64) Real h[room_for_sums];
    const Real* rows[rows_at_once] = {};
    for (Index m = 0; m < count; ++m) rows[m] = hidden_ + s_.row(i + m) * c_.H;
    products(count, rows, c_.H, c_.P, w, Sums<Real>{h, stride});
    for (Index m = 0; m < count; ++m) {
      Real* to = c_.output.row(s_.time(i + m, step), s_.row(i + m));
      copy_row(to + first, h + m * stride, n);
      if (masked_) mask(i + m, step + 1, to, first, n);
    }
  }

  // The vectors of h that this block writes.
  Range columns_of_h() const {
    if (!hidden_) return {b_.vectors_begin / G, b_.vectors_end / G};
    const Index vectors = vectors_for<Real>(c_.P, 1);
    return b_.barrier ? part_of(vectors, column_grain(1), b_.thread, b_.threads)
                      : Range{0, vectors};
  }

  // Write final states, and zeros after each row's length.
  void finish() {
    const Range of_h = values_of<Real>(columns_of_h(), c_.P);
    for (Index i = b_.rows_begin; i < b_.rows_end; ++i) {
      const Index length = s_.length(i), row = s_.row(i);
      copy_row(c_.h_n.row(row) + of_h.begin, h_row_before(i, length) + of_h.begin, of_h.size());
      for (Index t = length; t < s_.T && !c_.output.offset; ++t)
        zero_row(c_.output.row(t, row) + of_h.begin, of_h.size());
    }
  }

  const Forward<Real>& c_;
  const Schedule& s_;
  const Block b_;
  Real *const projected_, *const hidden_, *const masked_;
  const Index width_;
  const Range units_;
};

template <class Real, class C>
Outcome forward(const Forward<Real>& call, int available) {
  const Schedule& s = call.schedule;
  if (s.N == 0) return Outcome::done;  // nothing to do, and no row to ask the length of
  const Index G = gates(C::cell), n = G * call.H;
  const Index vectors = vectors_for<Real>(n, G), width = vectors * lanes<Real>;
  const double work = 2.0 * static_cast<double>(s.pairs_before(s.T) * n * (call.I + call.P));
  StopSignal stop(call.interrupt, work);
  Plan plan(s, call.P, n, sizeof(Real), available, stop);
  // Where a block has fewer rows than a tile, steps are projected together.
  const bool together = plan.rows() < tile_rows && s.T > 1;
  const Index steps = together ? smaller(chunk_steps, s.T) : 0;
  const Buffer<Real> projected(steps * s.N * width);
  const Buffer<Real> hidden(call.weight_hr.data ? s.N * call.H : 0);
  const Buffer<Real> masked(call.mask.data ? 2 * s.N * call.P : 0);
  if (!plan || !projected || !hidden || !masked) return Outcome::no_memory;

  plan.run(vectors, column_grain(G), [&](const Block& block) {
    const Index before = block.rows_begin * width + s.N * block.vectors_begin * lanes<Real>;
    Real* own = together ? projected.get() + steps * before : nullptr;
    return ForwardPass<Real, C>(call, block, own, hidden.get(), masked.get()).run();
  });
  return stop.stopped() ? Outcome::interrupted : Outcome::done;
}

template <class Real>
Outcome forward(Cell cell, const Forward<Real>& call, int threads) {
  switch (cell) {
    case Cell::elman_tanh:
      return forward<Real, Elman<false>>(call, threads);
    case Cell::elman_relu:
      return forward<Real, Elman<true>>(call, threads);
    case Cell::gru:
      return forward<Real, Gru>(call, threads);
    case Cell::lstm:
      break;
  }
  return forward<Real, Lstm>(call, threads);
}

}  // namespace ELMAN_ISA
}  // namespace elman
