// All layers and directions of a network in one call from Python, for the plain case: a batch
// (T, N, I) in a NumPy array that needs no conversion, with no lengths and no dropout. Whatever
// else it is given it declines, by returning None; Python then checks, converts, and says what is
// wrong.
#include "network.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

#include "packed.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace elman {
namespace {

// A name in NumPy; looked up once, and never given back.
nb::handle of_numpy(const char* name) {
  return nb::object(nb::module_::import_("numpy").attr(name)).release();
}

// A NumPy array's memory, held while this lives; not valid if it is not what was asked for.
template <class Real>
class View {
 public:
  View() = default;
  // Of `dims` axes, the last one contiguous, aligned, of this type; only such are taken.
  View(nb::handle array, int dims, bool writable = false) {
    static const nb::handle ndarray = of_numpy("ndarray");
    if (reinterpret_cast<PyObject*>(Py_TYPE(array.ptr())) != ndarray.ptr()) return;
    const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(array.ptr(), &buffer_, flags) != 0) {
      PyErr_Clear();
      return;
    }
    held_ = true;
    constexpr char format = sizeof(Real) == 4 ? 'f' : 'd';
    valid_ = buffer_.ndim == dims && buffer_.format[0] == format && buffer_.format[1] == 0 &&
             reinterpret_cast<std::uintptr_t>(buffer_.buf) % sizeof(Real) == 0;
    for (int axis = 0; valid_ && axis < dims; ++axis)
      valid_ = buffer_.strides[axis] % static_cast<Py_ssize_t>(sizeof(Real)) == 0;
    if (valid_ && shape(dims - 1) > 1) valid_ = buffer_.strides[dims - 1] == sizeof(Real);
  }
  ~View() {
    if (held_) PyBuffer_Release(&buffer_);
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  bool valid() const { return valid_; }
  bool has_shape(Index a, Index b) const { return valid_ && shape(0) == a && shape(1) == b; }
  bool has_shape(Index a, Index b, Index c) const { return has_shape(a, b) && shape(2) == c; }
  Index shape(int axis) const { return buffer_.shape[axis]; }
  Index stride(int axis) const { return buffer_.strides[axis] / static_cast<Index>(sizeof(Real)); }
  Real* data() const { return static_cast<Real*>(buffer_.buf); }
  Array3<Real> rows() const { return {data(), stride(0), stride(1)}; }
  // Of two axes, as one step of (T, N, ·).
  Array3<Real> step() const { return {data(), 0, stride(0)}; }
  // Whether the other's values may lie between this one's.
  bool may_meet(const View& other) const { return begin() < other.end() && other.begin() < end(); }
  // Entry k of the first axis.
  Array2<Real> part(Index k) const { return {data() + k * stride(0), stride(1)}; }

 private:
  // Where the memory begins and ends, also if strides are negative.
  const char* begin() const { return edge(false); }
  const char* end() const { return edge(true) + sizeof(Real); }
  const char* edge(bool last) const {
    const char* at = static_cast<const char*>(buffer_.buf);
    for (int axis = 0; axis < buffer_.ndim; ++axis)
      if ((buffer_.strides[axis] > 0) == last)
        at += buffer_.strides[axis] * (buffer_.shape[axis] - 1);
    return at;
  }

  Py_buffer buffer_{};
  bool held_ = false, valid_ = false;
};

// A new array of this shape, and its memory.
template <class Real, int D>
struct New {
  template <class... Sizes>
  explicit New(Sizes... sizes) : array(make(sizes...)), view(array, D) {
    if (!view.valid()) throw std::bad_alloc();
  }

  nb::object array;
  View<Real> view;

 private:
  template <class... Sizes>
  static nb::object make(Sizes... sizes) {
    static const nb::handle empty = of_numpy("empty");
    static const nb::handle dtype = of_numpy(sizeof(Real) == 4 ? "float32" : "float64");
    return empty(nb::make_tuple(sizes...), dtype);
  }
};

// Of an LSTM's pair, or of the one array of others; none where there is none.
struct State {
  nb::handle h = nb::none(), c = nb::none();
  bool valid = true;

