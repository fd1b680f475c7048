// Ranges, and how they are cut into parts.
#pragma once

#include "kernel.hpp"

namespace elman {
namespace ELMAN_ISA {

// The numbers begin, begin + 1, … end - 1.
struct Range {
  Index begin, end;
  Index size() const { return end > begin ? end - begin : 0; }
};

// The smaller of two numbers, which must fit an int.
inline int smaller(Index a, Index b) {
  return static_cast<int>(a < b ? a : b);
}

// Part i of p of the range [0, n). Parts are cut at multiples of `grain`, and are as even as that
// allows.
inline Range part_of(Index n, Index grain, int i, int p) {
  const Index grains = (n + grain - 1) / grain;
  const Index begin = grains * i / p * grain, end = grains * (i + 1) / p * grain;
  return {begin < n ? begin : n, end < n ? end : n};
}

// body(first, count) for groups of at most `most` numbers, as even as can be: 16 in groups of at
// most 6 are 6, 5, 5.
template <class Body>
inline void for_groups(Index begin, Index end, Index most, const Body& body) {
  const Index all = end - begin, groups = (all + most - 1) / most;
  for (Index g = 0; g < groups; ++g)
    body(begin + all * g / groups, all * (g + 1) / groups - all * g / groups);
}

}  // namespace ELMAN_ISA
}  // namespace elman
