// Compiled once for each instruction set, with ELMAN_ISA its name as an identifier.
#include "backward.hpp"
#include "forward.hpp"
#include "linear.hpp"

namespace elman {
namespace ELMAN_ISA {

template <class Real>
constexpr Functions<Real> functions() {
  return {panel_size<Real>, pack<Real>,   forward<Real>,
          backward<Real>,   linear<Real>, linear_backward<Real>};
}

extern const Kernels kernels;
const Kernels kernels = {ELMAN_ISA_NAME, functions<float>(), functions<double>(), &hooks,
                         throttled_after};

}  // namespace ELMAN_ISA
}  // namespace elman
