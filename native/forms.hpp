// The forms in which a caller may give a network its arguments, and gets its results.
//
// What is read here is exactly as it should be; for anything else `read` is false, and Python
// converts it or explains what is wrong. elman.kernels.forms does the same for the reference.
#pragma once

#include <optional>
#include <vector>

#include "arrays.hpp"
#include "network.hpp"

namespace elman {

enum class Form {
  time_first,   // x (T, N, I), states (L·D, N, ·)
  batch_first,  // x (N, T, I), states (L·D, N, ·)
  single,       // x (T, I), states (L·D, ·)
  ragged,       // x a list of N arrays (T_i, I), states (L·D, N, ·)
  packed,       // x (pairs, I) with lengths, the valid rows of each step; states (L·D, N, ·)
  cell,         // x (N, I), states (N, ·)
  single_cell,  // x (I,), states (·,)
};

constexpr int state_axes(Form form) {
  return form == Form::single_cell ? 1 : form == Form::single || form == Form::cell ? 2 : 3;
}

// Part h of a state as Python passes it, or parts (h, c) of an LSTM. A part may be None.
struct Parts {
  nanobind::handle h = nanobind::none(), c = nanobind::none();
  bool valid = true;

  Parts(nanobind::handle state, bool pair) {
    if (state.is_none() || !pair) {
      h = state;
    } else if (PyTuple_CheckExact(state.ptr()) && PyTuple_Size(state.ptr()) == 2) {
      h = PyTuple_GetItem(state.ptr(), 0);
      c = PyTuple_GetItem(state.ptr(), 1);
    } else {
      valid = false;
    }
  }
};

// Some part of a state or its gradient, or what stands for None.
template <class Real>
class StatePart {
 public:
  // Whether it is None or has the form's axes of K recurrences, N rows and `size` values.
  bool read(nanobind::handle part, Form form, Index K, Index N, Index size) {
    if (part.is_none()) return true;
    if (!view_.take(part, state_axes(form))) return false;
    switch (form) {
      case Form::cell:
        return view_.has_shape(N, size);
      case Form::single_cell:
        return view_.has_shape(size);
      case Form::single:
        return view_.has_shape(K, size);
      default:
        return view_.has_shape(K, N, size);
    }
  }
  bool given() const { return view_.valid(); }
  States<const Real> states(Form form) const {
    if (!given()) return {};
    if (form == Form::cell) return {view_.data(), 0, view_.stride(0)};
    if (form == Form::single_cell) return {view_.data(), 0, 0};
    return {view_.data(), view_.stride(0), form == Form::single ? 0 : view_.stride(1)};
  }

 private:
  View<Real> view_;
};

// A new state or gradient of one, of all recurrences, in a form.
template <class Real>
struct NewState {
  NewState(Form form, Index K, Index N, Index size) {
    switch (form) {
      case Form::cell:
        array.emplace(N, size);
        states = {array->data(), 0, size};
        break;
      case Form::single_cell:
        array.emplace(size);
        states = {array->data(), 0, size};
        break;
      case Form::single:
        array.emplace(K, size);
        states = {array->data(), size, size};
        break;
      default:
        array.emplace(K, N, size);
        states = {array->data(), N * size, size};
    }
  }

  std::optional<NewArray<Real>> array;
  States<Real> states;
};

// The sequences of a list, put into one array (N, T, size) of zeros.
template <class Real>
class Padded {
 public:
  // Whether `list` holds arrays (T_i, size).
  bool read(nanobind::handle list, Index size) {
    const bool is_list = PyList_CheckExact(list.ptr());
    if (!is_list && !PyTuple_CheckExact(list.ptr())) return false;
    N_ = is_list ? PyList_Size(list.ptr()) : PyTuple_Size(list.ptr());
    for (Index i = 0; i < N_; ++i) {
      PyObject* item = is_list ? PyList_GetItem(list.ptr(), i) : PyTuple_GetItem(list.ptr(), i);
      const View<Real> view(item, 2);
      if (!view.valid() || view.shape(1) != size) return false;
      rows_.push_back({view.data(), view.stride(0)});
      lengths_.push_back(view.shape(0));
      if (view.shape(0) > T_) T_ = view.shape(0);
    }
    return true;
  }
  // Pad to T steps or more. To be called while the list is alive, with Python's lock.
  void pad(Index T, Index size) {
    T_ = T;
    memory_ = memory<Real>(N_ * T * size);
    Real* to = memory_.get();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      for (Index t = 0; t < T; ++t, to += size) {
        if (t < lengths_[i])
          std::memcpy(to, rows_[i].row(t), static_cast<std::size_t>(size) * sizeof(Real));
        else
          std::memset(to, 0, static_cast<std::size_t>(size) * sizeof(Real));
      }
    }
  }
  Index T() const { return T_; }
  Index N() const { return N_; }
  const std::vector<Index>& lengths() const { return lengths_; }
  // (T, N, size).
  Array3<const Real> steps(Index size) const { return {memory_.get(), size, T_ * size}; }