  State(nb::handle state, bool pair) {
    if (state.is_none() || !pair) {
      h = state;
    } else if (PyTuple_CheckExact(state.ptr()) && PyTuple_Size(state.ptr()) == 2) {
      h = PyTuple_GetItem(state.ptr(), 0);
      c = PyTuple_GetItem(state.ptr(), 1);
      valid = !h.is_none() && !c.is_none();
    } else {
      valid = false;
    }
  }
};

template <class Real>
class Network;

// A run whose gradients may be taken: what it read and wrote, and what its kernels kept.
template <class Real>
struct Run {
  Run(nb::handle network, nb::handle x, const State& state)
      : owner(nb::borrow(network)), x(x, 3), h_0(state.h, 3), c_0(state.c, 3) {}

  nb::object backward(nb::handle d_output, nb::handle d_state_n);

  nb::object owner;
  View<Real> x, h_0, c_0;
  Buffer<Real> zeros;                    // the state, where none was given
  std::unique_ptr<New<Real, 3>> output;  // of the last layer
  std::vector<Buffer<Real>> inner;       // outputs of the others
  std::vector<Buffer<Real>> kept;        // of each layer and direction
};

template <class Real>
class Network {
 public:
  // prepared: of each layer and direction, in order, as elman.kernels.native.prepare made it.
  Network(int cell, nb::list prepared, Index directions, Index I, Index H, Index P, bool bias)
      : cell_(static_cast<Cell>(cell)),
        prepared_(std::move(prepared)),
        LD_(static_cast<Index>(prepared_.size())),
        D_(directions),
        I_(I),
        H_(H),
        P_(P),
        bias_(bias),
        forward_(panels("forward")) {}

  // ((output, state_n), Run or None), or None if this is not the plain case.
  nb::object run(nb::handle x, nb::handle state, bool keep) {
    const State initial(state, pair());
    auto run = std::make_unique<Run<Real>>(nb::find(this), x, initial);
    if (!initial.valid || !run->x.valid() || run->x.shape(2) != I_) return nb::none();
    const Index T = run->x.shape(0), N = run->x.shape(1);
    if (T == 0 || N == 0) return nb::none();
    if (state.is_none()) {
      const Index n = LD_ * N * (P_ + H_);
      run->zeros = memory<Real>(n);
      std::fill_n(run->zeros.get(), n, Real(0));
    } else if (!run->h_0.has_shape(LD_, N, P_) || (pair() && !run->c_0.has_shape(LD_, N, H_))) {
      return nb::none();
    }
    run->output = std::make_unique<New<Real, 3>>(T, N, D_ * P_);
    const New<Real, 3> h_n(LD_, N, P_);
    std::unique_ptr<New<Real, 3>> c_n;
    if (pair()) c_n = std::make_unique<New<Real, 3>>(LD_, N, H_);
    for (Index layer = 0; layer + 1 < LD_ / D_; ++layer)
      run->inner.push_back(memory<Real>(T * N * D_ * P_));
    for (Index k = 0; keep && k < LD_; ++k)
      run->kept.push_back(memory<Real>(T * N * kept_values(cell_, H_)));

    bool done = true;
    {
      nb::gil_scoped_release release;
      for (Index k = 0; done && k < LD_; ++k)
        done = kernels().of<Real>().forward(cell_, forward(*run, k, h_n.view, c_n.get()),
                                            threads()) == Outcome::done;
    }
    if (!done) throw std::bad_alloc();
    const nb::object state_n = pair() ? nb::make_tuple(h_n.array, c_n->array) : h_n.array;
    const nb::object results = nb::make_tuple(run->output->array, state_n);
    if (!keep) return results;
    return nb::make_tuple(results, nb::cast(run.release(), nb::rv_policy::take_ownership));
  }

