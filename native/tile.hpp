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

// Cut rows into groups of at most so many, as even as can be: 16 into 6, 5, 5.
template <class Body>
inline void for_groups(Index begin, Index end, Index most, const Body& body) {
  const Index rows = end - begin, groups = (rows + most - 1) / most;
  for (Index g = 0; g < groups; ++g)
    body(begin + rows * g / groups, rows * (g + 1) / groups - rows * g / groups);
}

// How many vectors a tile of some rows may have, so that its sums stay in registers. One row alone
// takes two panels and interleaved chains side by side, as only many sums hide how long each takes.
constexpr int accumulators = vector_registers == 32 ? 24 : 12;
constexpr int most_vectors(int rows, int chains) {
  const int most = rows > 1 ? 4 : 8, sums = rows > 1 ? accumulators : vector_registers / 2;
  return sums / (rows * chains) < most ? sums / (rows * chains) : most;
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

// What a tile multiplies: K terms of each row, `step` apart, with as many rows of b.
template <class Real>
struct Factors {
  const Real* const* rows;
  Index K, step;
  const Real* b;
  Index b_stride;     // from one term's row to the next
  Index next;         // from a panel to the next one, where a tile takes two
  const Real* ahead;  // what to fetch meanwhile, b_stride apart
};

// M rows times W vectors of columns, in S interleaved chains.
template <class Real, int M, int W, int S>
void tile(const Factors<Real>& factors, const Sums<Real>& sums) {
  const Factors<Real> of = factors;  // by value, so that no store may change it
  const Sums<Real> to = sums;
  constexpr int L = lanes<Real>, panel = W > 4 ? W / 2 : W;
  V<Real> sum[S][M][W];
  const Real* a[M];
#pragma GCC unroll 6
  for (int m = 0; m < M; ++m) {
    a[m] = of.rows[m];
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
    for (int w = 0; w < W; ++w)
      bs[w] = load(of.b + w / panel * of.next + k * of.b_stride + w % panel * L);
    if constexpr (M > 2) __builtin_prefetch(of.ahead + k * of.b_stride, 0, 2);
#pragma GCC unroll 6
    for (int m = 0; m < M; ++m) {
      const V<Real> am = broadcast(a[m][k * of.step]);
#pragma GCC unroll 8
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
using Tile = void (*)(const Factors<Real>&, const Sums<Real>&);

template <class Real, int M, int W, int S>
constexpr Tile<Real> tile_if_fits() {
  if constexpr (W <= most_vectors(M, S))
    return tile<Real, M, W, S>;
  else
    return nullptr;
}

// Of 1 to 4 vectors, or of two panels of 3 or 4.
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

// The chains that a tile of more than one row sums one after another.
constexpr int chains_in_turn(Index n, Index K) {
  return interleaved_chains(n) * neighbouring_chains(n, K);
}

// The products of M rows, each K long, with columns of a K × n matrix, but for the chains before
// `first`, whose sums are in sums.out, and from `last` on. ahead: what to fetch from the same
// matrix, or null.
template <class Real>
inline void product(int M, const Real* const* rows, Index K, Index n, const Columns<Real>& b,
                    const Sums<Real>& sums, const Real* ahead, int first, int last) {
  const int at_once = M == 1 ? interleaved_chains(n) : 1;  // chains that a tile runs side by side
  const int step = interleaved_chains(n) / at_once, neighbouring = neighbouring_chains(n, K);
  const int chains = step * neighbouring, most = most_vectors(M, at_once);
  for (int v = 0; v < b.vectors; v += most) {
    const int vectors = smaller(most, b.vectors - v);
    const Tile<Real> run = tile_of<Real>(M, vectors, at_once);
    const Index at = v * lanes<Real>;
    Sums<Real> part = {sums.out + at, sums.out_stride};
    for (int c = first; c < chains && c < last; ++c) {
      const Index begin = step > 1 ? c : K * c / neighbouring;
      const Index terms = step > 1 ? (K - c + step - 1) / step : K * (c + 1) / neighbouring - begin;
      const Real* from[tile_rows] = {};
      for (int m = 0; m < M; ++m) from[m] = rows[m] + begin;
      part.start = c == 0 && sums.start ? sums.start + at : nullptr;
      part.goes_on = c > 0;
      if (c + 1 == chains && sums.added) {
        part.added = sums.added + at;
        part.added_stride = sums.added_stride;
      }
      const Real* of_b = b.data + begin * b.stride + at;
      run({from, terms, step, of_b, step * b.stride, b.next, ahead ? ahead : of_b}, part);
    }
  }
}

// So many rows and their sums stay in the first cache beside a chain's part of a panel.
constexpr Index rows_at_once = 8 * tile_rows;

// Room for the sums of some rows.
constexpr int most_columns = 8 * vector_bytes / 4;  // two panels, whichever the type
constexpr Index room_for_sums = rows_at_once * most_columns / 2;
constexpr Index sums_stride(Index rows) {
  return rows == 1 ? most_columns : most_columns / 2;
}

// The products of up to rows_at_once rows, chain by chain: a part of the columns is read from far
// once, and then by all rows. Meanwhile each of the first tiles fetches one vector of the next
// part; `ahead`: what comes after the last one, or null.
template <class Real>
inline void products(Index count, const Real* const* rows, Index K, Index n, const Columns<Real>& b,
                     const Sums<Real>& sums, const Real* ahead = nullptr) {
  if (count == 1) return product(1, rows, K, n, b, sums, ahead, 0, INT_MAX);
  const int chains = chains_in_turn(n, K);
  for (int c = 0; c < chains; ++c) {
    const Real* next = c + 1 < chains ? b.data + K * (c + 1) / chains * b.stride : ahead;
    int g = 0;
    for_groups(0, count, tile_rows, [&](Index i, Index M) {
      Sums<Real> of_group = sums;
      of_group.out += i * sums.out_stride;
      if (sums.added) of_group.added += i * sums.added_stride;
      const Real* fetched = next && g < b.vectors ? next + g * lanes<Real> : nullptr;
      product(static_cast<int>(M), rows + i, K, n, b, of_group, fetched, c, c + 1);
      ++g;
    });
  }
}

}  // namespace ELMAN_ISA
}  // namespace elman
