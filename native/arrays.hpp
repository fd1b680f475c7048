// NumPy arrays from Python and new ones for it.
#pragma once

#include <nanobind/nanobind.h>

#include <new>
#include <type_traits>

#include "kernel.hpp"

namespace elman {

// What is used of NumPy. It is looked up when the module is loaded, as Python code that ran inside
// the guard of a static variable could make a thread wait that holds Python's lock.
struct NumPy {
  nanobind::handle ndarray, empty, float32, float64, int64;
};
inline NumPy numpy;

inline void load_numpy() {
  const auto module = nanobind::module_::import_("numpy");
  const auto take = [&](const char* name) { return nanobind::object(module.attr(name)).release(); };
  numpy = {take("ndarray"), take("empty"), take("float32"), take("float64"), take("int64")};
}

// The memory of a NumPy array, which stays alive as long as this does. It is not valid if the array
// is not exactly what was asked for: then nothing else may be called.
template <class Real>
class View {
 public:
  View() = default;
  View(nanobind::handle array, int dims, bool writable = false) { take(array, dims, writable); }
  ~View() {
    if (held_) PyBuffer_Release(&buffer_);
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  // Take an array of `dims` axes, the last one contiguous, aligned, of this type. If one was taken
  // before, it must be the same array.
  bool take(nanobind::handle array, int dims, bool writable = false) {
    if (reinterpret_cast<PyObject*>(Py_TYPE(array.ptr())) != numpy.ndarray.ptr()) return false;
    const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (!held_ && PyObject_GetBuffer(array.ptr(), &buffer_, flags) != 0) {
      PyErr_Clear();
      return false;
    }
    held_ = true;
    valid_ = buffer_.ndim == dims && has_type() &&
             reinterpret_cast<std::uintptr_t>(buffer_.buf) % sizeof(Real) == 0;
    for (int axis = 0; valid_ && axis < dims; ++axis)
      valid_ = buffer_.strides[axis] % static_cast<Py_ssize_t>(sizeof(Real)) == 0;
    if (valid_ && dims > 0 && shape(dims - 1) > 1)
      valid_ = buffer_.strides[dims - 1] == sizeof(Real);
    return valid_;
  }

  bool valid() const { return valid_; }
  Index shape(int axis) const { return buffer_.shape[axis]; }
  // In elements.
  Index stride(int axis) const { return buffer_.strides[axis] / static_cast<Index>(sizeof(Real)); }
  Real* data() const { return static_cast<Real*>(buffer_.buf); }
  Index size() const {
    Index product = 1;
    for (int axis = 0; axis < buffer_.ndim; ++axis) product *= shape(axis);
    return product;
  }
  bool has_shape(Index a) const { return valid_ && shape(0) == a; }
  bool has_shape(Index a, Index b) const { return has_shape(a) && shape(1) == b; }
  bool has_shape(Index a, Index b, Index c) const { return has_shape(a, b) && shape(2) == c; }
  // Whether a value of the other array may lie between two of this one's.
  template <class Other>
  bool may_overlap(const View<Other>& other) const {
    return edge(false) < other.edge(true) && other.edge(false) < edge(true);
  }

  // Where the memory begins, or ends, also if strides are negative.
  const char* edge(bool end) const {
    const char* at = static_cast<const char*>(buffer_.buf);
    for (int axis = 0; axis < buffer_.ndim; ++axis)
      if ((buffer_.strides[axis] > 0) == end)
        at += buffer_.strides[axis] * (buffer_.shape[axis] - 1);
    return at + (end ? sizeof(Real) : 0);
  }

 private:
  bool has_type() const {
    const char* format = buffer_.format;
    if (format[0] == 0 || format[1] != 0) return false;
    if constexpr (std::is_same_v<std::remove_const_t<Real>, Index>)
      return (format[0] == 'l' || format[0] == 'q') && buffer_.itemsize == sizeof(Index);
    else
      return format[0] == (sizeof(Real) == 4 ? 'f' : 'd');
  }

  Py_buffer buffer_{};
  bool held_ = false, valid_ = false;
};

// A new array in C order.
template <class Real>
nanobind::object new_array(const nanobind::tuple& shape) {
  return numpy.empty(shape, sizeof(Real) == 4 ? numpy.float32 : numpy.float64);
}

// The same and its memory.
template <class Real>
class NewArray {
 public:
  template <class... Sizes>
  explicit NewArray(Sizes... sizes) : array(new_array<Real>(nanobind::make_tuple(sizes...))) {
    if (!view_.take(array, sizeof...(Sizes), true)) throw std::bad_alloc();
  }
  Real* data() const { return view_.data(); }
  Index stride(int axis) const { return view_.stride(axis); }

  nanobind::object array;

 private:
  View<Real> view_;
};

}  // namespace elman
