// The second pass of backward: the gradients of the input and of the parameters. They follow from
// d_a, the gradient of every step's sums, by products as large as the whole sequence.
#pragma once

#include "backward_time.hpp"
#include "pair_blocks.hpp"

namespace elman {
namespace ELMAN_ISA {

// Pairs are taken in blocks. d_a of a block is transposed once, for all products and threads. Then
// come the products, d_W += Σ d_a vᵀ and, if it is wanted, d_x = d_a W_ih, while d_a of the next
// block is transposed. v is x or the h of the step before, and each thread packs it for itself.
template <class Real, class C>
class WeightGradients {
 public:
  WeightGradients(const Backward<Real>& call, const SumGradients<Real>& of, int threads,
                  StopSignal& stop)
      : c_(call),
        s_(call.schedule),
        of_(of),
        threads_(threads),
        stop_(stop),
        most_pairs_(smaller(pairs_per_block, s_.pairs_before(s_.T))),
        stride_((most_pairs_ + L - 1) / L * L),
        products_{{n(), c_.P, 0, 0, c_.d_weight_hh},
                  {n(), c_.I, 0, strips(c_.P), c_.d_weight_ih},
                  {projected() ? c_.P : 0, c_.H, n() + (gru ? c_.H : 0),
                   strips(c_.P) + strips(c_.I), c_.d_weight_hr}},
        d_rows_(products_[2].d + products_[2].rows),
        transposed_(d_rows_ * stride_ * (threads > 1 ? 2 : 1)),
        panels_(strip * most_pairs_ * threads),
        shares_(threads) {}

  // Whether there was memory for it.
  explicit operator bool() const { return transposed_ && panels_ && shares_; }

  // Thread i of p works. p may be less than `threads`.
  void run(int i, int p, Barrier& barrier) const {
    PairBlocks blocks(s_);
    PairBlock now, next = blocks.take();
    open(0, i, p, 0, next.K);
    barrier.wait(i, p);
    for (int round = 0; now.K || next.K; ++round) {
      const PairBlock after = blocks.take();
      open(round + 1, i, p, next.K, after.K);
      PackedStrip packed{panels_.get() + i * strip * most_pairs_, -1};
      shares_.take(round, i, threads_, [&](int owner, Index k) {
        if (stop_.stops(i, most_work())) return;
        if (now.K && multiply(now, transposed(round + 1), &packed, owner, &k)) return;
        prepare(next, transposed(round), owner, k);
      });
      if (!barrier.wait(i, p, i == 0 && stop_.stopped())) return;
      now = next, next = after;
    }
    clear_padding(part_of(s_.N, 1, i, p));
  }

 private:
  static constexpr Index G = gates(C::cell), L = lanes<Real>;
  static constexpr bool gru = C::cell == Cell::gru;
  static constexpr int strip = most_vectors(tile_rows, 1) * L;  // columns of a panel of v

  // A product d_W += Σ d vᵀ over the pairs of a block.
  struct Product {
    Index rows, columns;  // of d_W
    Index d;              // its first row in the transposed block
    Index v;              // its first strip among the strips of all products
    Real* d_weight;
  };

  // A thread's panel, and which strip of v it holds; -1 if none.
  struct PackedStrip {
    Real* panel;
    Index strip;
  };

  Index n() const { return G * c_.H; }
  // The most operations that an item takes.
  double most_work() const {
    const Index of_d_W = strip * most_pairs_, of_d_x = n() * c_.I;
    return 2.0 * static_cast<double>(rows_at_once * (of_d_W > of_d_x ? of_d_W : of_d_x));
  }
  bool projected() const { return c_.weight_hr.data != nullptr; }
  static Index strips(Index columns) { return (columns + strip - 1) / strip; }
  static Index parts(Index size, Index most) { return (size + most - 1) / most; }
  // Where the block that is prepared in a round is transposed.
  Real* transposed(int round) const {
    return transposed_.get() + (threads_ > 1 ? round % 2 * d_rows_ * stride_ : 0);
  }

  // What belongs to an owner.
  Range rows_of(const Product& product, int owner) const {
    return part_of(product.rows, tile_rows, owner, threads_);
  }
  Range pairs_of(Index K, int owner) const { return part_of(K, tile_rows, owner, threads_); }
  Index parts_of_d_x(Index K, int owner) const {
    return c_.d_x.data ? parts(pairs_of(K, owner).size(), rows_at_once) : 0;
  }
  Range d_of(int owner) const { return part_of(n(), strip, owner, threads_); }
  Range d_h_of(int owner) const { return part_of(products_[2].rows, strip, owner, threads_); }

  // Open the shares of a round that multiplies `now` pairs and prepares `next` pairs.
  void open(int round, int i, int p, Index now, Index next) const {
    for (int owner = i; owner < threads_; owner += p) {
      Index count = 0;
      if (now) {
        for (const Product& product : products_)
          count += parts(rows_of(product, owner).size(), rows_at_once) * strips(product.columns);
        count += parts_of_d_x(now, owner);
      }
      if (next) count += parts(d_of(owner).size(), strip) + parts(d_h_of(owner).size(), strip);
      shares_.open(round, owner, count);
    }
  }

