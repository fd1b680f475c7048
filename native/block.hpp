// What a thread works on, and how a step of it is cut into parts.
#pragma once

#include "barrier.hpp"
#include "products.hpp"
#include "shares.hpp"
#include "stop_signal.hpp"

namespace elman {
namespace ELMAN_ISA {

// What a thread works on. Rows are positions in the schedule's order.
struct Block {
  Index rows_begin, rows_end;
  Index begin, end;                  // steps, counted from where a pass begins
  Index vectors_begin, vectors_end;  // the thread's own columns
  Barrier* barrier;                  // where threads that share rows meet, or null
  const Shares* shares;  // the parts of a step, where a thread may take others' too; or null
  StopSignal* stop;
  int thread, threads;

  void meet() const {
    if (barrier) barrier->wait(thread, threads);
  }
  // Whether the thread should skip work of so many operations, as the call is broken off.
  bool skips(double operations) const { return stop->stops(thread, operations); }
  // At the end of a step. Returns whether the block goes on. If not, the call is broken off, or the
  // threads part.
  bool end_step() const {
    if (!barrier) return !stop->stopped();
    const bool part = thread == 0 && (barrier->late() || stop->stopped());
    return barrier->wait(thread, threads, part);
  }
};

// body(columns) for columns of a matrix, cut into as many as one tile takes. Every other step goes
// backwards, so that it begins with the columns that the caches still hold.
template <class Real, class Body>
inline void for_columns(const Panels<Real>& w, Index begin, Index end, Index rows, bool backwards,
                        const Body& body) {
  const Index panel = panel_vectors(w.gates);
  const int at_once = rows == 1 ? panels_at_once(w.gates, interleaved_chains(w.n)) : 1;
  const Index most = at_once * panel;
  const Index panels = end > begin ? panels_in(end - begin, w.gates) : 0;
  const Index parts = (panels + at_once - 1) / at_once;
  for (Index i = 0; i < parts; ++i) {
    const Index part = begin + (backwards ? parts - 1 - i : i) * most;
    for (Index v = part; v < smaller(part + most, end);) {
      const Columns<Real> c = columns(w, v, end, most);
      body(c);
      v += c.vectors;
    }
  }
}

// Rows, cut into groups that are multiplied together. No group lies across the middle.
struct Rows {
  Index begin, middle, end;

  Index groups() const { return parts(middle - begin) + parts(end - middle); }
  Range group(Index g) const {
    if (groups() == 1) return {begin, end};
    const Index before = parts(middle - begin);
    return g < before ? part(begin, middle, g) : part(middle, end, g - before);
  }

 private:
  static Index parts(Index rows) { return (rows + rows_at_once - 1) / rows_at_once; }
  static Range part(Index begin, Index end, Index g) {
    const int of = static_cast<int>(parts(end - begin));
    const Range range = part_of(end - begin, tile_rows, static_cast<int>(g), of);
    return {begin + range.begin, begin + range.end};
  }
};

// The operations of a product of some rows with columns of a matrix that has K rows.
template <class Real>
inline double work(Index rows, const Columns<Real>& w, Index K) {
  return 2.0 * static_cast<double>(rows * K * w.vectors * lanes<Real>);
}

// How many parts of a step are a block's own. A part has one panel and one group of rows.
template <class Real>
inline Index parts_of(const Panels<Real>& w, const Block& block, const Rows& rows) {
  return panels_in(block.vectors_end - block.vectors_begin, w.gates) * rows.groups();
}

// body(columns, rows) for a block's parts of a step, and then for parts that other threads have not
// begun.
template <class Real, class Body>
inline void for_parts(const Panels<Real>& w, const Block& block, const Rows& rows, int round,
                      bool backwards, const Body& body) {
  const Index groups = rows.groups();
  if (!block.shares) {
    for_columns(w, block.vectors_begin, block.vectors_end, rows.end - rows.begin, backwards,
                [&](const Columns<Real>& c) {
                  for (Index g = 0; g < groups; ++g) body(c, rows.group(g));
                });
    return;
  }
  const Index panel = panel_vectors(w.gates), vectors = vectors_for<Real>(w.n, w.gates);
  block.shares->take(round, block.thread, block.threads, [&](int owner, Index k) {
    const Range own = part_of(vectors, panel, owner, block.threads);
    const Index part = k / groups, last = panels_in(own.size(), w.gates) - 1;
    const Index vector = own.begin + (backwards ? last - part : part) * panel;
    body(columns(w, vector, own.end, panel), rows.group(k % groups));
  });
}

// The panel that a thread multiplies with after w; null after its last one.
template <class Real>
inline const Real* ahead(const Panels<Real>& weights, const Columns<Real>& w, const Block& block,
                         bool backwards) {
  const Index next = backwards ? w.vector - panel_vectors(weights.gates) : w.vector + w.vectors;
  if (next < block.vectors_begin || next >= block.vectors_end) return nullptr;
  return columns(weights, next, block.vectors_end, 1).data;
}

// Fetch a row into the caches, all of its lines at once: another thread has just written a part.
template <class Real>
inline void fetch(const Real* row, Index n) {
  for (Index j = 0; j < n; j += 64 / static_cast<Index>(sizeof(Real))) __builtin_prefetch(row + j);
}

// Columns are cut between threads at multiples of so many vectors.
constexpr Index column_grain(Index gates) {
  return panel_vectors(gates);
}

// Which of n values lie in some vectors.
template <class Real>
inline Range values_of(Range vectors, Index n) {
  return {vectors.begin * lanes<Real>, smaller(vectors.end * lanes<Real>, n)};
}

}  // namespace ELMAN_ISA
}  // namespace elman
