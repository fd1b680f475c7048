// How a call's work is cut: rows or columns over threads, rows and columns into tiles.
//
// A thread works on a block of rows (positions in the schedule's order), of columns (vectors of
// outputs) and of steps. Either threads take turns with groups of rows, and no step waits for
// another thread, or all threads share the rows, have columns of their own, and meet after every
// step. Both are the same code. Cores are seldom equally fast: some are made so, others have
// neighbours. So a thread that is done early takes from what is left, turns or columns.
#pragma once

#include "threads.hpp"
#include "tile.hpp"

namespace elman {
namespace ELMAN_ISA {

// What a thread works on. Steps are counted from where a pass begins; columns are the thread's own,
// and with `items` it may take others' too.
struct Block {
  Index rows_begin, rows_end;
  Index begin, end;
  Index vectors_begin, vectors_end;
  Barrier* barrier;    // where threads that share rows meet
  const Items* items;  // a step's parts, where they are worth being taken one by one
  int thread, threads;

  void meet() const {
    if (barrier) barrier->wait(thread, threads);
  }
  // At the end of a step: whether the threads go on with the next one. Else they part, and the
  // first one does the rest alone.
  bool meet_again() const { return !barrier || barrier->wait(thread, threads, true); }
};

// Groups of rows that threads take turns with, some steps at a time.
class Turns {
 public:
  // A pair takes so many operations.
  Turns(const Schedule& schedule, Index groups, double work)
      : s_(schedule), work_(work), count_(groups), groups_(groups) {
    const Index full = (s_.N + tile_rows - 1) / tile_rows, tiles = full > groups ? full : groups;
    for (Index g = 0; groups_ && g < groups; ++g) {
      Group& group = groups_.get()[g];
      group.begin = s_.N * (tiles * g / groups) / tiles;
      group.end = s_.N * (tiles * (g + 1) / groups) / tiles;
      group.taken = false;
      advance(group, 0);
      ++group.left;  // a group of empty rows has a turn too, as its states are still to be written
    }
  }

  // Whether there was memory for it.
  explicit operator bool() const { return static_cast<bool>(groups_); }

  // The rows and steps of a turn with the group that has most left to do, and its number; -1 if
  // no group is left.
  Index take(Block* turn) {
    const Locked locked(&lock_);
    Group* best = nullptr;
    for (Index g = 0; g < count_; ++g) {
      Group& group = groups_.get()[g];
      if (!group.taken && group.left && (!best || group.left > best->left)) best = &group;
    }
    if (!best) return -1;
    best->taken = true;
    const Index length = s_.length(best->begin);
    const double rows = static_cast<double>(best->end - best->begin);
    const Index worth = static_cast<Index>(worth_turn / (work_ * rows)) + 1;
    const Index steps =
        worth > length / most_turns ? worth : (length + most_turns - 1) / most_turns;
    turn->rows_begin = best->begin, turn->rows_end = best->end;
    turn->begin = best->done;
    turn->end = smaller(best->done + steps, length);
    return best - groups_.get();
  }

  void give_back(Index g, const Block& turn) {
    const Locked locked(&lock_);
    advance(groups_.get()[g], turn.end);
    groups_.get()[g].taken = false;
  }

 private:
  static constexpr double worth_turn = 2e6;  // operations, some 10 µs
  static constexpr Index most_turns = 16;    // of a group, if they are worth it

  struct Group {
    Index begin, end;  // rows
    Index done, left;  // steps, and pairs of a step and a row
    bool taken;
  };

  void advance(Group& group, Index done) const {
    group.done = done, group.left = 0;
    for (Index i = group.begin; i < group.end && s_.length(i) > done; ++i)
      group.left += s_.length(i) - done;
  }

  const Schedule& s_;
  const double work_;
  const Index count_;
  const Buffer<Group> groups_;
  bool lock_ = false;
};

// How a call's steps are spread over threads.
class Plan {
 public:
  // A step multiplies N rows with a K × n matrix.
  Plan(const Schedule& schedule, Index K, Index n, Index bytes, int available)
      : s_(schedule),
        work_(2.0 * static_cast<double>(K * n)),
        available_(Crowd::threads(step() * static_cast<double>(s_.T), available)),
        columns_(available_ > 1 && step() >= worth_columns &&
                 n * bytes >= 4 * vector_bytes * available_ &&
                 !(s_.N >= 32 && K * n * bytes <= fits_L2)),
        groups_(columns_ ? 1 : groups()),
        threads_(columns_ ? available_ : smaller(available_, groups_)),
        shared_(columns_ && s_.N >= tile_rows && step() >= worth_sharing),
        barrier_(columns_ ? threads_ : 1),
        items_(shared_ ? threads_ : 0),
        turns_(s_, groups_ > 1 ? groups_ : 0, work_) {}