  // One step of unidirectional layers: `out`, or a new array, with the last layer's h (N, P); or
  // None if this is not the plain case. x (N, I); h (L, N, P) and c (L, N, H) are replaced.
  nb::object step(nb::handle x_t, nb::handle h_t, nb::handle c_t, nb::handle out) {
    const View<Real> x(x_t, 2), h(h_t, 3, true), c(c_t, 3, true);
    if (!h.valid() || D_ != 1) return nb::none();
    const Index N = h.shape(1);
    if (!x.has_shape(N, I_) || !h.has_shape(LD_, N, P_)) return nb::none();
    if (pair() && !c.has_shape(LD_, N, H_)) return nb::none();
    nb::object made;
    if (out.is_none()) made = New<Real, 2>(N, P_).array;
    const View<Real> to(out.is_none() ? made : out, 2, true);
    if (!to.has_shape(N, P_) || to.may_meet(x) || to.may_meet(h)) return nb::none();

    bool done = true;
    turned_ = !turned_;
    {
      const bool turned = turned_;
      nb::gil_scoped_release release;
      for (Index k = 0; done && k < LD_; ++k) {
        Forward<Real> call = of_weights(k);
        call.turned = turned;
        call.schedule = {1, N, nullptr, nullptr, nullptr, nullptr, false};
        // h_n is what the layer before put out.
        call.x = k ? Array3<const Real>{h.part(k - 1).data, 0, h.stride(1)} : constant(x.step());
        call.output = to.step();
        call.h_n = h.part(k), call.h_0 = constant(call.h_n);
        if (pair()) call.c_n = c.part(k), call.c_0 = constant(call.c_n);
        done = kernels().of<Real>().forward(cell_, call, threads()) == Outcome::done;
      }
    }
    if (!done) throw std::bad_alloc();
    return out.is_none() ? made : nb::borrow(out);
  }

  // (d_x, d_state, the parameters' gradients in order), or None.
  nb::object backward(const Run<Real>& run, nb::handle d_output, nb::handle d_state_n) {
    const Index T = run.x.shape(0), N = run.x.shape(1), G = gates(cell_);
    const State later(d_state_n, pair());
    const View<Real> d_out(d_output, 3), d_h_n(later.h, 3), d_c_n(later.c, 3);
    if (!later.valid || !(d_output.is_none() || d_out.has_shape(T, N, D_ * P_))) return nb::none();
    if (!d_state_n.is_none() &&
        !(d_h_n.has_shape(LD_, N, P_) && (!pair() || d_c_n.has_shape(LD_, N, H_))))
      return nb::none();
    if (backward_.empty()) backward_ = panels("backward");

    const New<Real, 3> d_x(T, N, I_), d_h_0(LD_, N, P_);
    std::unique_ptr<New<Real, 3>> d_c_0;
    if (pair()) d_c_0 = std::make_unique<New<Real, 3>>(LD_, N, H_);
    nb::list gradients;
    std::vector<OfParameters> to(static_cast<size_t>(LD_));
    const auto unused = memory<Real>(bias_ ? 0 : 2 * G * H_);
    std::fill_n(unused.get(), bias_ ? 0 : 2 * G * H_, Real(0));
    for (Index k = 0; k < LD_; ++k) {
      OfParameters& of = to[static_cast<size_t>(k)];
      of.weight_ih = added<2>(gradients, G * H_, inputs(k));
      of.weight_hh = added<2>(gradients, G * H_, P_);
      of.bias_ih = bias_ ? added<1>(gradients, G * H_) : unused.get();
      of.bias_hh = bias_ ? added<1>(gradients, G * H_) : unused.get() + G * H_;
      if (P_ < H_) of.weight_hr = added<2>(gradients, P_, H_);
    }
    const Index width = LD_ > D_ ? D_ * P_ : 0;  // of what passes between layers
    const auto between = memory<Real>(2 * T * N * width);
    const auto second = memory<Real>(D_ == 2 ? T * N * (I_ > width ? I_ : width) : 0);

    bool done = true;
    {
      nb::gil_scoped_release release;
      for (Index k = LD_ - 1; done && k >= 0; --k) {
        const Index layer = k / D_, n = inputs(k);
        const bool last = layer == LD_ / D_ - 1;
        Real* d_in = layer ? between.get() + layer % 2 * T * N * width : d_x.view.data();
        Real* d_above = between.get() + (layer + 1) % 2 * T * N * width;
        const OfParameters& of = to[static_cast<size_t>(k)];
        Backward<Real> call = backward(run, k);
        if (!last)
          call.d_output = {d_above + k % D_ * P_, N * width, width};
        else if (d_out.valid())
          call.d_output = {d_out.data() + k % D_ * P_, d_out.stride(0), d_out.stride(1)};
        if (d_h_n.valid()) call.d_h_n = constant(d_h_n.part(k));
        if (d_c_n.valid()) call.d_c_n = constant(d_c_n.part(k));
        Real* d_inputs = k % D_ ? second.get() : d_in;
        call.d_x = {d_inputs, N * n, n};
        call.d_h_0 = d_h_0.view.part(k);
        if (pair()) call.d_c_0 = d_c_0->view.part(k);
        call.d_weight_ih = of.weight_ih;
        call.d_weight_hh = of.weight_hh;
        call.d_weight_hr = of.weight_hr;
        call.d_bias = of.bias_ih;
        call.d_bias_hh = cell_ == Cell::gru ? of.bias_hh : nullptr;
        done = kernels().of<Real>().backward(cell_, call, threads()) == Outcome::done;
        if (cell_ != Cell::gru) std::copy_n(of.bias_ih, G * H_, of.bias_hh);
        if (D_ == 2 && k % D_ == 0)
          for (Index i = 0; i < T * N * n; ++i) d_in[i] += second[static_cast<size_t>(i)];
      }
    }
    if (!done) throw std::bad_alloc();
    const nb::object d_state = pair() ? nb::make_tuple(d_h_0.array, d_c_0->array) : d_h_0.array;
    return nb::make_tuple(d_x.array, d_state, gradients);
  }

