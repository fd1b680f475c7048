// What a run keeps for its backward, in one piece of memory that Python may own.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <initializer_list>
#include <memory>

#include "arrays.hpp"
#include "packed.hpp"

namespace elman {

// A NumPy array of memory that it owns from now on.
template <class Real>
nanobind::object array_of(Buffer<Real> memory, std::initializer_list<Index> shape) {
  if (!memory.get()) return new_array<Real>(nanobind::make_tuple(0));
  auto moved = std::make_unique<Buffer<Real>>(std::move(memory));
  const nanobind::capsule owner(
      moved.get(), [](void* buffer) noexcept { delete static_cast<Buffer<Real>*>(buffer); });
  std::size_t sizes[3] = {};
  std::copy(shape.begin(), shape.end(), sizes);
  return nanobind::cast(
      nanobind::ndarray<nanobind::numpy, Real>(moved.release()->get(), shape.size(), sizes, owner));
}

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
    if (!array_.is_valid()) array_ = array_of(std::move(own_), {values_});
    return array_;
  }

 private:
  Buffer<Real> own_;
  View<Real> given_;
  nanobind::object array_;
  Index values_ = 0;
};

}  // namespace elman
