// How many threads a call gets, and when threads do more harm than good.
#pragma once

#include <chrono>

#include "kernel.hpp"

namespace elman {
namespace ELMAN_ISA {

inline Index nanoseconds() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

// Where a thread's time in a region goes, in nanoseconds.
struct Times {
  Index entered;  // when the thread began
  Index waited;   // how long it waited at barriers, short waits excepted
  Index alone;    // how long it worked alone after the threads had parted
};
inline thread_local Times times = {};

inline ThreadHooks hooks = {};

// Operations below which more threads win little: some microseconds of one thread.
constexpr double worth_threads = 4e5;

// Where another process keeps a core busy, all threads of a region wait until the last one gets its
// time slice. That takes some milliseconds, and a short region becomes a hundred times longer.
//
// So the throttle adds up the time that regions lose against one thread, less what they save. Once
// the loss is half a millisecond, more than waking a thread takes, calls have one thread for a
// while. The loss may have been a single delay. So the first while is short, and each one is four
// times as long as the last, until the regions have saved what was lost. Threads that have slept
// wake up late, which counts little.
class Throttle {
 public:
  // How many threads a call of so many operations gets.
  static int threads(double work, int available) {
    if (available < 2 || work < worth_threads) return 1;
    if (__atomic_load_n(&hooks.unthrottled, __ATOMIC_RELAXED)) return available;
    const bool may_throttle = get(of_process_.until_);  // else the clock need not be read
    return may_throttle && of_process_.throttles(nanoseconds()) ? 1 : available;
  }

  // Whether a region's caller should wait for other threads no longer.
  static bool too_late(Index took, Index worked) { return lost(took, worked) > most_lost; }

  // Report a region of this process.
  static void report(const Region& region) {
    __atomic_fetch_add(&hooks.regions, 1, __ATOMIC_RELAXED);
    of_process_.add(region);
  }

  // Whether calls have one thread at this time.
  bool throttles(Index now) const { return now < get(until_); }

  void add(const Region& region) {
    Index loss = lost(region.took, region.worked);
    if (region.began - get(ended_) > asleep && loss > most_lost / 2) loss = most_lost / 2;
    const Index lately = not_below_zero(get(lately_) + loss);
    const Index owed = not_below_zero(get(owed_) + loss);
    const bool crowded = lately > most_lost;
    const Index pause = owed ? get(pause_) : shortest;
    set(lately_, crowded ? 0 : lately);
    set(owed_, owed);
    set(pause_, !crowded ? pause : 4 * pause < longest ? 4 * pause : longest);
    set(ended_, region.ended);
    set(until_, crowded ? region.ended + pause : 0);
  }

 private:
  static constexpr Index most_lost = 500000, shortest = 500000, longest = 250000000;
  static constexpr Index asleep = 5000000;  // OpenMP's threads watch for work about as long

  // One thread would have worked twice as long as the caller did, and somewhat more where the work
  // was not cut evenly.
  static Index lost(Index took, Index worked) { return took - worked * 5 / 2; }
  static Index not_below_zero(Index n) { return n > 0 ? n : 0; }
  static Index get(const Index& of) { return __atomic_load_n(&of, __ATOMIC_RELAXED); }
  static void set(Index& of, Index to) { __atomic_store_n(&of, to, __ATOMIC_RELAXED); }

  static Throttle of_process_;

  Index lately_ = 0;        // what was lost since the last while on one thread
  Index owed_ = 0;          // what was lost, and not yet saved again
  Index pause_ = shortest;  // how long the next while on one thread is
  Index ended_ = 0;         // when the last region ended
  Index until_ = 0;         // when the while on one thread ends; 0 without one
};
inline Throttle Throttle::of_process_;

inline bool throttled_after(const Region* regions, Index count, Index now) {
  Throttle throttle;
  for (Index i = 0; i < count; ++i) throttle.add(regions[i]);
  return throttle.throttles(now);
}

}  // namespace ELMAN_ISA
}  // namespace elman
