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
// takes more panels and interleaved chains side by side, as only many sums hide how long each
// takes.
constexpr int accumulators = vector_registers == 32 ? 24 : 12;
constexpr int most_vectors(int rows, int chains) {
  const int most = rows > 1 ? 4 : 12, sums = rows > 1 ? accumulators : vector_registers / 2;
  return sums / (rows * chains) < most ? sums / (rows * chains) : most;
}

// How many panels one row takes at once: of 4 vectors, or of 3 for three gates.
constexpr int panels_at_once(Index gates, int chains) {
  const int most = most_vectors(1, chains);
  return most < (gates == 3 ? 6 : 8) ? 1 : gates == 3 && most >= 12 ? 4 : 2;
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
  Index next;         // from a panel to the next one, where a tile takes more
  const Real* ahead;  // what to fetch meanwhile, b_stride apart
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

// Of 1 to 4 vectors, of two panels of 3 or 4, or of four of 3.
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

// The c-th chain of K terms: where it begins, how far its terms are apart, and how many there are.
struct Chain {
  Index begin, step, terms;
};

// Chains of a product with n outputs, but for interleaved ones that a tile sums side by side.
struct Chains {
  Index K;
  int interleaved, neighbouring;

  Chains(Index n, Index K, int side_by_side)
      : K(K),
        interleaved(interleaved_chains(n) / side_by_side),
        neighbouring(neighbouring_chains(n, K)) {}

  int count() const { return interleaved * neighbouring; }
  Chain chain(int c) const {
    if (interleaved > 1) return {c, interleaved, (K - c + interleaved - 1) / interleaved};
    return {cut(c), 1, cut(c + 1) - cut(c)};
  }

 private:
  Index cut(int c) const {
    return c == 0 ? 0 : c == neighbouring ? K : neighbouring == 2 ? K / 2 : K * c / neighbouring;
  }
};

// Where a chain's sums go, from some column on.
template <class Real>
inline Sums<Real> sums_of(const Sums<Real>& all, int chain, int chains, Index column) {
  Sums<Real> sums{all.out + column, all.out_stride};
  if (chain == 0 && all.start) sums.start = all.start + column;
  if (chain + 1 == chains && all.added) {
    sums.added = all.added + column;
    sums.added_stride = all.added_stride;
  }
  sums.goes_on = chain > 0;
  return sums;
}

// The product of one row, K long, with columns of a K × n matrix; interleaved chains side by side.
template <class Real>
inline void product(const Real* row, Index K, Index n, const Columns<Real>& b,
                    const Sums<Real>& sums) {
  const int side_by_side = interleaved_chains(n), most = most_vectors(1, side_by_side);
  const Chains chains(n, K, side_by_side);
  for (int v = 0; v < b.vectors; v += most) {
    const int vectors = smaller(most, b.vectors - v);
    const Tile<Real> run = tile_of<Real>(1, vectors, side_by_side);
    for (int c = 0; c < chains.count(); ++c) {
      const Chain chain = chains.chain(c);
      const Real *from = row + chain.begin,
                 *of_b = b.data + chain.begin * b.stride + v * lanes<Real>;
      run({&from, chain.terms, 1, of_b, b.stride, b.next, of_b},
          sums_of(sums, c, chains.count(), v * lanes<Real>));
    }
  }
}

// So many rows and their sums stay in the first cache beside a chain's part of a panel.
constexpr Index rows_at_once = 8 * tile_rows;

// Room for the sums of some rows.
constexpr int tile_columns = 4 * vector_bytes / 4, most_columns = 3 * tile_columns;  // floats
constexpr Index room_for_sums = rows_at_once * tile_columns;
constexpr Index sums_stride(Index rows) {
  return rows == 1 ? most_columns : tile_columns;
}

// The products of up to rows_at_once rows, chain by chain: a part of the columns is read from far
// once, and then by all rows. Meanwhile each of the first tiles fetches one vector of the next
// part; `ahead`: what comes after the last one, or null.
template <class Real>
inline void products(Index count, const Real* const* rows, Index K, Index n, const Columns<Real>& b,
                     const Sums<Real>& sums, const Real* ahead = nullptr) {
  if (count == 1) return product(rows[0], K, n, b, sums);
  const int tiles = static_cast<int>((count + tile_rows - 1) / tile_rows);
  const int few = static_cast<int>(count) / tiles, larger = static_cast<int>(count) % tiles;
  const int most = most_vectors(larger ? few + 1 : few, 1);
  const Chains chains(n, K, 1);
  for (int c = 0; c < chains.count(); ++c) {
    const Chain chain = chains.chain(c);
    const Real* of_b = b.data + chain.begin * b.stride;
    const Real* next =
        c + 1 < chains.count() ? b.data + chains.chain(c + 1).begin * b.stride : ahead;
    for (int v = 0; v < b.vectors; v += most) {
      const int vectors = smaller(most, b.vectors - v);
      const Tile<Real> of_few = tile_of<Real>(few, vectors, 1);
      const Tile<Real> of_more = larger ? tile_of<Real>(few + 1, vectors, 1) : nullptr;
      Factors<Real> factors{
          nullptr, chain.terms, chain.step, of_b + v * lanes<Real>, chain.step * b.stride,
          0,       nullptr};
      Sums<Real> part = sums_of(sums, c, chains.count(), v * lanes<Real>);
      const Real* const* row = rows;
      for (int t = 0; t < tiles; ++t) {
        const int M = t < larger ? few + 1 : few;
        const Real* from[tile_rows];
        for (int m = 0; m < M; ++m) from[m] = row[m] + chain.begin;
        factors.rows = from;
        factors.ahead = next && v + t < b.vectors ? next + (v + t) * lanes<Real> : factors.b;
        (t < larger ? of_more : of_few)(factors, part);
        row += M;
        part.out += M * part.out_stride;
        if (part.added) part.added += M * part.added_stride;
      }
    }
  }
}

}  // namespace ELMAN_ISA
}  // namespace elman