  // Do an owner's k-th item of a block's products. If it has fewer, subtract their number from k
  // and return false.
  bool multiply(const PairBlock& block, const Real* d, PackedStrip* packed, int owner,
                Index* k) const {
    for (const Product& product : products_) {
      const Range rows = rows_of(product, owner);
      const Index of_rows = parts(rows.size(), rows_at_once);
      const Index items = of_rows * strips(product.columns);
      if (*k < items) {
        const Range part = part_of(rows.size(), tile_rows, static_cast<int>(*k % of_rows),
                                   static_cast<int>(of_rows));
        pack_v(block, product, *k / of_rows, packed);
        add_to_weight(product, {rows.begin + part.begin, rows.begin + part.end}, *k / of_rows,
                      block.K, d, packed->panel);
        return true;
      }
      *k -= items;
    }
    const Range pairs = pairs_of(block.K, owner);
    const Index of_pairs = parts_of_d_x(block.K, owner);
    if (*k < of_pairs) {
      const Range part =
          part_of(pairs.size(), tile_rows, static_cast<int>(*k), static_cast<int>(of_pairs));
      make_d_x(block, {pairs.begin + part.begin, pairs.begin + part.end});
      return true;
    }
    *k -= of_pairs;
    return false;
  }

  // Do an owner's k-th item of what a block's products need.
  void prepare(const PairBlock& block, Real* to, int owner, Index k) const {
    const Range d = d_of(owner), d_h = d_h_of(owner);
    if (k < parts(d.size(), strip)) {
      const Index first = d.begin + k * strip;
      return prepare_d(block, {first, smaller(first + strip, d.end)}, to);
    }
    const Index first = d_h.begin + (k - parts(d.size(), strip)) * strip;
    const Index end = smaller(first + strip, d_h.end);
    transpose(of_.d_h + block.begin * c_.P + first, c_.P, block.K, end - first,
              to + (products_[2].d + first) * stride_, stride_);
  }

  // Transpose some columns of d_a, and add them to d_b. A GRU's third gate has one d_a for h and
  // another one for x. The second then takes the place of the first, for d_x.
  void prepare_d(const PairBlock& block, const Range& some, Real* to) const {
    Real* d_a = of_.d_a.row(block.begin);
    const Index stride = of_.d_a.n;
    transpose(d_a + some.begin, stride, block.K, some.size(), to + some.begin * stride_, stride_);
    if (!gru) return add_to_bias(d_a, stride, block.K, some, c_.d_bias, c_.d_bias_hh);
    const Range two{some.begin, smaller(some.end, 2 * c_.H)};
    const Range third{some.begin > 2 * c_.H ? some.begin : 2 * c_.H, some.end};
    add_to_bias(d_a, stride, block.K, two, c_.d_bias_hh, c_.d_bias);
    if (!third.size()) return;
    add_to_bias(d_a, stride, block.K, third, c_.d_bias_hh, nullptr);
    const Range of_n{third.begin - 2 * c_.H, third.end - 2 * c_.H};
    const Real* d_a_n = of_.d_a_n + block.begin * c_.H;
    transpose(d_a_n + of_n.begin, c_.H, block.K, of_n.size(), to + (n() + of_n.begin) * stride_,
              stride_);
    add_to_bias(d_a_n, c_.H, block.K, of_n, c_.d_bias + 2 * c_.H, nullptr);
    if (!c_.d_x.data) return;
    for (Index k = 0; k < block.K; ++k)
      copy_row(d_a + k * stride + third.begin, d_a_n + k * c_.H + of_n.begin, of_n.size());
  }

  // Add Σ d over K pairs to some values of the gradients of two biases, unless they are null.
  static void add_to_bias(const Real* d, Index D, Index K, const Range& some, Real* d_bias,
                          Real* another) {
    for (Index first = some.begin; first < some.end; first += strip) {
      const Index width = smaller(strip, some.end - first);
      V<Real> sums[strip / L] = {};
      for (Index k = 0; k < K; ++k) {
        const Real* row = d + k * D + first;
        if (width == strip) {
#pragma GCC unroll 4
          for (Index v = 0; v < strip / L; ++v) sums[v] += load(row + v * L);
        } else {
          for (Index v = 0; v * L < width; ++v) sums[v] += load_first(row + v * L, width - v * L);
        }
      }
      for (Index j = 0; j < width; ++j) {
        if (d_bias) d_bias[first + j] += sums[j / L][j % L];
        if (another) another[first + j] += sums[j / L][j % L];
      }
    }
  }