 private:
  Index T_ = 1, N_ = 0;
  std::vector<Array2<const Real>> rows_;  // of each sequence
  std::vector<Index> lengths_;
  Buffer<Real> memory_;
};

// A new array like x or the output, in a form, of `size` values at each step.
template <class Real>
struct NewSteps {
  NewSteps(Form form, const Schedules& schedules, Index size) {
    const Index T = schedules.T(), N = schedules.N();
    if (form == Form::packed) {
      array.emplace(schedules.pairs(), size);
      steps = {array->data(), 0, size, schedules.offset()};
    } else if (form == Form::cell || form == Form::single_cell) {
      form == Form::cell ? array.emplace(N, size) : array.emplace(size);
      steps = {array->data(), 0, size};
    } else if (form == Form::single) {
      array.emplace(T, size);
      steps = {array->data(), size, size};
    } else if (form == Form::time_first) {
      array.emplace(T, N, size);
      steps = {array->data(), N * size, size};
    } else {
      array.emplace(N, T, size);
      steps = {array->data(), size, T * size};
    }
  }

  void make_read_only() { array->array.attr("flags").attr("writeable") = false; }

  // The array, or for a list the valid steps of each row.
  nanobind::object restore(Form form, const std::vector<Index>& lengths) const {
    if (form != Form::ragged) return array->array;
    nanobind::list rows;
    Index i = 0;
    for (const Index length : lengths)
      rows.append(array->array[nanobind::make_tuple(
          i++, nanobind::steal(PySlice_New(nullptr, nanobind::int_(length).ptr(), nullptr)))]);
    return rows;
  }

  std::optional<NewArray<Real>> array;
  Array3<Real> steps;
};

// The arguments of one call.
template <class Real>
class Arguments {
 public:
  // x, state and lengths of layers. Nothing is copied.
  // packed: whether x has the valid rows of each step alone.
  bool read(const Architecture& a, nanobind::handle x, nanobind::handle state,
            nanobind::handle lengths, bool batch_first, bool packed = false) {
    if (packed) {
      form = Form::packed;
      if (!x_.take(x, 2) || x_.shape(1) != a.I || lengths.is_none() || !read_lengths(lengths))
        return false;
      N = static_cast<Index>(this->lengths.size()), T = N ? this->lengths.front() : 0;
      if (!fit_lengths() || !decreasing()) return false;
    } else if (PyList_CheckExact(x.ptr()) || PyTuple_CheckExact(x.ptr())) {
      form = Form::ragged;
      if (!lengths.is_none() || !padded_.read(x, a.I)) return false;
      T = padded_.T(), N = padded_.N();
      this->lengths = padded_.lengths();
      has_lengths = true;
    } else if (x_.take(x, 3)) {
      form = batch_first ? Form::batch_first : Form::time_first;
      T = x_.shape(batch_first ? 1 : 0), N = x_.shape(batch_first ? 0 : 1);
      if (x_.shape(2) != a.I || !read_lengths(lengths) || !fit_lengths()) return false;
    } else if (x_.take(x, 2)) {
      form = Form::single;
      T = x_.shape(0), N = 1;
      if (x_.shape(1) != a.I || !lengths.is_none()) return false;
    } else {
      return false;
    }
    return T > 0 && read_state(a, state);
  }

