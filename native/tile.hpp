// A tile: the product of some rows and columns, whose sums stay in registers. And the one order of
// summation.
//
// Every dot product of K terms is summed in chains of fused multiply-adds:
//   n <= 64         4 chains, term k in chain k mod 4
//   n <= 128        2 chains, term k in chain k mod 2
//   n > 128         as few chains of neighbouring terms as make none longer than 64, but at least
//                   2 where K >= 32
// n is the number of the product's outputs. The first chain of an input's product begins with the
// bias, and every other chain with zero. The sums of chains are added from left to right. Then the
// sum of the state's product is added to the input's. Long chains would cost accuracy, and so would
// small terms that meet a large sum (docs/adr/0001-order-of-summation.md).
//
// Nothing else decides the bits of a result: neither the tile's shape, nor the rows beside it, nor
// the threads, nor the vector's width.
#pragma once

#include "pack.hpp"

namespace elman {
namespace ELMAN_ISA {

constexpr int tile_rows = 6;

constexpr int interleaved_chains(Index n) {
  return n <= 64 ? 4 : n <= 128 ? 2 : 1;
}
constexpr int neighbouring_chains(Index n, Index K) {
  if (n <= 128 || K < 32) return 1;
  return K <= 128 ? 2 : static_cast<int>((K + 63) / 64);
}

// How many vectors a tile of some rows may have, so that its sums stay in registers. A single row
// takes more panels, and interleaved chains side by side: it needs many sums at once to hide how
// long each multiply-add takes.
constexpr int accumulators = vector_registers == 32 ? 24 : 12;
constexpr int most_vectors(int rows, int chains) {
  const int most = rows > 1 ? 4 : 12, sums = rows > 1 ? accumulators : vector_registers / 2;
  return sums / (rows * chains) < most ? sums / (rows * chains) : most;
}

// How many panels a single row takes at once. They have 4 vectors, or 3 for three gates.
constexpr int panels_at_once(Index gates, int chains) {
  const int most = most_vectors(1, chains);
  return most < (gates == 3 ? 6 : 8) ? 1 : gates == 3 && most >= 12 ? 4 : 2;
}

// Where a product's sums go, row by row, and what is added to them.
template <class Real>
struct Sums {
  Real* out;
  Index out_stride;
  const Real* start = nullptr;  // a row of values that all rows' sums begin with; null for zeros
  const Real* added = nullptr;  // rows that complete sums are added to, perhaps `out`; or null
  Index added_stride = 0;
  bool goes_on = false;  // whether `out` holds the sums of the chains before
};

// What a tile multiplies: K terms of each row, `step` apart, and K rows of b.
template <class Real>
struct Factors {
  const Real* const* rows;
  Index K, step;
  const Real* b;
  Index b_stride;     // from one term's row to the next
  Index next;         // from one panel to the next, where a tile takes several
  const Real* ahead;  // what to fetch into the caches meanwhile, b_stride apart
};

// M rows times W vectors of columns, in S interleaved chains.
template <class Real, int M, int W, int S>
void tile(const Factors<Real>& factors, const Sums<Real>& sums) {
  const Factors<Real> of = factors;  // by value, so that no store may change it
  const Sums<Real> to = sums;
  constexpr int L = lanes<Real>, panel = W == 12 ? 3 : W > 4 ? W / 2 : W;
  V<Real> sum[S][M][W];
  const Real* a[M];
#pragma GCC unroll 6
  for (int m = 0; m < M; ++m) {
    a[m] = of.rows[m];
#pragma GCC unroll 12
    for (int w = 0; w < W; ++w) {
      sum[0][m][w] = to.start ? load(to.start + w * L) : V<Real>{};
#pragma GCC unroll 4
      for (int s = 1; s < S; ++s) sum[s][m][w] = V<Real>{};
    }
  }

  const auto multiply_add = [&](int s, Index k) __attribute__((always_inline)) {
    V<Real> bs[W];
#pragma GCC unroll 12
    for (int w = 0; w < W; ++w)
      bs[w] = load(of.b + w / panel * of.next + k * of.b_stride + w % panel * L);
    if constexpr (M > 2) __builtin_prefetch(of.ahead + k * of.b_stride, 0, 2);
#pragma GCC unroll 6
    for (int m = 0; m < M; ++m) {
      const V<Real> am = broadcast(a[m][k * of.step]);
#pragma GCC unroll 12
      for (int w = 0; w < W; ++w) sum[s][m][w] = fma(am, bs[w], sum[s][m][w]);
    }
  };
  Index k = 0;
  for (; k + S <= of.K; k += S) {
#pragma GCC unroll 4
    for (int s = 0; s < S; ++s) multiply_add(s, k + s);
  }
  if constexpr (S > 1) {
    const Index rest = of.K - k;
#pragma GCC unroll 4
    for (int s = 0; s < S - 1; ++s)
      if (s < rest) multiply_add(s, k + s);
  }

#pragma GCC unroll 6
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 12
    for (int w = 0; w < W; ++w) {
      V<Real> total = sum[0][m][w];
#pragma GCC unroll 4
      for (int s = 1; s < S; ++s) total += sum[s][m][w];
      if (to.goes_on) total = load(to.out + m * to.out_stride + w * L) + total;
      if (to.added) total = load(to.added + m * to.added_stride + w * L) + total;
      store(to.out + m * to.out_stride + w * L, total);
    }
  }
}

template <class Real>
using Tile = void (*)(const Factors<Real>&, const Sums<Real>&);

template <class Real, int M, int W, int S>
constexpr Tile<Real> tile_if_fits() {
  if constexpr (W <= most_vectors(M, S))
    return tile<Real, M, W, S>;
  else
    return nullptr;
}

// A tile has 1 to 4 vectors, or two panels of 3 or 4 vectors, or four panels of 3.
template <class Real, int M, int S>
Tile<Real> tile_of_width(int vectors) {
  static constexpr Tile<Real> tiles[] = {
      tile_if_fits<Real, M, 1, S>(),
      tile_if_fits<Real, M, 2, S>(),
      tile_if_fits<Real, M, 3, S>(),
      tile_if_fits<Real, M, 4, S>(),
      nullptr,
      tile_if_fits<Real, M, 6, S>(),
      nullptr,
      tile_if_fits<Real, M, 8, S>(),
      nullptr,
      nullptr,
      nullptr,
      tile_if_fits<Real, M, 12, S>(),
  };
  return tiles[vectors - 1];
}

template <class Real>
Tile<Real> tile_of(int rows, int vectors, int chains) {
  switch (rows) {
    case 1:
      return chains == 1   ? tile_of_width<Real, 1, 1>(vectors)
             : chains == 2 ? tile_of_width<Real, 1, 2>(vectors)
                           : tile_of_width<Real, 1, 4>(vectors);
    case 2:
      return tile_of_width<Real, 2, 1>(vectors);
    case 3:
      return tile_of_width<Real, 3, 1>(vectors);
    case 4:
      return tile_of_width<Real, 4, 1>(vectors);
    case 5:
      return tile_of_width<Real, 5, 1>(vectors);
    default:
      return tile_of_width<Real, 6, 1>(vectors);
  }
}

}  // namespace ELMAN_ISA
}  // namespace elman
