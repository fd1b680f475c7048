// Backpropagation through time, the second pass: all that follows from the gradients of the sums of
// every step, d_a, by products as large as the whole sequence.
#pragma once

#include "recurrence.hpp"

namespace elman {
namespace ELMAN_ISA {

// A valid (step, row) pair, in the schedule's order.
struct Pair {
  Index step = 0, i = 0;

  void skip(const Schedule& s, Index pairs) {
    while (step < s.T && pairs >= s.rows_at(step) - i) {
      pairs -= s.rows_at(step) - i;
      ++step, i = 0;
    }
    i += pairs;
  }
};

// Terms of a weight's gradient are summed in blocks of so many pairs at most, each block from zero,
// and the blocks are added from the last to the first, as time runs backwards: threads cannot
// change a bit. Blocks are cut at multiples of some steps, so that a sequence run in parts, each of
// so many steps, has the same ones.
struct PairBlock {
  Index begin = 0, K = 0;  // pairs begin … begin + K - 1
  Pair first;
};

class Blocks {
 public:
  explicit Blocks(const Schedule& s)
      : s_(s),
        steps_(s.N < pairs_per_block ? pairs_per_block / (s.N > 0 ? s.N : 1) : 1),
        first_step_((s.T - 1) / steps_ * steps_),
        begin_(s.pairs_before(first_step_)),
        at_{first_step_} {}

  // The next one; of no pairs when there is none left.
  PairBlock take() {
    while (begin_ == end() && first_step_ > 0) {
      first_step_ -= steps_;
      begin_ = s_.pairs_before(first_step_);
      at_ = Pair{first_step_};
    }
    const PairBlock block{begin_, smaller(pairs_per_block, end() - begin_), at_};
    begin_ += block.K;
    at_.skip(s_, block.K);
    return block;
  }

 private:
  Index end() const { return s_.pairs_before(smaller(first_step_ + steps_, s_.T)); }

  const Schedule& s_;
  const Index steps_;
  Index first_step_, begin_;
  Pair at_;
};

// The second pass. Of each block of pairs d_a is transposed, once for all that follows; then come
// the products, while the next block's is. x and the h of the step before are packed by each
// thread.
template <class Real, class C>
class SecondPass {
 public:
  SecondPass(const Backward<Real>& call, const SumGradients<Real>& of, int threads)
      : c_(call),
        s_(call.schedule),
        of_(of),
        threads_(threads),
        most_pairs_(smaller(pairs_per_block, s_.pairs_before(s_.T))),
        stride_((most_pairs_ + L - 1) / L * L),
        products_{{n(), c_.P, 0, 0, c_.d_weight_hh},
                  {n(), c_.I, 0, strips(c_.P), c_.d_weight_ih},
                  {projected() ? c_.P : 0, c_.H, n() + (gru ? c_.H : 0),
                   strips(c_.P) + strips(c_.I), c_.d_weight_hr}},
        d_rows_(products_[2].d + products_[2].rows),
        rooms_(d_rows_ * stride_ * (threads > 1 ? 2 : 1)),
        panels_(strip * most_pairs_ * threads),
        items_(threads) {}

  // Whether there was memory for it.
  explicit operator bool() const { return rooms_ && panels_ && items_; }

  // One of p threads, which may be fewer than there was room for.
  void run(int i, int p, Barrier& barrier) const {
    Blocks blocks(s_);
    PairBlock now, next = blocks.take();
    open(0, i, p, 0, next.K);
    barrier.wait(i, p);
    for (int round = 0; now.K || next.K; ++round) {
      const PairBlock after = blocks.take();
      open(round + 1, i, p, next.K, after.K);
      Packed packed{panels_.get() + i * strip * most_pairs_, -1};
      items_.take(round, i, threads_, [&](int owner, Index k) {
        if (now.K && multiply(now, room(round + 1), &packed, owner, &k)) return;
        prepare(next, room(round), owner, k);
      });
      barrier.wait(i, p);
      now = next, next = after;
    }
    clear_padding(part_of(s_.N, 1, i, p));
  }

