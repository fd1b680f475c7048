// Work that threads share out among themselves, item by item.
#pragma once

#include "memory.hpp"
#include "ranges.hpp"

namespace elman {
namespace ELMAN_ISA {

// Each thread owns a share of the items of a round, and takes them from the front. A thread that
// has none left takes others' items from the back, as cores are seldom equally fast. A barrier ends
// each round.
class Shares {
 public:
  explicit Shares(int threads) : shares_(2 * threads) {}

  // Whether there was memory for it.
  explicit operator bool() const { return static_cast<bool>(shares_); }

  // Set how many items an owner has in a round. Call it while the round before goes on.
  void open(int round, int owner, Index count) const { share(round, owner) = {count, 0, 0, {}}; }

  // body(owner, k) for items, the k-th of one of the owners, until the round has none left.
  template <class Body>
  void take(int round, int thread, int owners, const Body& body) const {
    Share& own = share(round, thread);
    if (owners == 1) {
      for (Index k = 0; k < own.count; ++k) body(0, k);
      return;
    }
    for (Index k = 0; take_one(own); ++k) body(thread, k);
    for (int i = 1; i < owners; ++i) {
      const int owner = (thread + i) % owners;
      Share& other = share(round, owner);
      while (take_one(other))
        body(owner, other.count - 1 - __atomic_fetch_add(&other.from_back, 1, __ATOMIC_RELAXED));
    }
  }

 private:
  struct Share {
    Index count, taken, from_back;
    Index apart[13];  // two cache lines in all
  };

  // The items of two neighbouring rounds lie apart, as one is opened while the other goes on.
  Share& share(int round, int owner) const { return shares_.get()[2 * owner + round % 2]; }
  static bool take_one(Share& of) {
    return __atomic_load_n(&of.taken, __ATOMIC_RELAXED) < of.count &&
           __atomic_fetch_add(&of.taken, 1, __ATOMIC_RELAXED) < of.count;
  }

  const Buffer<Share> shares_;
};

}  // namespace ELMAN_ISA
}  // namespace elman
