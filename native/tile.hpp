// The register-blocked product, and the one order of summation.
//
// Every dot product of K terms is summed in chains of fused multiply-adds:
//   n <= 64         4 chains, term k in chain k mod 4
//   n <= 128        2 chains, term k in chain k mod 2
//   n > 128         as few chains of neighbouring terms as make none longer than 64, but at least
//                   2 where K >= 32
// where n is how many outputs the product has. The first chain of an input's product begins from
// the bias, every other one from zero. Chains are added from the left, and the sum of the state's
// product then to the input's. Long chains, and small terms that meet a large sum, would cost
// accuracy (docs/adr/0001-order-of-summation.md).
//
// Nothing else decides the bits of a result: not the tile's shape, the rows beside it, the threads
// or the vector's width.
#pragma once

#include <climits>

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

// How many rows and vectors a tile may have, so that its sums stay in registers.
constexpr int accumulators = vector_registers == 32 ? 24 : 12;
constexpr int most_rows(int chains) {
  return tile_rows * chains <= accumulators ? tile_rows : accumulators / chains;
}
constexpr int most_vectors(int chains, int rows) {
  return rows == 1 ? (accumulators == 24 ? (chains == 4 ? 4 : 8) : 8 / chains)
                   : (accumulators / tile_rows + chains - 1) / chains;
}

// Where a product's sums go, row by row, and what belongs to them.
template <class Real>
struct Sums {
  Real* out;
  Index out_stride;
  const Real* start = nullptr;  // a row from which the sums of all rows begin; null for zeros
  const Real* added = nullptr;  // rows to which complete sums are added, `out` perhaps; or null
  Index added_stride = 0;
  bool goes_on = false;  // whether `out` holds the sums of the chains before
};

