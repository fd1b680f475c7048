// Whether two lists of arrays hold the same bytes.
#pragma once

#include <cstring>
#include <list>
#include <vector>

#include "arrays.hpp"
#include "gil.hpp"

namespace elman {

// Arrays in C order, alike in number and shapes. Long ones are compared piece by piece on threads.
template <class Real>
bool same_bytes(const std::list<View<Real>>& these, const std::list<View<Real>>& those,
                int threads) {
  struct Piece {
    const char *a, *b;
    std::size_t size;
  };
  constexpr std::size_t most = 1 << 17, worth_threads = 1 << 20;
  std::vector<Piece> pieces;
  std::size_t total = 0;
  for (auto a = these.begin(), b = those.begin(); a != these.end(); ++a, ++b) {
    const std::size_t size = static_cast<std::size_t>(a->size()) * sizeof(Real);
    for (std::size_t at = 0; at < size; at += most)
      pieces.push_back({reinterpret_cast<const char*>(a->data()) + at,
                        reinterpret_cast<const char*>(b->data()) + at, std::min(most, size - at)});
    total += size;
  }
  const auto same = [](const Piece& piece) {
    return piece.a == piece.b || std::memcmp(piece.a, piece.b, piece.size) == 0;
  };
  if (total < worth_threads) {
    for (const Piece& piece : pieces)
      if (!same(piece)) return false;
    return true;
  }
  const GilReleased without_lock;
  bool all = true;
  const auto count = static_cast<Index>(pieces.size());
#if defined(_OPENMP)
#pragma omp parallel for num_threads(threads) reduction(&& : all)
#endif
  for (Index i = 0; i < count; ++i) all = all && same(pieces[static_cast<std::size_t>(i)]);
  (void)threads;
  return all;
}

}  // namespace elman
