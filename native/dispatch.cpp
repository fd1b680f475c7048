// Picks the kernels of the best instruction set that this machine has, once, when loaded.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernel.hpp"

namespace elman {

#if defined(ELMAN_X86_64)
namespace x86_64_v2 {
extern const Kernels kernels;
}
namespace x86_64_v3 {
extern const Kernels kernels;
}
namespace x86_64_v4 {
extern const Kernels kernels;
}
#else
namespace native {
extern const Kernels kernels;
}
#endif

namespace {

struct Choice {
  const Kernels* kernels;
  bool runs_here;
};

const Kernels& choose() {
#if defined(ELMAN_X86_64)
  __builtin_cpu_init();
  const Choice choices[] = {
      {&x86_64_v4::kernels, __builtin_cpu_supports("x86-64-v4") != 0},
      {&x86_64_v3::kernels, __builtin_cpu_supports("x86-64-v3") != 0},
      {&x86_64_v2::kernels, __builtin_cpu_supports("x86-64-v2") != 0},
  };
#else
  const Choice choices[] = {{&native::kernels, true}};
#endif
  const char* wanted = std::getenv("ELMAN_ISA");
  std::string known;
  for (const Choice& choice : choices) {
    const bool named = wanted && std::string(wanted) == choice.kernels->isa;
    if (named && !choice.runs_here)
      throw std::runtime_error(std::string("ELMAN_ISA: this machine does not run ") + wanted);
    if (named || (!wanted && choice.runs_here)) return *choice.kernels;
    known += (known.empty() ? "" : ", ") + std::string(choice.kernels->isa);
  }
  if (wanted) throw std::runtime_error("ELMAN_ISA: expected one of " + known + ", got " + wanted);
  throw std::runtime_error("the native kernels need an x86-64-v2 machine (of 2009 or later)");
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace elman