 private:
  static constexpr Index G = gates(C::cell), L = lanes<Real>;
  static constexpr bool gru = C::cell == Cell::gru;
  static constexpr int strip = most_vectors(tile_rows, 1) * L;  // columns of a panel of v

  // d_W += Σ d vᵀ: its rows and columns, where d's first row is in a room, and v's first strip
  // among those of all products.
  struct Product {
    Index rows, columns, d, v;
    Real* d_weight;
  };

  // A thread's panel, and which strip is in it.
  struct Packed {
    Real* panel;
    Index of_v;
  };

  Index n() const { return G * c_.H; }
  bool projected() const { return c_.weight_hr.data != nullptr; }
  static Index strips(Index columns) { return (columns + strip - 1) / strip; }
  static Index parts(Index size, Index most) { return (size + most - 1) / most; }
  Real* room(int round) const {
    return rooms_.get() + (threads_ > 1 ? round % 2 * d_rows_ * stride_ : 0);
  }

  // The shares of an owner.
  Range rows_of(const Product& product, int owner) const {
    return part_of(product.rows, tile_rows, owner, threads_);
  }
  Range pairs_of(Index K, int owner) const { return part_of(K, tile_rows, owner, threads_); }
  Range d_of(int owner) const { return part_of(n(), strip, owner, threads_); }
  Range d_h_of(int owner) const { return part_of(products_[2].rows, strip, owner, threads_); }

  void open(int round, int i, int p, Index now, Index next) const {
    for (int owner = i; owner < threads_; owner += p) {
      Index count = 0;
      if (now) {
        for (const Product& product : products_)
          count += parts(rows_of(product, owner).size(), rows_at_once) * strips(product.columns);
        count += parts(pairs_of(now, owner).size(), rows_at_once);
      }
      if (next) count += parts(d_of(owner).size(), strip) + parts(d_h_of(owner).size(), strip);
      items_.open(round, owner, count);
    }
  }