  // Pack a strip of v's columns. v is the h before, x, or what was projected.
  void pack_v(const PairBlock& block, const Product& product, Index strip_of_v,
              PackedStrip* packed) const {
    if (packed->strip == product.v + strip_of_v) return;
    packed->strip = product.v + strip_of_v;
    const Index first = strip_of_v * strip, width = smaller(strip, product.columns - first);
    const Index vectors = vectors_for<Real>(width, 1);
    Pair pair = block.first;
    Real* row = packed->panel;
    for (Index k = 0; k < block.K; ++k, pair.skip(s_, 1), row += strip) {
      if (width < vectors * L) zero_row(row + (vectors - 1) * L, L);
      if (&product == products_)
        h_before(pair, first, width, row);
      else if (&product == products_ + 1)
        copy_row(row, c_.x.row(s_.time(pair.i, pair.step), s_.row(pair.i)) + first, width);
      else
        Lstm::unprojected(c_.kept + (block.begin + k) * kept_values(C::cell, c_.H) + first, c_.H,
                          width, row);
    }
  }

  // Copy some values of the h of the step before, times the mask.
  void h_before(const Pair& pair, Index first, Index width, Real* to) const {
    const Index row = s_.row(pair.i);
    const Real* h =
        pair.step ? c_.output.row(s_.time(pair.i, pair.step - 1), row) : c_.h_0.row(row);
    if (!c_.mask.data) return copy_row(to, h + first, width);
    const Real* factors = c_.mask.row(row);
    for (Index j = 0; j < width; ++j) to[j] = h[first + j] * factors[first + j];
  }

  // Add a block's product to some rows of a weight's gradient, in a strip of its columns.
  void add_to_weight(const Product& product, const Range& some, Index strip_of_v, Index K,
                     const Real* d, const Real* v) const {
    const Index first = strip_of_v * strip, width = smaller(strip, product.columns - first);
    const int vectors = static_cast<int>(vectors_for<Real>(width, 1));
    for_groups(some.begin, some.end, tile_rows, [&](Index i, Index M) {
      alignas(64) Real sums[tile_rows * strip];
      Real* d_row = product.d_weight + i * product.columns + first;
      const Real* rows[tile_rows];
      for (Index m = 0; m < M; ++m) rows[m] = d + row_of_d(product, i + m) * stride_;
      const Tile<Real> run = tile_of<Real>(static_cast<int>(M), vectors, 1);
      const Factors<Real> factors{rows, K, 1, v, strip, 0, v};
      if (width == vectors * L)
        return run(factors, {d_row, product.columns, nullptr, nullptr, 0, true});
      run(factors, {sums, strip});
      for (Index m = 0; m < M; ++m)
        for (Index j = 0; j < width; ++j) d_row[m * product.columns + j] += sums[m * strip + j];
    });
  }

  // Where row i of a weight's gradient has its d in the transposed block.
  Index row_of_d(const Product& product, Index i) const {
    const bool of_x = gru && &product == &products_[1] && i >= 2 * c_.H;
    return product.d + i + (of_x ? c_.H : 0);
  }

  // d_x = d_a W_ih for some pairs of a block.
  void make_d_x(const PairBlock& block, const Range& some) const {
    for_columns(c_.weight_ih, 0, vectors_for<Real>(c_.I, 1), some.size(), false,
                [&](const Columns<Real>& w) {
                  alignas(64) Real d_x[room_for_sums];
                  const Index first = w.vector * L, width = smaller(w.vectors * L, c_.I - first);
                  const Index count = some.size(), stride = sums_stride(count);
                  const Real* rows[rows_at_once] = {};
                  for (Index m = 0; m < count; ++m)
                    rows[m] = of_.d_a.row(block.begin + some.begin + m);
                  products(count, rows, n(), c_.I, w, Sums<Real>{d_x, stride});
                  Pair pair = block.first;
                  pair.skip(s_, some.begin);
                  for (Index m = 0; m < count; ++m, pair.skip(s_, 1)) {
                    const Index t = s_.time(pair.i, pair.step), row = s_.row(pair.i);
                    copy_row(c_.d_x.row(t, row) + first, d_x + m * stride, width);
                  }
                });
  }

  // d_x is zero after a row's length.
  void clear_padding(const Range& rows) const {
    if (!c_.d_x.data || c_.d_x.offset) return;
    for (Index i = rows.begin; i < rows.end; ++i)
      for (Index t = s_.length(i); t < s_.T; ++t) zero_row(c_.d_x.row(t, s_.row(i)), c_.I);
  }

  const Backward<Real>& c_;
  const Schedule& s_;
  const SumGradients<Real> of_;
  const int threads_;
  StopSignal& stop_;
  const Index most_pairs_, stride_;
  const Product
      products_[3];  // of W_hh, W_ih and W_hr; the last one has no rows without a projection
  const Index d_rows_;
  const Buffer<Real> transposed_, panels_;
  const Shares shares_;
};

}  // namespace ELMAN_ISA
}  // namespace elman
