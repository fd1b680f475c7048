// The (step, row) pairs of a call, in blocks: the order of summation of the weights' gradients.
#pragma once

#include "ranges.hpp"

namespace elman {
namespace ELMAN_ISA {

// A valid (step, row) pair, in the schedule's order.
struct Pair {
  Index step = 0, i = 0;

  // Go on by so many pairs.
  void skip(const Schedule& s, Index pairs) {
    while (step < s.T && pairs >= s.rows_at(step) - i) {
      pairs -= s.rows_at(step) - i;
      ++step, i = 0;
    }
    i += pairs;
  }
};

// The terms of a weight's gradient are summed in blocks of so many pairs at most, each block from
// zero. The blocks are added from the last to the first, as time runs backwards. So threads cannot
// change a bit. Blocks are cut at multiples of some number of steps. A sequence that is run in
// parts of so many steps has the same blocks.
struct PairBlock {
  Index begin = 0, K = 0;  // the pairs begin … begin + K - 1
  Pair first;
};

// Gives a call's blocks, the last one first.
class PairBlocks {
 public:
  explicit PairBlocks(const Schedule& s)
      : s_(s),
        steps_(s.N < pairs_per_block ? pairs_per_block / (s.N > 0 ? s.N : 1) : 1),
        first_step_((s.T - 1) / steps_ * steps_),
        begin_(s.pairs_before(first_step_)),
        at_{first_step_} {}

  // The next block. It has no pairs if none is left.
  PairBlock take() {
    while (begin_ == end() && first_step_ > 0) {
      first_step_ -= steps_;
      begin_ = s_.pairs_before(first_step_);
      at_ = Pair{first_step_};
    }
    const PairBlock block{begin_, smaller(pairs_per_block, end() - begin_), at_};
    begin_ += block.K;
    at_.skip(s_, block.K);
    return block;
  }

 private:
  Index end() const { return s_.pairs_before(smaller(first_step_ + steps_, s_.T)); }

  const Schedule& s_;
  const Index steps_;
  Index first_step_, begin_;
  Pair at_;
};

}  // namespace ELMAN_ISA
}  // namespace elman