  // An owner's k-th item of a block's products; false, with their number taken off k, if it has
  // fewer.
  bool multiply(const PairBlock& block, const Real* room, Packed* packed, int owner,
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
                      block.K, room, packed->panel);
        return true;
      }
      *k -= items;
    }
    const Range pairs = pairs_of(block.K, owner);
    const Index of_pairs = parts(pairs.size(), rows_at_once);
    if (*k < of_pairs) {
      const Range part =
          part_of(pairs.size(), tile_rows, static_cast<int>(*k), static_cast<int>(of_pairs));
      make_d_x(block, {pairs.begin + part.begin, pairs.begin + part.end});
      return true;
    }
    *k -= of_pairs;
    return false;
  }

  // An owner's k-th item of what a block's products need.
  void prepare(const PairBlock& block, Real* room, int owner, Index k) const {
    const Range d = d_of(owner), d_h = d_h_of(owner);
    if (k < parts(d.size(), strip)) {
      const Index first = d.begin + k * strip;
      return prepare_d(block, {first, smaller(first + strip, d.end)}, room);
    }
    const Index first = d_h.begin + (k - parts(d.size(), strip)) * strip;
    const Index end = smaller(first + strip, d_h.end);
    transpose(of_.d_h + block.begin * c_.P + first, c_.P, block.K, end - first,
              room + (products_[2].d + first) * stride_, stride_);
  }

  // Some columns of d_a: transposed, and added to d_b. A GRU's third gate has one d_a for h and
  // another one for x, which then takes the first one's place.
  void prepare_d(const PairBlock& block, const Range& some, Real* room) const {
    Real* d_a = of_.d_a + block.begin * n();
    transpose(d_a + some.begin, n(), block.K, some.size(), room + some.begin * stride_, stride_);
    if (!gru) return add_to_bias(d_a, n(), block.K, some, c_.d_bias, nullptr);
    const Range two{some.begin, smaller(some.end, 2 * c_.H)};
    const Range third{some.begin > 2 * c_.H ? some.begin : 2 * c_.H, some.end};
    add_to_bias(d_a, n(), block.K, two, c_.d_bias_hh, c_.d_bias);
    if (!third.size()) return;
    add_to_bias(d_a, n(), block.K, third, c_.d_bias_hh, nullptr);
    const Range of_n{third.begin - 2 * c_.H, third.end - 2 * c_.H};
    const Real* d_a_n = of_.d_a_n + block.begin * c_.H;
    transpose(d_a_n + of_n.begin, c_.H, block.K, of_n.size(), room + (n() + of_n.begin) * stride_,
              stride_);
    add_to_bias(d_a_n, c_.H, block.K, of_n, c_.d_bias + 2 * c_.H, nullptr);
    for (Index k = 0; k < block.K; ++k)
      copy_row(d_a + k * n() + third.begin, d_a_n + k * c_.H + of_n.begin, of_n.size());
  }

  // Add Σ d over K pairs to some values of one bias' gradient, or of two.
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
        d_bias[first + j] += sums[j / L][j % L];
        if (another) another[first + j] += sums[j / L][j % L];
      }
    }
  }

  // A strip of the columns of x, of the h before, or of what was projected, as a panel.
  void pack_v(const PairBlock& block, const Product& product, Index strip_of_v,
              Packed* packed) const {
    if (packed->of_v == product.v + strip_of_v) return;
    packed->of_v = product.v + strip_of_v;
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

  void h_before(const Pair& pair, Index first, Index width, Real* to) const {
    const Index row = s_.row(pair.i);
    const Real* h =
        pair.step ? c_.output.row(s_.time(pair.i, pair.step - 1), row) : c_.h_0.row(row);
    if (!c_.mask.data) return copy_row(to, h + first, width);
    const Real* factors = c_.mask.row(row);
    for (Index j = 0; j < width; ++j) to[j] = h[first + j] * factors[first + j];
  }

  // Add what belongs to some rows of a weight's gradient, in a strip of its columns.
  void add_to_weight(const Product& product, const Range& some, Index strip_of_v, Index K,
                     const Real* room, const Real* v) const {
    const Index first = strip_of_v * strip, width = smaller(strip, product.columns - first);
    const int vectors = static_cast<int>(vectors_for<Real>(width, 1));
    for_groups(some.begin, some.end, tile_rows, [&](Index i, Index M) {
      alignas(64) Real sums[tile_rows * strip];
      Real* d_row = product.d_weight + i * product.columns + first;
      const Real* rows[tile_rows];
      for (Index m = 0; m < M; ++m) rows[m] = room + row_of_d(product, i + m) * stride_;
      const Tile<Real> run = tile_of<Real>(static_cast<int>(M), vectors, 1);
      const Factors<Real> factors{rows, K, 1, v, strip, 0, v};
      if (width == vectors * L)
        return run(factors, {d_row, product.columns, nullptr, nullptr, 0, true});
      run(factors, {sums, strip});
      for (Index m = 0; m < M; ++m)
        for (Index j = 0; j < width; ++j) d_row[m * product.columns + j] += sums[m * strip + j];
    });
  }

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
                    rows[m] = of_.d_a + (block.begin + some.begin + m) * n();
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
    for (Index i = rows.begin; i < rows.end; ++i)
      for (Index t = s_.length(i); t < s_.T; ++t) zero_row(c_.d_x.row(t, s_.row(i)), c_.I);
  }

  const Backward<Real>& c_;
  const Schedule& s_;
  const SumGradients<Real> of_;
  const int threads_;
  const Index most_pairs_, stride_;
  const Product products_[3];  // W_hh, W_ih and, where there is one, W_hr
  const Index d_rows_;
  const Buffer<Real> rooms_, panels_;
  const Items items_;
};

}  // namespace ELMAN_ISA
}  // namespace elman
