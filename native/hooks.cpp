#include "hooks.hpp"

#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <tuple>
#include <vector>

#include "kernel.hpp"
#include "memory.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace elman {
namespace {

using Regions = std::vector<std::tuple<Index, Index, Index, Index>>;

void steer_threads(bool unthrottled, Index part_at) {
  ThreadHooks& hooks = *kernels().hooks;
  __atomic_store_n(&hooks.unthrottled, unthrottled, __ATOMIC_RELAXED);
  __atomic_store_n(&hooks.part_at, part_at, __ATOMIC_RELAXED);
}

// (regions of several threads, how often threads parted), since the module was loaded.
std::tuple<Index, Index> thread_counts() {
  const ThreadHooks& hooks = *kernels().hooks;
  return {__atomic_load_n(&hooks.regions, __ATOMIC_RELAXED),
          __atomic_load_n(&hooks.parted, __ATOMIC_RELAXED)};
}

// Regions are (began, ended, took, worked), in nanoseconds.
bool throttled_after(const Regions& regions, Index now) {
  std::vector<Region> all;
  for (const auto& [began, ended, took, worked] : regions)
    all.push_back({began, ended, took, worked});
  return kernels().throttled_after(all.data(), static_cast<Index>(all.size()), now);
}

void count_memory(bool on) {
  memory_counts() = {on, 0, 0};
}

// (allocated, released) pieces of memory, since counting began.
std::tuple<Index, Index> memory_pieces() {
  const MemoryCounts& counts = memory_counts();
  return {counts.allocated, counts.released};
}

}  // namespace

void bind_hooks(nb::module_& m) {
  m.def("steer_threads", &steer_threads, "unthrottled"_a = false, "part_at"_a = 0);
  m.def("thread_counts", &thread_counts);
  m.def("throttled_after", &throttled_after, "regions"_a, "now"_a);
  m.def("count_memory", &count_memory, "on"_a);
  m.def("memory_pieces", &memory_pieces);
  m.def("spare_bytes", &spare_bytes);
}

}  // namespace elman
