// The parameters of a network, and their gradients, as Python has them: a list of arrays in order.
#pragma once

#include <algorithm>
#include <list>
#include <utility>

#include "forms.hpp"
#include "workspace.hpp"

namespace elman {

// The shape of parameter i of recurrence k, whose second number is 0 for a bias.
inline std::pair<Index, Index> parameter_shape(const Architecture& a, Index k, Index i) {
  const Index n = gates(a.cell) * a.H;
  if (i == 0) return {n, a.inputs(k)};
  if (i == 1) return {n, a.P};
  return a.bias && i < 4 ? std::pair<Index, Index>{n, 0} : std::pair<Index, Index>{a.P, a.H};
}
inline Index parameters_per_recurrence(const Architecture& a) {
  return 2 + 2 * a.bias + a.projected;
}

// The memory of a list's arrays, which must be all parameters in order.
template <class Real>
bool read_parameters(const Architecture& a, nanobind::handle list, bool writable,
                     std::list<View<Real>>& views) {
  const Index count = a.recurrences() * parameters_per_recurrence(a);
  if (!PyList_CheckExact(list.ptr()) || PyList_Size(list.ptr()) != count) return false;
  for (Index i = 0; i < count; ++i) {
    const auto [rows, columns] =
        parameter_shape(a, i / parameters_per_recurrence(a), i % parameters_per_recurrence(a));
    View<Real>& view = views.emplace_back();
    if (!view.take(PyList_GetItem(list.ptr(), i), columns ? 2 : 1, writable)) return false;
    if (columns ? !view.has_shape(rows, columns) : !view.has_shape(rows)) return false;
    if (columns && rows > 1 && view.stride(0) != columns) return false;
  }
  return true;
}

// Where gradients of all parameters go, given their memory in order.
template <class Real, class Next>
void place_gradients(const Architecture& a, BackwardPass<Real>& pass, const Next& next) {
  for (Index k = 0; k < a.recurrences(); ++k) {
    ParameterGradients<Real> of_k;
    of_k.weight_ih = next(), of_k.weight_hh = next();
    if (a.bias) of_k.bias_ih = next(), of_k.bias_hh = next();
    if (a.projected) of_k.weight_hr = next();
    pass.parameters.push_back(of_k);
  }
}
// New arrays of zeros, which `made` gets.
template <class Real>
bool make_gradients(const Architecture& a, nanobind::list& made, BackwardPass<Real>& pass) {
  Index i = 0;
  place_gradients(a, pass, [&] {
    const auto [rows, columns] =
        parameter_shape(a, i / parameters_per_recurrence(a), i % parameters_per_recurrence(a));
    ++i;
    const Index values = rows * std::max<Index>(columns, 1);
    // Not NumPy's memory, as that of large arrays is new to the process every time.
    Buffer<Real> own = memory<Real>(values);
    Real* const data = own.get();
    std::fill_n(data, values, Real(0));
    made.append(columns ? array_of(std::move(own), {rows, columns})
                        : array_of(std::move(own), {rows}));
    return data;
  });
  return true;
}
// Arrays of the caller, in `list`; false if they do not fit.
template <class Real>
bool take_gradients(const Architecture& a, nanobind::handle list, std::list<View<Real>>& views,
                    BackwardPass<Real>& pass) {
  if (!read_parameters(a, list, true, views)) return false;
  auto view = views.begin();
  place_gradients(a, pass, [&] { return (view++)->data(); });
  return true;
}

}  // namespace elman
