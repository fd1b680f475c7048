// The order in which rows of a batch are visited, in both directions of time.
#pragma once

#include <vector>

#include "kernel.hpp"

namespace elman {

class Schedules {
 public:
  // lengths: (N,), each in [0, T], which must stay alive; null if every row has T steps.
  Schedules(Index T, Index N, const Index* lengths) : T_(T), N_(N), lengths_(lengths) {
    if (!lengths) return;
    sorted_.resize(static_cast<std::size_t>(N + 2 * (T + 1)), 0);
    Index *order = sorted_.data(), *active = order + N, *offset = active + T + 1;
    // A stable counting sort: active[t] rows are longer than t.
    for (Index row = 0; row < N; ++row)
      if (lengths[row] > 0) ++active[lengths[row] - 1];
    for (Index t = T - 1; t >= 0; --t) active[t] += active[t + 1];
    std::vector<Index> next(active, active + T + 1);  // next[l]: place of the next row of length l
    for (Index row = 0; row < N; ++row) order[next[static_cast<std::size_t>(lengths[row])]++] = row;
    for (Index t = 0; t < T; ++t) offset[t + 1] = offset[t] + active[t];
  }

  Index T() const { return T_; }
  Index N() const { return N_; }
  // How many (step, row) pairs there are.
  Index pairs() const { return lengths_ ? sorted_.back() : T_ * N_; }
  // How many pairs come before each step, (T + 1,); null if every row has T steps.
  const Index* offset() const { return lengths_ ? sorted_.data() + N_ + T_ + 1 : nullptr; }
  Schedule of(bool reverse) const {
    if (!lengths_) return {T_, N_, nullptr, nullptr, nullptr, nullptr, reverse};
    const Index *order = sorted_.data(), *active = order + N_, *offset = active + T_ + 1;
    return {T_, N_, lengths_, order, active, offset, reverse};
  }

 private:
  Index T_, N_;
  const Index* lengths_;
  std::vector<Index> sorted_;  // order, active and offset of a Schedule
};

}  // namespace elman
