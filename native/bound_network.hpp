// A network as Python has it: it takes and gives NumPy arrays, in all forms that callers use.
#pragma once

#include <nanobind/nanobind.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "gil.hpp"
#include "masks.hpp"
#include "parameters.hpp"
#include "same_bytes.hpp"
#include "workspace.hpp"

namespace elman {

namespace nb = nanobind;

// How many threads a call may use.
int threads();

inline Cell cell_of(const std::string& name) {
  if (name == "rnn_tanh") return Cell::elman_tanh;
  if (name == "rnn_relu") return Cell::elman_relu;
  if (name == "gru") return Cell::gru;
  if (name == "lstm") return Cell::lstm;
  throw std::invalid_argument("cell: expected rnn_tanh, rnn_relu, gru or lstm, got " + name);
}

// Call function(interrupt) without Python's lock. In the main thread it may be interrupted by a
// signal whose handler raises.
template <class Function>
void released(const Function& function) {
  Outcome outcome;
  {
    GilReleased without_lock;
    const Interrupt interrupt{&signalled, &without_lock};
    outcome = function(in_main_thread() ? &interrupt : nullptr);
  }
  if (outcome == Outcome::no_memory) throw std::bad_alloc();
  if (outcome == Outcome::interrupted) throw nb::python_error();
}

template <class Real>
class BoundNetwork;

// A run that backward may follow: what it read and wrote. It never changes after it was made.
template <class Real>
struct Run {
  nb::object network;  // which this keeps alive
  Arguments<Real> arguments;
  Masks<Real> masks;
  std::optional<NewSteps<Real>> output;
  std::optional<NewState<Real>> h_n, c_n;
  Arguments<Real> given_output;  // where it was resumed
  Buffer<Real> of_cell;  // a cell's output, where the state that it returned is the caller's
  Workspace<Real> workspace;
  std::optional<Pass<Real>> pass;

  nb::object state_n() const {
    if (!c_n) return h_n->array->array;
    return nb::make_tuple(h_n->array->array, c_n->array->array);
  }
  nb::object backward(nb::handle d_output, nb::handle d_state_n, nb::handle gradients,
                      bool of_x) const {
    return nb::cast<const BoundNetwork<Real>&>(network).backward(*this, d_output, d_state_n,
                                                                 gradients, of_x);
  }
  nb::object workspace_array() { return workspace.array(); }
  nb::object backward_cell(nb::handle d_state_n) const {
    return backward(nb::none(), d_state_n, nb::none(), true);
  }
};

// A run of a single cell, whose backward takes the gradient of its state alone.
template <class Real>
struct CellRun : Run<Real> {};

template <class Real>
class BoundNetwork {
 public:
  BoundNetwork(nb::list weights, nb::list initial, const std::string& cell, Index input_size,
               Index hidden_size, Index num_layers, bool bidirectional, bool bias, Index proj_size)
      : weights_given_(weights),
        initial_given_(initial),
        a_(checked({cell_of(cell), input_size, hidden_size, proj_size ? proj_size : hidden_size,
                    num_layers, bidirectional ? 2 : 1, bias, proj_size != 0})),
        network_(a_, held(weights)),
        zeros_(memory<Real>(a_.H)) {
    std::fill_n(zeros_.get(), a_.H, Real(0));
    for (nb::handle part : initial) {
      const Index size = initial_.empty() ? a_.P : a_.H;
      initial_.emplace_back(part, 2);
      if (!initial_.back().has_shape(a_.recurrences(), size)) fail("initial");
    }
    if (!initial_.empty() && initial_.size() != (a_.pair() ? 2 : 1)) fail("initial");
  }

  nb::object run(nb::handle x, nb::handle state, nb::handle lengths, nb::handle masks, bool keep,
                 bool batch_first, bool packed) const {
    if (keep) {
      auto run = std::make_unique<Run<Real>>();
      if (!run->arguments.read(a_, x, state, lengths, batch_first, packed)) return nb::none();
      const nb::object results = forward(*run, masks, true);
      run->network = nb::find(this);
      return nb::make_tuple(results, nb::cast(run.release(), nb::rv_policy::take_ownership));
    }
    Run<Real> run;
    if (!run.arguments.read(a_, x, state, lengths, batch_first, packed)) return nb::none();
    return forward(run, masks, false);
  }

  nb::object resume(nb::handle x, nb::handle state, nb::handle lengths, nb::handle masks,
                    bool batch_first, bool packed, nb::handle output, nb::handle workspace) const {
    auto run = std::make_unique<Run<Real>>();
    if (!run->arguments.read(a_, x, state, lengths, batch_first, packed)) return nb::none();
    Pass<Real>& pass = begin(*run, masks, true);
    Array3<const Real> steps{};
    if (!run->given_output.read_like(run->arguments, a_, output, pass.schedules, steps) ||
        !run->workspace.take(workspace, network_.workspace_values(pass)))
      return nb::none();
    pass.output = {const_cast<Real*>(steps.data), steps.t, steps.n, steps.offset};  // to be read
    pass.workspace = run->workspace.data();
    run->network = nb::find(this);
    return nb::cast(run.release(), nb::rv_policy::take_ownership);
  }

