// Groups of rows, which threads take from a queue.
#pragma once

#include "block.hpp"

namespace elman {
namespace ELMAN_ISA {

// Threads take a group of rows, run some of its steps, and give it back. Such a turn is long enough
// to be worth it, and short enough that threads end at about the same time.
class RowQueue {
 public:
  // A step of a row takes `work` operations.
  RowQueue(const Schedule& schedule, Index groups, double work)
      : s_(schedule), work_(work), count_(groups), groups_(groups) {
    const Index full = (s_.N + tile_rows - 1) / tile_rows, tiles = full > groups ? full : groups;
    for (Index g = 0; groups_ && g < groups; ++g) {
      Group& group = groups_.get()[g];
      group.begin = s_.N * (tiles * g / groups) / tiles;
      group.end = s_.N * (tiles * (g + 1) / groups) / tiles;
      group.taken = false;
      advance(group, 0);
      ++group.left;  // a group of empty rows has a turn too, which writes its states
    }
  }

  // Whether there was memory for it.
  explicit operator bool() const { return static_cast<bool>(groups_); }

  // Take the group that has most left to do. Sets the rows and steps of the turn, and returns the
  // group's number; -1 if no group is left.
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
    const Index least = static_cast<Index>(least_work / (work_ * rows)) + 1;
    const Index most = static_cast<Index>(most_work / (work_ * rows)) + 1;
    const Index even = (length + most_turns - 1) / most_turns;
    const Index steps = smaller(least > length / most_turns ? least : even, most);
    turn->rows_begin = best->begin, turn->rows_end = best->end;
    turn->begin = best->done;
    turn->end = smaller(best->done + steps, length);
    return best - groups_.get();
  }

  // Give group g back after a turn.
  void give_back(Index g, const Block& turn) {
    const Locked locked(&lock_);
    advance(groups_.get()[g], turn.end);
    groups_.get()[g].taken = false;
  }

 private:
  // A group is taken so many times, unless turns have less or more work than this: operations, some
  // 10 µs and 10 ms. The caller's thread asks nobody whether to stop while it waits for the end.
  static constexpr Index most_turns = 16;
  static constexpr double least_work = 2e6, most_work = 1e9;

  struct Group {
    Index begin, end;  // rows
    Index done;        // steps
    Index left;        // pairs of a step and a row
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

}  // namespace ELMAN_ISA
}  // namespace elman
