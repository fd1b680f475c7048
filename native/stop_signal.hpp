// How a long call is broken off.
#pragma once

#include "throttle.hpp"

namespace elman {
namespace ELMAN_ISA {

// Tells the threads of a call to stop, once its caller wishes so.
//
// The caller's thread, the first one, asks for the wish between items of work, about every 50 ms.
// It reads the clock only after so many operations, and short calls never ask. The other threads
// watch a flag. A thread that is told to stop skips what is left, and leaves where it would part
// from the others. So nobody waits for a thread that has left.
class StopSignal {
 public:
  // For a call of so many operations in all.
  StopSignal(const Interrupt* interrupt, double work)
      : interrupt_(work > between_looks ? interrupt : nullptr) {}

  // Whether `thread` should stop. It is about to begin an item of so many operations.
  bool stops(int thread, double operations) {
    if (!interrupt_) return false;
    if (thread == 0 && (done_ += operations) > between_looks) look();
    return stopped();
  }

  bool stopped() const { return __atomic_load_n(&stopped_, __ATOMIC_RELAXED); }

 private:
  static constexpr double between_looks = 1e7;  // operations: 0.1 ms, or 50 ms of the slowest build
  static constexpr Index between_questions = 50000000;  // nanoseconds

  void look() {
    done_ = 0;
    const Index now = nanoseconds();
    if (!asked_) asked_ = now;
    if (now - asked_ < between_questions || stopped()) return;
    if (interrupt_->asked(interrupt_->context)) __atomic_store_n(&stopped_, true, __ATOMIC_RELAXED);
    asked_ = nanoseconds();
  }

  const Interrupt* const interrupt_;
  double done_ = 0;  // operations since the last look; used by the first thread alone
  Index asked_ = 0;  // when the caller was last asked
  bool stopped_ = false;
};

}  // namespace ELMAN_ISA
}  // namespace elman
