// What a run keeps for its backward, in one piece of memory that Python may own.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "arrays.hpp"
#include "packed.hpp"

namespace elman {

template <class Real>
class Workspace {
 public:
  // New memory for so many values.
  Real* make(Index values) {
    values_ = values;
    own_ = memory<Real>(values);
    return own_.get();
  }
  // Memory that another run of the same sizes has left.
  bool take(nanobind::handle array, Index values) {
    return given_.take(array, 1) && given_.has_shape(values);
  }
  Real* data() const { return given_.data(); }

  // A NumPy array of it, which has it from now on; this keeps that array alive.
  nanobind::object array() {
    if (array_.is_valid()) return array_;
    if (!own_.get()) return array_ = new_array<Real>(nanobind::make_tuple(0));
    Buffer<Real>* moved = new Buffer<Real>(std::move(own_));
    const nanobind::capsule owner(
        moved, [](void* buffer) noexcept { delete static_cast<Buffer<Real>*>(buffer); });
    const auto size = static_cast<std::size_t>(values_);
    return array_ = nanobind::cast(nanobind::ndarray<nanobind::numpy, Real, nanobind::ndim<1>>(
               moved->get(), {size}, owner));
  }

 private:
  Buffer<Real> own_;
  View<Real> given_;
  nanobind::object array_;
  Index values_ = 0;
};

}  // namespace elman
