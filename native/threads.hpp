// Threads: OpenMP's, one pool for the whole process, or none.
#pragma once

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif
#include <sched.h>

#include <chrono>

#include "kernel.hpp"
#include "memory.hpp"

namespace elman {
namespace ELMAN_ISA {

// A range.
struct Range {
  Index begin, end;
  Index size() const { return end > begin ? end - begin : 0; }
};

// Part i of p of the range [0, n), cut at multiples of `grain`, as even as that allows.
inline Range part_of(Index n, Index grain, int i, int p) {
  const Index grains = (n + grain - 1) / grain;
  const Index begin = grains * i / p * grain, end = grains * (i + 1) / p * grain;
  return {begin < n ? begin : n, end < n ? end : n};
}

inline Index nanoseconds() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

// When this thread began with a region; how long it spent at barriers, of waits that were not
// short; and how long it went on alone. In nanoseconds.
inline thread_local Index entered = 0, waited = 0, parted = 0;

// How often a caller went on alone, in all.
inline Index times_parted = 0;

// Operations, some microseconds of one thread, below which more threads would win little.
constexpr double worth_threads = 4e5;

// Where another process keeps a core busy, all threads of a region wait until the last one gets its
// time slice, some milliseconds: short regions would become a hundred times longer. So what regions
// take beyond the time that one thread would have taken is added up, less what they save; after
// half a millisecond of it, more than it takes to wake a thread, one thread is alone for a while.
// It may have been a single delay: the first while is short, and each one four times the last until
// what was lost has been saved again. Threads that have slept wake up late, which counts little.
class Crowd {
 public:
  // How many threads for so many operations.
  static int threads(double work, int available) {
    if (available < 2 || work < worth_threads) return 1;
    const Index until = get(until_);
    return until && nanoseconds() < until ? 1 : available;
  }

  // Whether a region's caller should not wait for others any longer.
  static bool too_late(Index took, Index worked) { return lost(took, worked) > most_lost; }

  // Of a region, in nanoseconds: when it began and ended, how long its threads took together, and
  // how long its caller worked meanwhile.
  static void tell(Index began, Index ended, Index took, Index worked) {
    Index loss = lost(took, worked);
    if (began - get(ended_) > asleep && loss > most_lost / 2) loss = most_lost / 2;
    const Index lately = not_below_zero(get(lately_) + loss);
    const Index owed = not_below_zero(get(owed_) + loss);
    const bool crowded = lately > most_lost;
    const Index pause = owed ? get(pause_) : shortest;
    set(lately_, crowded ? 0 : lately);
    set(owed_, owed);
    set(pause_, !crowded ? pause : 4 * pause < longest ? 4 * pause : longest);
    set(ended_, ended);
    set(until_, crowded ? ended + pause : 0);
  }

 private:
  static constexpr Index most_lost = 500000, shortest = 500000, longest = 250000000;
  static constexpr Index asleep = 5000000;  // OpenMP's threads watch for work about as long
  // Alone it would have worked twice as long, and somewhat more where the work was not cut evenly.
  static Index lost(Index took, Index worked) { return took - worked * 5 / 2; }
  static Index not_below_zero(Index n) { return n > 0 ? n : 0; }
  static Index get(const Index& of) { return __atomic_load_n(&of, __ATOMIC_RELAXED); }
  static void set(Index& of, Index to) { __atomic_store_n(&of, to, __ATOMIC_RELAXED); }

