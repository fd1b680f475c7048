// How a call's work is cut: rows or columns over threads, rows and columns into tiles.
//
// A thread works on a block of rows (positions in the schedule's order) and of columns (vectors of
// outputs). Either each thread has rows of its own, and no thread waits for another, or all threads
// share the rows, have columns of their own, and meet after every step. Both are the same code.
#pragma once

#include "threads.hpp"
#include "tile.hpp"

namespace elman {
namespace ELMAN_ISA {

// A thread's share: positions in the schedule's order, and vectors of outputs. Threads that share
// rows meet at the barrier.
struct Block {
  Index rows_begin, rows_end;
  Index vectors_begin, vectors_end;
  Barrier* barrier;
  int thread, threads;

  void meet() const {
    if (barrier) barrier->wait(thread, threads);
  }
};

// How a call's steps are spread over threads.
class Plan {
 public:
  // A step multiplies N rows with a K × n matrix.
  Plan(const Schedule& schedule, Index K, Index n, Index bytes, int available) : s_(schedule) {
    const double step = 2.0 * static_cast<double>(schedule.N * K * n);
    if (Crowd::threads(step * static_cast<double>(schedule.T), available) < 2) return;
    const bool fits_L2 = K * n * bytes <= 1200000;
    const bool enough_columns = n * bytes >= 4 * vector_bytes * available;
    const bool columns = step >= 90000 && enough_columns && !(schedule.N >= 32 && fits_L2);
    if (columns || schedule.N >= 2 * tile_rows) threads = available;
    by_rows_ = !columns;
  }

  int threads = 1;

  bool by_rows() const { return by_rows_ || threads == 1; }

  Block block(Index vectors, Index grain, int i, int p, Barrier& barrier) const {
    if (by_rows()) return {rows_before(i, p), rows_before(i + 1, p), 0, vectors, nullptr, i, p};
    const Range part = part_of(vectors, grain, i, p);
    return {0, s_.N, part.begin, part.end, &barrier, i, p};
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

// Cut columns into as many as one tile takes, or as the gates of a unit need. Steps take turns to
// go from the first to the last and back again: they begin with what the caches still hold.
template <class Real, class Body>
inline void for_columns(const Panels<Real>& w, Index begin, Index end, Index rows, bool backwards,
                        const Body& body) {
  const Index panel = panel_vectors(w.gates);
  const Index most = rows == 1 && most_vectors(1, interleaved_chains(w.n)) == 8 ? 2 * panel : panel;
  const Index parts = end > begin ? (end - begin + most - 1) / most : 0;
  for (Index i = 0; i < parts; ++i) {
    const Index part = begin + (backwards ? parts - 1 - i : i) * most;
    for (Index v = part; v < smaller(part + most, end);) {
      const Columns<Real> c = columns(w, v, end, most);
      body(c);
      v += c.vectors;
    }
  }
}

// Where the panel begins that a block's thread multiplies with after w, or null at a turn.
template <class Real>
inline const Real* ahead(const Panels<Real>& weights, const Columns<Real>& w, const Block& block,
                         bool backwards) {
  const Index next = backwards ? w.vector - panel_vectors(weights.gates) : w.vector + w.vectors;
  if (next < block.vectors_begin || next >= block.vectors_end) return nullptr;
  return columns(weights, next, block.vectors_end, 1).data;
}

// Fetch a row of which another thread has just written a part, all of its lines at once.
template <class Real>
inline void fetch(const Real* row, Index n) {
  for (Index j = 0; j < n; j += 64 / static_cast<Index>(sizeof(Real))) __builtin_prefetch(row + j);
}

// Threads take columns in multiples of so many vectors.
constexpr Index column_grain(Index gates) {
  return panel_vectors(gates);
}

// The values, of n, that are in some vectors.
template <class Real>
inline Range values_of(Range vectors, Index n) {
  return {vectors.begin * lanes<Real>, smaller(vectors.end * lanes<Real>, n)};
}

}  // namespace ELMAN_ISA
}  // namespace elman