  bool holds(nb::list weights) const {
    std::list<View<Real>> others;
    return read_parameters(a_, weights, false, others) && same_bytes(weights_, others, threads());
  }

  nb::object cell(nb::handle x, nb::handle state, bool keep) const {
    if (a_.recurrences() != 1) return nb::none();
    if (keep) {
      auto run = std::make_unique<CellRun<Real>>();
      if (!run->arguments.read_cell(a_, x, state)) return nb::none();
      forward(*run, nb::none(), true);
      run->network = nb::find(this);
      const nb::object state_n = run->state_n();
      return nb::make_tuple(state_n, nb::cast(run.release(), nb::rv_policy::take_ownership));
    }
    Run<Real> run;
    if (!run.arguments.read_cell(a_, x, state)) return nb::none();
    forward(run, nb::none(), false);
    return run.state_n();
  }

  nb::object step(nb::handle x_t, nb::handle state, nb::handle out) const {
    PyObject* const parts = state.ptr();
    if (a_.D != 1 || !PyTuple_CheckExact(parts)) return nb::none();
    if (PyTuple_Size(parts) != (a_.pair() ? 2 : 1)) return nb::none();
    const View<Real> x(x_t, 2), h(PyTuple_GetItem(parts, 0), 3, true);
    if (!h.valid()) return nb::none();
    View<Real> c;
    const Index N = h.shape(1);
    if (!x.has_shape(N, a_.I) || !h.has_shape(a_.L, N, a_.P)) return nb::none();
    if (a_.pair() && !(c.take(PyTuple_GetItem(parts, 1), 3, true) && c.has_shape(a_.L, N, a_.H)))
      return nb::none();
    nb::object made;
    if (out.is_none()) made = NewArray<Real>(N, a_.P).array;
    const View<Real> to(out.is_none() ? made : out, 2, true);
    if (!to.has_shape(N, a_.P) || to.may_overlap(x) || to.may_overlap(h) ||
        (a_.pair() && to.may_overlap(c)))
      return nb::none();

    Pass<Real> pass(Schedules(1, N, nullptr));
    pass.x = {x.data(), 0, x.stride(0)};
    pass.h_n = {h.data(), h.stride(0), h.stride(1)};
    if (a_.pair()) pass.c_n = {c.data(), c.stride(0), c.stride(1)};
    pass.h_0 = constant(pass.h_n), pass.c_0 = constant(pass.c_n);
    pass.output = {to.data(), 0, to.stride(0)};
    pass.step = true;  // which needs no workspace
    pass.turned = !turned_.load(std::memory_order_relaxed);
    turned_.store(pass.turned, std::memory_order_relaxed);
    // It writes into the caller's state, so that it must not be broken off.
    released([&](const Interrupt*) { return network_.forward(pass, threads(), nullptr); });
    return out.is_none() ? made : nb::borrow(out);
  }

  nb::object backward(const Run<Real>& run, nb::handle d_output, nb::handle d_state_n,
                      nb::handle gradients, bool of_x) const {
    const Arguments<Real>& arguments = run.arguments;
    const Form form = arguments.form;
    const Index N = arguments.N, K = a_.recurrences();
    BackwardPass<Real> pass;
    const Parts later(d_state_n, a_.pair());
    StatePart<Real> d_h_n, d_c_n;
    if (!later.valid || !d_h_n.read(later.h, form, K, N, a_.P) ||
        !d_c_n.read(later.c, form, K, N, a_.H))
      return nb::none();
    pass.d_h_n = d_h_n.states(form), pass.d_c_n = d_c_n.states(form);
    Arguments<Real> of_output;  // which reads the gradient as if it were x
    if (!d_output.is_none()) {
      if (!of_output.read_like(arguments, a_, d_output, run.pass->schedules, pass.d_output))
        return nb::none();
    }
    std::list<View<Real>> given;
    nb::list found;
    if (gradients.is_none() ? !make_gradients(a_, found, pass)
                            : !take_gradients(a_, gradients, given, pass))
      return nb::none();

    std::optional<NewSteps<Real>> d_x;
    if (of_x) d_x.emplace(form, run.pass->schedules, a_.I);
    NewState<Real> d_h_0(form, K, N, a_.P);
    std::optional<NewState<Real>> d_c_0;
    if (a_.pair()) d_c_0.emplace(form, K, N, a_.H);
    if (d_x) pass.d_x = d_x->steps;
    pass.d_h_0 = d_h_0.states;
    if (d_c_0) pass.d_c_0 = d_c_0->states;
    released([&](const Interrupt* interrupt) {
      return network_.backward(*run.pass, pass, threads(), interrupt);
    });
    if (gradients.is_none() && !initial_.empty()) {
      append_initial(found, arguments.h_0, pass.d_h_0, N, a_.P);
      if (a_.pair()) append_initial(found, arguments.c_0, pass.d_c_0, N, a_.H);
    }
    const nb::object d_state =
        d_c_0 ? nb::make_tuple(d_h_0.array->array, d_c_0->array->array) : d_h_0.array->array;
    const nb::object of_input = d_x ? d_x->restore(form, arguments.lengths) : nb::none();
    return nb::make_tuple(of_input, d_state, gradients.is_none() ? found : nb::borrow(gradients));
  }

