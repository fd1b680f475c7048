// Where threads wait: barriers and locks.
#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#endif
#include <sched.h>

#include "memory.hpp"
#include "throttle.hpp"

namespace elman {
namespace ELMAN_ISA {

// The core that this thread is on, or was on a moment ago; -1 where the system does not tell.
inline int core() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

// Wait a little, for the spins-th time. The thread stays on its core at first. Later it gives the
// core away, so that another busy process costs a time slice and not the whole call.
inline void relax(int spins, bool give_away = false) {
  if (spins < 4000 && !give_away) {
#if defined(__SSE__)
    _mm_pause();
#endif
  } else {
    sched_yield();
  }
}

// Holds a lock while it lives. The lock is an ordinary bool, which is true while someone holds it.
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

// All threads of a region meet here, round after round.
//
// Each thread counts its rounds in a place of its own, which the others watch. So a round takes one
// way from core to core. Two threads may be on one core, as another process has the other core. The
// one that waits then gives the core away at once. Otherwise every round would take as long as it
// watches. The caller may let the threads part after a round: then the others leave, and it goes on
// alone.
class Barrier {
 public:
  // For at most so many threads.
  explicit Barrier(int threads)
      : places_(threads > 1 ? threads : 0),
        part_at_(__atomic_load_n(&hooks.part_at, __ATOMIC_RELAXED)) {
    for (int i = 0; places_.get() && i < threads; ++i) places_.get()[i] = {0, -1, {}};
  }

  // Whether there was memory for it.
  explicit operator bool() const { return static_cast<bool>(places_); }

  // Whether the caller has waited for too long. Only the caller may ask.
  bool late() const {
    if (part_at_ == 0 || !places_.get()) return late_;
    return part_at_ > 0 && Index{places_.get()[0].round} + 1 >= part_at_;
  }

  // One of `threads` threads arrives, and waits for the others. Returns whether they go on
  // together. If not, they part, as the caller asked for with `part`.
  bool wait(int thread, int threads, bool part = false) {
    if (threads == 1) return !part;
    Place& own = places_.get()[thread];
    const unsigned round = own.round + 1;
    const int here = core();
    if (thread == 0 && part) __atomic_store_n(&parting_, round, __ATOMIC_RELAXED);
    __atomic_store_n(&own.core, here, __ATOMIC_RELAXED);
    __atomic_store_n(&own.round, round, __ATOMIC_RELEASE);
    watch_others(threads, round, here, thread == 0);
    return __atomic_load_n(&parting_, __ATOMIC_RELAXED) != round;
  }

 private:
  struct Place {
    unsigned round;
    int core;
    unsigned apart[30];  // two cache lines in all
  };

  // Until all have arrived.
  void watch_others(int threads, unsigned round, int here, bool is_caller) {
    int spins = 0;
    Index begin = 0;  // when the wait became long; 0 while it is short
    for (int i = 0; i < threads; ++i) {
      const Place& other = places_.get()[i];
      for (; static_cast<int>(__atomic_load_n(&other.round, __ATOMIC_ACQUIRE) - round) < 0;
           ++spins) {
        if (spins == 50) begin = nanoseconds();
        relax(spins, begin && here >= 0 && __atomic_load_n(&other.core, __ATOMIC_RELAXED) == here);
      }
    }
    if (!begin) return;
    const Index now = nanoseconds();
    times.waited += now - begin;
    if (is_caller && Throttle::too_late(now - times.entered, now - times.entered - times.waited))
      late_ = true;
  }

  const Buffer<Place> places_;
  const Index part_at_;   // see ThreadHooks
  unsigned parting_ = 0;  // the round after which the threads part
  bool late_ = false;     // whether the caller has waited for too long; read by the caller alone
};

}  // namespace ELMAN_ISA
}  // namespace elman