 private:
  struct OfParameters {
    Real *weight_ih, *weight_hh, *bias_ih, *bias_hh, *weight_hr = nullptr;
  };
  struct Weights {
    const Packed<Real>*weight_ih, *weight_hh, *weight_hr, *bias, *bias_hh;
  };

  bool pair() const { return cell_ == Cell::lstm; }
  Index inputs(Index k) const { return k < D_ ? I_ : D_ * P_; }

  // The packed weights of all layers and directions; `prepared_` owns them.
  std::vector<Weights> panels(const char* which) const {
    std::vector<Weights> found;
    for (nb::handle prepared : prepared_) {
      const nb::object packed = prepared.attr(which);
      const auto at = [&](size_t i) {
        const nb::object one = i < nb::len(packed) ? nb::object(packed[i]) : nb::none();
        return one.is_none() ? nullptr : nb::cast<const Packed<Real>*>(one);
      };
      found.push_back({at(0), at(1), at(2), at(3), at(4)});
    }
    return found;
  }

  template <int D, class... Sizes>
  static Real* added(nb::list& arrays, Sizes... sizes) {
    const New<Real, D> made(sizes...);
    arrays.append(made.array);
    std::fill_n(made.view.data(), (Index(sizes) * ...), Real(0));
    return made.view.data();
  }

  static Array3<const Real> constant(const Array3<Real>& a) { return {a.data, a.t, a.n}; }
  static Array2<const Real> constant(const Array2<Real>& a) { return {a.data, a.n}; }

  Array3<Real> output(const Run<Real>& run, Index layer) const {
    const Index N = run.x.shape(1), width = D_ * P_;
    Real* data = layer + 1 == LD_ / D_ ? run.output->view.data()
                                       : run.inner[static_cast<size_t>(layer)].get();
    return {data, N * width, width};
  }
  Array3<Real> output_of_direction(const Run<Real>& run, Index k) const {
    Array3<Real> rows = output(run, k / D_);
    rows.data += k % D_ * P_;
    return rows;
  }
  Schedule schedule(const Run<Real>& run, Index k) const {
    return {run.x.shape(0), run.x.shape(1), nullptr, nullptr, nullptr, nullptr, k % D_ == 1};
  }
  Array2<const Real> initial(const Run<Real>& run, const View<Real>& part, Index k, Index n) const {
    if (!run.zeros) return constant(part.part(k));
    return {run.zeros.get(), n};
  }