  nb::list weights() const { return weights_given_; }
  nb::list initial() const { return initial_given_; }
  Index kept_values() const { return elman::kept_values(a_.cell, 1); }

 private:
  [[noreturn]] static void fail(const char* what) {
    throw std::invalid_argument(std::string(what) +
                                ": expected arrays of the architecture's shapes, in C order");
  }
  static Architecture checked(const Architecture& a) {
    if (a.I < 1 || a.H < 1 || a.L < 1 || a.P < 1 || a.P > a.H || (a.projected && !a.pair()))
      throw std::invalid_argument(
          "architecture: expected sizes above zero and a projection of an "
          "LSTM alone");
    return a;
  }

  std::vector<const Real*> held(nb::list weights) {
    if (!read_parameters(a_, weights, false, weights_)) fail("weights");
    std::vector<const Real*> data;
    for (const View<Real>& view : weights_) data.push_back(view.data());
    return data;
  }

  // The gradient of a learned part of the initial state: a sum over rows, or zero where the caller
  // gave that part.
  void append_initial(nb::list& found, const StatePart<Real>& given, const States<Real>& d_state,
                      Index N, Index size) const {
    const Index K = a_.recurrences();
    const NewArray<Real> sums(K, size);
    std::fill_n(sums.data(), K * size, Real(0));
    for (Index k = 0; k < K && !given.given(); ++k)
      for (Index n = 0; n < N; ++n) {
        const Real* row = d_state.of(k).row(n);
        for (Index j = 0; j < size; ++j) sums.data()[k * size + j] += row[j];
      }
    found.append(sums.array);
  }

  // The state to begin from: given, learned, or zeros.
  States<const Real> first_state(const StatePart<Real>& given, Form form, std::size_t part) const {
    if (given.given()) return given.states(form);
    if (initial_.empty()) return {zeros_.get(), 0, 0};
    const View<Real>& learned = part == 0 ? initial_.front() : initial_.back();
    return {learned.data(), learned.stride(0), 0};
  }

  // What a run reads, of what was read from Python.
  Pass<Real>& begin(Run<Real>& run, nb::handle masks, bool keep) const {
    Arguments<Real>& arguments = run.arguments;
    const Form form = arguments.form;
    Pass<Real>& pass = run.pass.emplace(Schedules(
        arguments.T, arguments.N, arguments.has_lengths ? arguments.lengths.data() : nullptr));
    pass.keep = keep;
    pass.packed = form == Form::packed;
    pass.x = arguments.steps(a_, pass.schedules);
    pass.h_0 = first_state(arguments.h_0, form, 0);
    if (a_.pair()) pass.c_0 = first_state(arguments.c_0, form, 1);
    run.masks.read(a_, arguments, masks, pass);
    return pass;
  }

  // Run what was read; the results as Python gets them.
  nb::object forward(Run<Real>& run, nb::handle masks, bool keep) const {
    Pass<Real>& pass = begin(run, masks, keep);
    const Arguments<Real>& arguments = run.arguments;
    const Form form = arguments.form;
    const Index N = arguments.N, K = a_.recurrences();
    pass.workspace = run.workspace.make(network_.workspace_values(pass));
    run.h_n.emplace(form, K, N, a_.P);
    pass.h_n = run.h_n->states;
    if (a_.pair()) pass.c_n = run.c_n.emplace(form, K, N, a_.H).states;
    const bool cell = form == Form::cell || form == Form::single_cell;
    if (cell && keep) run.of_cell = memory<Real>(N * a_.P);
    if (cell)
      pass.output = {keep ? run.of_cell.get() : pass.h_n.data, 0, a_.P};
    else
      pass.output = run.output.emplace(form, pass.schedules, a_.output_size()).steps;
    released(
        [&](const Interrupt* interrupt) { return network_.forward(pass, threads(), interrupt); });
    if (cell) return nb::none();
    if (keep) run.output->make_read_only();
    return nb::make_tuple(run.output->restore(form, arguments.lengths), run.state_n());
  }

  const nb::list weights_given_, initial_given_;
  const Architecture a_;
  std::list<View<Real>> weights_, initial_;
  const Network<Real> network_;
  const Buffer<Real> zeros_;
  mutable std::atomic<bool> turned_{false};  // of the last step
};

}  // namespace elman