// rows[m][k] for k < K, times columns. A line of each row from `ahead` on is fetched meanwhile.
template <class Real, int M, int W, int S>
void tile(const Real* const* rows, Index K, const Real* b, Index b_stride, const Real* ahead,
          const Sums<Real>& sums) {
  const Sums<Real> to = sums;  // by value, so that no store may change it
  constexpr int L = lanes<Real>;
  V<Real> sum[S][M][W];
  const Real* a[M];
#pragma GCC unroll 6
  for (int m = 0; m < M; ++m) {
    a[m] = rows[m];
#pragma GCC unroll 8
    for (int w = 0; w < W; ++w) {
      sum[0][m][w] = to.start ? load(to.start + w * L) : V<Real>{};
#pragma GCC unroll 4
      for (int s = 1; s < S; ++s) sum[s][m][w] = V<Real>{};
    }
  }

  const auto multiply_add = [&](int s, Index k) __attribute__((always_inline)) {
    V<Real> bs[W];
#pragma GCC unroll 8
    for (int w = 0; w < W; ++w) bs[w] = load(b + k * b_stride + w * L);
    if constexpr (M > 2) __builtin_prefetch(ahead + k * b_stride, 0, 2);
#pragma GCC unroll 6
    for (int m = 0; m < M; ++m) {
      const V<Real> am = broadcast(a[m][k]);
#pragma GCC unroll 8
      for (int w = 0; w < W; ++w) sum[s][m][w] = fma(am, bs[w], sum[s][m][w]);
    }
  };
  Index k = 0;
  for (; k + S <= K; k += S) {
#pragma GCC unroll 4
    for (int s = 0; s < S; ++s) multiply_add(s, k + s);
  }
  if constexpr (S > 1) {
    const Index rest = K - k;
#pragma GCC unroll 4
    for (int s = 0; s < S - 1; ++s)
      if (s < rest) multiply_add(s, k + s);
  }

#pragma GCC unroll 6
  for (int m = 0; m < M; ++m) {
#pragma GCC unroll 8
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
using Tile = void (*)(const Real* const*, Index, const Real*, Index, const Real*,
                      const Sums<Real>&);

template <class Real, int M, int S>
Tile<Real> tile_of_width(int vectors) {
  constexpr int most = most_vectors(S, M);
  static_assert(most >= 1 && most <= 8);
  switch (vectors) {
    case 1:
      return tile<Real, M, 1, S>;
    case 2:
      if constexpr (most >= 2)
        return tile<Real, M, 2, S>;
      else
        break;
    case 3:
      if constexpr (most >= 3)
        return tile<Real, M, 3, S>;
      else
        break;
    case 4:
      if constexpr (most >= 4)
        return tile<Real, M, 4, S>;
      else
        break;
    case 5:
      if constexpr (most >= 5)
        return tile<Real, M, 5, S>;
      else
        break;
    case 6:
      if constexpr (most >= 6)
        return tile<Real, M, 6, S>;
      else
        break;
    case 7:
      if constexpr (most >= 7)
        return tile<Real, M, 7, S>;
      else
        break;
    case 8:
      if constexpr (most >= 8)
        return tile<Real, M, 8, S>;
      else
        break;
  }
  return nullptr;
}

template <class Real, int S>
Tile<Real> tile_of(int rows, int vectors) {
  switch (rows) {
    case 1:
      return tile_of_width<Real, 1, S>(vectors);
    case 2:
      return tile_of_width<Real, 2, S>(vectors);
    case 3:
      return tile_of_width<Real, 3, S>(vectors);
    case 4:
      if constexpr (most_rows(S) >= 4)
        return tile_of_width<Real, 4, S>(vectors);
      else
        break;
    case 5:
      if constexpr (most_rows(S) >= 5)
        return tile_of_width<Real, 5, S>(vectors);
      else
        break;
    case 6:
      if constexpr (most_rows(S) >= 6)
        return tile_of_width<Real, 6, S>(vectors);
      else
        break;
  }
  return nullptr;
}

template <class Real>
Tile<Real> tile_of(int chains, int rows, int vectors) {
  return chains == 1   ? tile_of<Real, 1>(rows, vectors)
         : chains == 2 ? tile_of<Real, 2>(rows, vectors)
                       : tile_of<Real, 4>(rows, vectors);
}

// So many neighbouring chains are as much of a matrix as stays in the second cache beside the rest.
constexpr int chains_at_once = 16;

// The product of M rows, each K long, with columns of a K × n matrix. M is at most most_rows;
// ahead: what to fetch from the same matrix, or null. Of more chains than `last_chain`, those from
// `first_chain` to there alone, the ones before being in sums.out.
template <class Real>
inline void product(int M, const Real* const* rows, Index K, Index n, const Columns<Real>& b,
                    const Sums<Real>& sums, const Real* ahead = nullptr, int first_chain = 0,
                    int last_chain = INT_MAX) {
  const int interleaved = interleaved_chains(n), neighbouring = neighbouring_chains(n, K);
  const int most = most_vectors(interleaved, M);
  for (int v = 0; v < b.vectors; v += most) {
    const int vectors = smaller(most, b.vectors - v);
    const Tile<Real> run = tile_of<Real>(interleaved, M, vectors);
    const Index at = v * lanes<Real>;
    Sums<Real> part = {sums.out + at, sums.out_stride, nullptr};
    for (int c = first_chain; c < neighbouring && c < last_chain; ++c) {
      const Index begin = K * c / neighbouring, end = K * (c + 1) / neighbouring;
      const Real* from[tile_rows] = {};
      for (int m = 0; m < M; ++m) from[m] = rows[m] + begin;
      part.start = c == 0 && sums.start ? sums.start + at : nullptr;
      part.goes_on = c > 0;
      if (c + 1 == neighbouring && sums.added) {
        part.added = sums.added + at;
        part.added_stride = sums.added_stride;
      }
      const Real* of_b = b.data + begin * b.stride + at;
      run(from, end - begin, of_b, b.stride, ahead ? ahead + begin * b.stride : of_b, part);
    }
  }
}

}  // namespace ELMAN_ISA
}  // namespace elman
