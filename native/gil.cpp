#include "gil.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace nb = nanobind;

namespace elman {
namespace {

// How many threads are about to take the lock back.
std::atomic<int> taking{0};
// The thread that ends the process, 0 before that; see PyThread_get_thread_ident.
std::atomic<unsigned long> ending_thread{0};

unsigned long main_thread() {
  return nb::cast<unsigned long>(
      nb::module_::import_("threading").attr("main_thread")().attr("ident"));
}

std::atomic<unsigned long>& main_thread_ident() {
  static std::atomic<unsigned long> ident{main_thread()};
  return ident;
}

}  // namespace

void GilReleased::take_back(PyThreadState* state) {
  ++taking;
  const unsigned long ending = ending_thread;
  if (ending && ending != PyThread_get_thread_ident()) {
    --taking;
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
  PyEval_RestoreThread(state);
  --taking;
}

void before_exit() {
  ending_thread = PyThread_get_thread_ident();
  // Those who looked before must have the lock before Python ends.
  PyThreadState* const state = PyEval_SaveThread();
  while (taking) std::this_thread::yield();
  PyEval_RestoreThread(state);
}

bool in_main_thread() {
  return main_thread_ident() == PyThread_get_thread_ident();
}

void main_thread_after_fork() {
  main_thread_ident() = PyThread_get_thread_ident();
  taking = 0;
}

bool signalled(void* released) {
  PyThreadState* const state = static_cast<GilReleased*>(released)->state_;
  GilReleased::take_back(state);
  const bool raised = PyErr_CheckSignals() != 0;
  PyEval_SaveThread();
  return raised;
}

}  // namespace elman
