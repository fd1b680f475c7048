// How a call's steps are spread over threads.
//
// A thread works on a block of rows, of columns and of steps. Rows are positions in the schedule's
// order, columns are vectors of outputs. There are two ways:
//   rows      Threads take groups of rows from a queue, some steps at a time. No step waits for
//             another thread.
//   columns   All threads share the rows. Each has columns of its own, and all meet after every
//             step.
// The code of a step is the same for both. Cores are seldom equally fast, as some are made so and
// others have neighbours. So a thread that is done early takes from what others have not begun.
#pragma once

#include "parallel.hpp"
#include "row_queue.hpp"

namespace elman {
namespace ELMAN_ISA {

class Plan {
 public:
  // For steps that multiply N rows with a K × n matrix of values of so many bytes.
  Plan(const Schedule& schedule, Index K, Index n, Index bytes, int available, StopSignal& stop)
      : s_(schedule),
        stop_(stop),
        work_(2.0 * static_cast<double>(K * n)),
        available_(Throttle::threads(step() * static_cast<double>(s_.T), available)),
        columns_(available_ > 1 && step() >= worth_columns &&
                 n * bytes >= 4 * vector_bytes * available_ &&
                 !(s_.N >= 32 && K * n * bytes <= fits_L2)),
        groups_(columns_ ? 1 : groups()),
        threads_(columns_ ? available_ : smaller(available_, groups_)),
        shared_(columns_ && s_.N >= tile_rows && step() >= worth_sharing),
        barrier_(columns_ ? threads_ : 1),
        shares_(shared_ ? threads_ : 0),
        queue_(s_, groups_ > 1 ? groups_ : 0, work_) {}

  // Whether there was memory for it.
  explicit operator bool() const { return barrier_ && shares_ && queue_; }

  int threads() const { return threads_; }
  // How many rows each block has, at least.
  Index rows() const { return s_.N / groups_; }

  // body(block) on threads, until all rows, steps and columns are done. Columns are cut at
  // multiples of `grain` vectors. body returns -1, or the next step if the block did not go on.
  template <class Body>
  void run(Index vectors, Index grain, const Body& body) {
    parallel(threads_, [&](int i, int p) {
      Block block{0, s_.N, 0, s_.T, 0, vectors, nullptr, nullptr, &stop_, i, p};
      if (columns_) {
        const Range own = part_of(vectors, grain, i, p);
        block.vectors_begin = own.begin, block.vectors_end = own.end;
        block.barrier = &barrier_;
        block.shares = shared_ ? &shares_ : nullptr;
      }
      if (groups_ > 1) {
        for (Index g; (g = queue_.take(&block)) >= 0; queue_.give_back(g, block))
          if (body(block) >= 0) return;
        return;
      }
      const Index next = body(block);
      if (next < 0 || i > 0 || stop_.stopped()) return;
      const Index begin = nanoseconds();
      body(Block{0, s_.N, next, s_.T, 0, vectors, nullptr, nullptr, &stop_, 0, 1});
      times.alone = nanoseconds() - begin;
      __atomic_fetch_add(&hooks.parted, 1, __ATOMIC_RELAXED);
    });
  }

 private:
  // Operations of a step from which threads share its columns, and take each other's.
  static constexpr double worth_columns = 90000, worth_sharing = 4e6;
  static constexpr Index fits_L2 = 1200000;  // bytes of a matrix

  // Operations of a step.
  double step() const { return work_ * static_cast<double>(s_.N); }
  // How many groups of rows: two for each thread if there are so many tiles.
  Index groups() const {
    const Index tiles = (s_.N + tile_rows - 1) / tile_rows;
    if (available_ == 1 || tiles < 2) return 1;
    if (tiles < available_) return smaller(available_, s_.N);
    return smaller(tiles, 2 * available_);
  }

  const Schedule& s_;
  StopSignal& stop_;
  const double work_;  // operations of a step of one row
  const int available_;
  const bool columns_;  // whether threads share the rows
  const Index groups_;
  const int threads_;
  const bool shared_;  // whether threads take parts of each other's columns
  Barrier barrier_;
  const Shares shares_;
  RowQueue queue_;
};

}  // namespace ELMAN_ISA
}  // namespace elman
