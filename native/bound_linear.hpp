// A linear layer as Python has it: y = x Wᵀ + b for rows of NumPy arrays.
#pragma once

#include <mutex>

#include "bound_network.hpp"

namespace elman {

// Weights that never change. W is packed at the first use, once for each way.
template <class Real>
class BoundLinear {
 public:
  // weight (n, K), bias (n,) or None.
  BoundLinear(nb::handle weight, nb::handle bias) : weight_(weight, 2) {
    if (!weight_.valid() || (weight_.shape(0) > 1 && weight_.stride(0) != K())) fail("weight");
    if (!bias.is_none() && !(bias_.take(bias, 1) && bias_.has_shape(n()))) fail("bias");
  }

  // y (M, n) of x (M, K); None if x needs a conversion.
  nb::object run(nb::handle x_given) const {
    const View<Real> x(x_given, 2);
    if (!x.valid() || x.shape(1) != K()) return nb::none();
    const Index M = x.shape(0);
    const NewArray<Real> y(M, n());
    LinearForward<Real> call{};
    call.M = M;
    call.x = {x.data(), x.stride(0)};
    call.y = {y.data(), n()};
    released([&](const Interrupt* interrupt) {
      std::call_once(packed_once_, [&] {
        packed_ = Packed<Real>(weight_.data(), true, K(), n(), 1, threads());
        if (bias_.valid()) packed_bias_ = Packed<Real>(bias_.data(), true, 1, n(), 1, 1);
      });
      call.weight = packed_.panels(), call.bias = packed_bias_.panels().data;
      call.interrupt = interrupt;
      return kernels().of<Real>().linear(call, threads());
    });
    return y.array;
  }

  // (d_x, d_weight, d_bias or None) of x (M, K) and d_y (M, n); None if one needs a conversion.
  nb::object backward(nb::handle x_given, nb::handle d_y_given) const {
    const View<Real> x(x_given, 2), d_y(d_y_given, 2);
    if (!x.valid() || x.shape(1) != K() || !d_y.has_shape(x.shape(0), n())) return nb::none();
    const Index M = x.shape(0);
    const NewArray<Real> d_x(M, K()), d_weight(n(), K()), d_bias(n());
    std::fill_n(d_weight.data(), n() * K(), Real(0));
    std::fill_n(d_bias.data(), n(), Real(0));
    LinearBackward<Real> call{};
    call.M = M;
    call.x = {x.data(), x.stride(0)}, call.d_y = {d_y.data(), d_y.stride(0)};
    call.d_x = {d_x.data(), K()};
    call.d_weight = d_weight.data(), call.d_bias = bias_.valid() ? d_bias.data() : nullptr;
    released([&](const Interrupt* interrupt) {
      std::call_once(untransposed_once_, [&] {
        untransposed_ = Packed<Real>(weight_.data(), false, n(), K(), 1, threads());
      });
      call.weight = untransposed_.panels();
      call.interrupt = interrupt;
      return kernels().of<Real>().linear_backward(call, threads());
    });
    return nb::make_tuple(d_x.array, d_weight.array,
                          bias_.valid() ? d_bias.array : nb::object(nb::none()));
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    throw std::invalid_argument(std::string(what) +
                                ": expected an array (n, K), or (n,) for the bias, in C order");
  }
  Index n() const { return weight_.shape(0); }
  Index K() const { return weight_.shape(1); }

  const View<Real> weight_;
  View<Real> bias_;
  mutable std::once_flag packed_once_, untransposed_once_;
  mutable Packed<Real> packed_, packed_bias_, untransposed_;
};

}  // namespace elman
