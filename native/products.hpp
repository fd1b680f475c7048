// The products of rows with a packed matrix, chain by chain and tile by tile.
#pragma once

#include "tile.hpp"

namespace elman {
namespace ELMAN_ISA {

// A chain of terms: where it begins, how far its terms are apart, and how many there are.
struct Chain {
  Index begin, step, terms;
};

// The chains of a product with n outputs. Interleaved chains that a tile sums side by side count as
// one.
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

// Where the sums of one chain go, from some column on.
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

// The product of a single row of K values with columns of a K × n matrix. Interleaved chains are
// summed side by side.
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

// How many rows and their sums stay in the first cache beside a chain's part of a panel.
constexpr Index rows_at_once = 8 * tile_rows;

// Room for the sums of some rows.
constexpr int tile_columns = 4 * vector_bytes / 4, most_columns = 3 * tile_columns;  // floats
constexpr Index room_for_sums = rows_at_once * tile_columns;
constexpr Index sums_stride(Index rows) {
  return rows == 1 ? most_columns : tile_columns;
}

// The products of up to rows_at_once rows, chain by chain: a chain's part of the columns is read
// from far memory once, and then multiplied with all rows. Meanwhile each of the first tiles
// fetches one vector of the next part. `ahead` is the part after the last one, or null.
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