  // A call of layer·direction k, but for what it runs on.
  Forward<Real> of_weights(Index k) const {
    const Weights& w = forward_[static_cast<size_t>(k)];
    Forward<Real> call{};
    call.I = inputs(k), call.H = H_, call.P = P_;
    call.weight_ih = w.weight_ih->panels();
    call.weight_hh = w.weight_hh->panels();
    call.weight_hr = panels_or_null(w.weight_hr);
    call.bias = panels_or_null(w.bias).data;
    call.bias_hh = panels_or_null(w.bias_hh).data;
    return call;
  }

  Forward<Real> forward(const Run<Real>& run, Index k, const View<Real>& h_n,
                        const New<Real, 3>* c_n) const {
    Forward<Real> call = of_weights(k);
    call.schedule = schedule(run, k);
    call.x = constant(k < D_ ? run.x.rows() : output(run, k / D_ - 1));
    call.h_0 = initial(run, run.h_0, k, P_);
    call.output = output_of_direction(run, k);
    call.h_n = h_n.part(k);
    if (pair()) call.c_0 = initial(run, run.c_0, k, H_), call.c_n = c_n->view.part(k);
    if (!run.kept.empty()) call.kept = run.kept[static_cast<size_t>(k)].get();
    return call;
  }

  // All but what comes from later and where the gradients go.
  Backward<Real> backward(const Run<Real>& run, Index k) const {
    const Weights& w = backward_[static_cast<size_t>(k)];
    Backward<Real> call{};
    call.schedule = schedule(run, k);
    call.I = inputs(k), call.H = H_, call.P = P_;
    call.weight_ih = w.weight_ih->panels();
    call.weight_hh = w.weight_hh->panels();
    call.weight_hr = panels_or_null(w.weight_hr);
    call.x = constant(k < D_ ? run.x.rows() : output(run, k / D_ - 1));
    call.h_0 = initial(run, run.h_0, k, P_);
    if (pair()) call.c_0 = initial(run, run.c_0, k, H_);
    call.output = constant(output_of_direction(run, k));
    call.kept = run.kept[static_cast<size_t>(k)].get();
    return call;
  }

  const Cell cell_;
  const nb::list prepared_;
  const Index LD_, D_, I_, H_, P_;
  const bool bias_;
  const std::vector<Weights> forward_;
  std::vector<Weights> backward_;  // made when first needed
  bool turned_ = false;            // of the last step
};

template <class Real>
nb::object Run<Real>::backward(nb::handle d_output, nb::handle d_state_n) {
  return nb::cast<Network<Real>*>(owner)->backward(*this, d_output, d_state_n);
}

template <class Real>
void bind_network(nb::module_& m, const char* network, const char* run) {
  nb::class_<Run<Real>>(m, run).def("backward", &Run<Real>::backward, "d_output"_a.none(),
                                    "d_state_n"_a.none());
  nb::class_<Network<Real>>(m, network)
      .def(nb::init<int, nb::list, Index, Index, Index, Index, bool>(), "cell"_a, "prepared"_a,
           "directions"_a, "I"_a, "H"_a, "P"_a, "bias"_a)
      .def("run", &Network<Real>::run, "x"_a.none(), "state"_a.none(), "keep"_a)
      .def("step", &Network<Real>::step, "x"_a.none(), "h"_a, "c"_a.none(), "out"_a.none());
}

}  // namespace

void bind_networks(nb::module_& m) {
  bind_network<float>(m, "NetworkFloat32", "RunFloat32");
  bind_network<double>(m, "NetworkFloat64", "RunFloat64");
}

}  // namespace elman
