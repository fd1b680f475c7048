// Python's global lock: given away while kernels run, taken back without harm at the end of the
// process, and asked on the way whether Ctrl-C came.
#pragma once

#include <nanobind/nanobind.h>

namespace elman {

// Gives the lock away while this lives.
//
// A daemon thread that asks for the lock after Python has ended would be ended by it inside a
// destructor, which C++ answers by aborting the process. So once `before_exit` was called, threads
// other than the one that called it wait here for the end.
class GilReleased {
 public:
  GilReleased() : state_(PyEval_SaveThread()) {}
  ~GilReleased() { take_back(state_); }
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  friend bool signalled(void*);
  static void take_back(PyThreadState* state);

  PyThreadState* const state_;
};

// To be called once, when Python ends, with the lock held.
void before_exit();

// Whether this is the thread in which Python handles signals.
bool in_main_thread();
// To be called in a child process after a fork.
void main_thread_after_fork();

// Whether a signal's handler raised an exception, which is then set. `released` points to the
// GilReleased of the calling thread, which is the main thread.
bool signalled(void* released);

}  // namespace elman