  static inline Index lately_ = 0, owed_ = 0, pause_ = shortest, ended_ = 0, until_ = 0;
};

// Run body(i, p) on threads i = 0 … p - 1, the caller's being the first. The caller's
// floating-point mode (rounding, flush to zero) holds on all of them, so that threads never differ
// in bits.
template <class Body>
void parallel(int threads, const Body& body) {
#if defined(_OPENMP)
  if (threads > 1) {
    const Index begin = nanoseconds();
    Index worked = 0;
    waited = parted = 0;
#if defined(__SSE__)
    const unsigned mode = _mm_getcsr();
#endif
#pragma omp parallel num_threads(threads)
    {
#if defined(__SSE__)
      const unsigned own = _mm_getcsr();
      _mm_setcsr(mode);
#endif
      entered = nanoseconds();
      body(omp_get_thread_num(), omp_get_num_threads());
      if (omp_get_thread_num() == 0) worked = nanoseconds() - entered - waited - parted;
#if defined(__SSE__)
      _mm_setcsr(own);
#endif
    }
    const Index end = nanoseconds();
    Crowd::tell(begin, end, end - begin - parted, worked);
    return;
  }
#endif
  (void)threads;
  body(0, 1);
}

// Memory for one call, aligned for vectors; false if there was none left. None for no values.
template <class Real>
class Buffer {
 public:
  explicit Buffer(Index n)
      : data_(n ? static_cast<Real*>(allocate(static_cast<size_t>(n) * sizeof(Real))) : nullptr),
        there_(n == 0 || data_) {}
  ~Buffer() {
    if (data_) release(data_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  explicit operator bool() const { return there_; }
  Real* get() const { return data_; }

 private:
  Real* const data_;
  const bool there_;
};

// The core that this thread is on, or at least was a moment ago; -1 where the system does not tell.
inline int core() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

// Wait a little, for the spins-th time: at first on the core, then giving it away, so that another
// busy process costs a time slice and not the whole call.
inline void relax(int spins, bool give_away = false) {
  if (spins < 4000 && !give_away) {
#if defined(__SSE__)
    _mm_pause();
#endif
  } else {
    sched_yield();
  }
}

// Holds a lock, an ordinary false that becomes true, while this lives.
class Locked {
 public:
  explicit Locked(bool* lock) : lock_(lock) {
    for (int spins = 0; __atomic_exchange_n(lock_, true, __ATOMIC_ACQUIRE); ++spins) relax(spins);
  }
  ~Locked() { __atomic_store_n(lock_, false, __ATOMIC_RELEASE); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  bool* const lock_;
};

// All threads of a region meet here. Each counts its rounds in a place of its own, which the others
// watch: one way from core to core. Threads that were put on one core, as another process has the
// other, give it to each other at once: else every round would take as long as they watch. Once the
// first thread, the caller's, has waited for too long, it goes on alone.
class Barrier {
 public:
  // For at most so many threads.
  explicit Barrier(int threads) : places_(threads > 1 ? threads : 0) {
    for (int i = 0; places_.get() && i < threads; ++i) places_.get()[i] = {0, -1, {}};
  }

  // Whether there was memory for it.
  explicit operator bool() const { return static_cast<bool>(places_); }

  // One of `threads` arrives. Whether they go on together, where they may part: else the first one
  // goes on alone.
  bool wait(int thread, int threads, bool may_part = false) {
    if (threads == 1) return true;
    Place& own = places_.get()[thread];
    const unsigned round = own.round + 1;
    const int here = core();
    if (may_part && thread == 0 && late_) __atomic_store_n(&parting_, round, __ATOMIC_RELAXED);
    __atomic_store_n(&own.core, here, __ATOMIC_RELAXED);
    __atomic_store_n(&own.round, round, __ATOMIC_RELEASE);
    int spins = 0;
    Index begin = 0;
    for (int i = 0; i < threads; ++i) {
      const Place& other = places_.get()[i];
      for (; static_cast<int>(__atomic_load_n(&other.round, __ATOMIC_ACQUIRE) - round) < 0;
           ++spins) {
        if (spins == 50) begin = nanoseconds();
        relax(spins, begin && here >= 0 && __atomic_load_n(&other.core, __ATOMIC_RELAXED) == here);
      }
    }
    if (begin) {
      const Index now = nanoseconds();
      waited += now - begin;
      if (thread == 0 && Crowd::too_late(now - entered, now - entered - waited)) late_ = true;
    }
    return __atomic_load_n(&parting_, __ATOMIC_RELAXED) != round;
  }

 private:
  struct Place {
    unsigned round;
    int core;
    unsigned apart[30];  // two cache lines in all
  };

  const Buffer<Place> places_;
  unsigned parting_ = 0;  // the round after which the first thread goes on alone
  bool late_ = false;     // the first thread's: whether it has waited for too long
};

// What threads take one by one, in rounds that a barrier ends. Each has items of its own, taken
// from the front; a thread that has none left takes others' from the back, as cores are seldom
// equally fast.
class Items {
 public:
  explicit Items(int threads) : shares_(2 * threads) {}

  // Whether there was memory for it.
  explicit operator bool() const { return static_cast<bool>(shares_); }

  // How many items are an owner's in a round. To be said while the round before goes on.
  void open(int round, int owner, Index count) const { share(round, owner) = {count, 0, 0, {}}; }

  // body(owner, k) for items, the k-th of one of the owners, while there are any in the round.
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

  Share& share(int round, int owner) const { return shares_.get()[2 * owner + round % 2]; }
  static bool take_one(Share& of) {
    return __atomic_load_n(&of.taken, __ATOMIC_RELAXED) < of.count &&
           __atomic_fetch_add(&of.taken, 1, __ATOMIC_RELAXED) < of.count;
  }

  const Buffer<Share> shares_;
};

}  // namespace ELMAN_ISA
}  // namespace elman