  // An array of steps in the form of x, with so many values at each. `steps` are those of
  // `schedules`.
  bool read_like(const Arguments& x, const Architecture& a, nanobind::handle array,
                 const Schedules& schedules, Array3<const Real>& to) {
    Architecture of = a;
    of.I = a.output_size();
    const bool packed = x.form == Form::packed;
    if (packed) {
      form = Form::packed, T = x.T, N = x.N;
      if (!x_.take(array, 2) || !x_.has_shape(schedules.pairs(), of.I)) return false;
    } else if (!read(of, array, nanobind::none(), nanobind::none(), x.form == Form::batch_first)) {
      return false;
    }
    if (form != x.form || N != x.N) return false;
    if (form == Form::ragged) {
      if (lengths != x.lengths) return false;
      T = x.T;
    }
    if (T != x.T) return false;
    to = steps(of, schedules);
    return true;
  }

  // x and state of a single cell.
  bool read_cell(const Architecture& a, nanobind::handle x, nanobind::handle state) {
    T = N = 1;
    if (x_.take(x, 2)) {
      form = Form::cell;
      N = x_.shape(0);
      if (x_.shape(1) != a.I) return false;
    } else if (x_.take(x, 1)) {
      form = Form::single_cell;
      if (x_.shape(0) != a.I) return false;
    } else {
      return false;
    }
    return read_state(a, state);
  }

  // (T, N, I). It copies the arrays of a list. The offsets of packed steps are the schedules'.
  Array3<const Real> steps(const Architecture& a, const Schedules& schedules) {
    switch (form) {
      case Form::packed:
        return {x_.data(), 0, x_.stride(0), schedules.offset()};
      case Form::ragged:
        padded_.pad(T, a.I);
        return padded_.steps(a.I);
      case Form::batch_first:
        return {x_.data(), x_.stride(1), x_.stride(0)};
      case Form::time_first:
        return {x_.data(), x_.stride(0), x_.stride(1)};
      case Form::cell:
        return {x_.data(), 0, x_.stride(0)};
      default:
        return {x_.data(), form == Form::single ? x_.stride(0) : 0, 0};
    }
  }

  // An int64 array (N,), or None.
  nanobind::object array_of_lengths() const {
    if (!has_lengths) return nanobind::none();
    nanobind::object array = numpy.empty(N, numpy.int64);
    const View<Index> to(array, 1, true);
    std::copy(lengths.begin(), lengths.end(), to.data());
    return array;
  }

  Form form = Form::time_first;
  Index T = 0, N = 0;
  bool has_lengths = false;
  std::vector<Index> lengths;  // (N,) if there are any
  StatePart<Real> h_0, c_0;

 private:
  bool read_state(const Architecture& a, nanobind::handle state) {
    const Parts parts(state, a.pair());
    return parts.valid && h_0.read(parts.h, form, a.recurrences(), N, a.P) &&
           c_0.read(parts.c, form, a.recurrences(), N, a.H);
  }

  bool read_lengths(nanobind::handle given) {
    if (given.is_none()) return true;
    has_lengths = true;
    const View<const Index> array(given, 1);
    if (array.valid()) {
      lengths.assign(array.data(), array.data() + array.shape(0));
    } else if (PyList_CheckExact(given.ptr())) {
      for (Py_ssize_t i = 0; i < PyList_Size(given.ptr()); ++i) {
        PyObject* item = PyList_GetItem(given.ptr(), i);
        if (!PyLong_CheckExact(item)) return false;
        lengths.push_back(PyLong_AsLongLong(item));
        if (lengths.back() == -1 && PyErr_Occurred()) return PyErr_Clear(), false;
      }
    } else {
      return false;
    }
    return true;
  }

  bool fit_lengths() const {
    if (has_lengths && static_cast<Index>(lengths.size()) != N) return false;
    for (const Index length : lengths)
      if (length < 0 || length > T) return false;
    return true;
  }

  // Whether no row is longer than the one before it, and x has as many rows as there are pairs.
  bool decreasing() const {
    Index pairs = 0;
    for (std::size_t i = 0; i < lengths.size(); pairs += lengths[i++])
      if (i && lengths[i] > lengths[i - 1]) return false;
    return pairs == x_.shape(0);
  }

  View<Real> x_;
  Padded<Real> padded_;
};

}  // namespace elman