  // Whether there was memory for it.
  explicit operator bool() const { return barrier_ && items_ && turns_; }

  int threads() const { return threads_; }
  // The least rows that a block may have.
  Index rows() const { return s_.N / groups_; }

  // body(block) on threads, until all rows, steps and columns, cut at multiples of `grain` vectors,
  // are done. It returns the step that is next where threads parted, and otherwise -1.
  template <class Body>
  void run(Index vectors, Index grain, const Body& body) {
    parallel(threads_, [&](int i, int p) {
      Block block{0, s_.N, 0, s_.T, 0, vectors, nullptr, nullptr, i, p};
      if (columns_) {
        const Range own = part_of(vectors, grain, i, p);
        block.vectors_begin = own.begin, block.vectors_end = own.end;
        block.barrier = &barrier_;
        block.items = shared_ ? &items_ : nullptr;
      }
      if (groups_ > 1) {
        for (Index g; (g = turns_.take(&block)) >= 0; turns_.give_back(g, block)) body(block);
        return;
      }
      const Index next = body(block);
      if (next < 0 || i > 0) return;
      const Index begin = nanoseconds();
      body(Block{0, s_.N, next, s_.T, 0, vectors, nullptr, nullptr, 0, 1});
      parted = nanoseconds() - begin;
      __atomic_fetch_add(&times_parted, 1, __ATOMIC_RELAXED);
    });
  }

 private:
  static constexpr double worth_columns = 90000, worth_sharing = 4e6;  // operations a step
  static constexpr Index fits_L2 = 1200000;                            // bytes

  double step() const { return work_ * static_cast<double>(s_.N); }
  // Of rows: two for each thread if there are so many tiles.
  Index groups() const {
    const Index tiles = (s_.N + tile_rows - 1) / tile_rows;
    if (available_ == 1 || tiles < 2) return 1;
    if (tiles < available_) return smaller(available_, s_.N);
    return smaller(tiles, 2 * available_);
  }

  const Schedule& s_;
  const double work_;  // of a pair
  const int available_;
  const bool columns_;
  const Index groups_;
  const int threads_;
  const bool shared_;
  Barrier barrier_;
  const Items items_;
  Turns turns_;
};

// Cut columns into as many as one tile takes, or as the gates of a unit need. Steps take turns to
// go from the first to the last and back again: they begin with what the caches still hold.
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

// Rows to be multiplied, in groups that are multiplied together, none across the middle.
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

// How many parts of a step are a block's own.
template <class Real>
inline Index parts_of(const Panels<Real>& w, const Block& block, const Rows& rows) {
  return panels_in(block.vectors_end - block.vectors_begin, w.gates) * rows.groups();
}

// body(columns, rows) for a block's parts of a step, and others' if it is done early.
template <class Real, class Body>
inline void for_parts(const Panels<Real>& w, const Block& block, const Rows& rows, int round,
                      bool backwards, const Body& body) {
  const Index groups = rows.groups();
  if (!block.items) {
    for_columns(w, block.vectors_begin, block.vectors_end, rows.end - rows.begin, backwards,
                [&](const Columns<Real>& c) {
                  for (Index g = 0; g < groups; ++g) body(c, rows.group(g));
                });
    return;
  }
  const Index panel = panel_vectors(w.gates), vectors = vectors_for<Real>(w.n, w.gates);
  block.items->take(round, block.thread, block.threads, [&](int owner, Index k) {
    const Range own = part_of(vectors, panel, owner, block.threads);
    const Index part = k / groups, last = panels_in(own.size(), w.gates) - 1;
    const Index vector = own.begin + (backwards ? last - part : part) * panel;
    body(columns(w, vector, own.end, panel), rows.group(k % groups));
  });
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
