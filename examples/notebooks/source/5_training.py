# %% [markdown] lang="en"
"""
# 5. Training by hand

Training asks one question of each weight: if it were a little larger, would the loss be larger or smaller? The answers
are the gradient. In this notebook you compute it by hand, going back through time, and take a first step of
training. Then you meet the trouble that RNNs are known for, and see what GRUs and LSTMs do about it.
"""

# %% [markdown] lang="ko"
"""
# 5. 손으로 하는 학습

학습은 가중치마다 한 가지를 묻습니다. 이 값이 조금 커지면 손실(loss)이 커질까요, 작아질까요? 그 답이
기울기(gradient)입니다. 이 노트북에서는 시간을 거슬러 가며 기울기를 손으로 계산하고, 학습의 첫걸음을 떼어 봅니다.
그다음 RNN에서 잘 알려진 어려움을 만나고, GRU와 LSTM이 이를 어떻게 푸는지 봅니다.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

import elman
from elman import nn
from elman.nn import init
from elman.train import Adam, clip_by_global_norm

np.set_printoptions(precision=4, suppress=True)

# %% [markdown] lang="en"
"""
## A layer, an input, a target

Six steps, three inputs, four units. The layer should put out the numbers in `target`. The loss is half the sum of the
squared differences, so its gradient with respect to the output is just the difference.
"""

# %% [markdown] lang="ko"
"""
## 층, 입력, 목표

시점 여섯 개, 입력 세 개, 유닛 네 개입니다. 층은 `target`의 숫자를 내놓아야 합니다. 손실은 차이를 제곱해서 더한
것의 절반입니다. 그래서 출력에 대한 손실의 기울기는 그 차이 자체입니다.
"""

# %%
_ = elman.manual_seed(0)
rng = np.random.default_rng(0)
T, I, H = 6, 3, 4
x = rng.standard_normal((T, I))
target = rng.uniform(-0.8, 0.8, (T, H))
rnn = nn.RNN(I, H, dtype=np.float64)

output, h_n = rnn(x)
d_output = output - target
loss = 0.5 * np.sum(d_output**2)
print(f"loss {loss:.4f}")
np.testing.assert_allclose(loss, 5.7777, rtol=0, atol=1e-4)

# %% [markdown] lang="en"
"""
## Going back through time

The forward pass went from the first step to the last. Backward we go from the last to the first, and undo each line
of the forward pass by the chain rule. `d_h` is the gradient with respect to the state at a step. It has two sources:
this step's own output, and the next step, which read this state.

    forward                              backward

    a  = W_ih x + b_ih + W_hh h + b_hh   d_h = d_output[t] + (what came from step t + 1)
    h' = tanh(a)                         d_a = d_h · (1 - h'²)       the slope of tanh
                                         d_W_ih += d_a xᵀ
                                         d_W_hh += d_a hᵀ
                                         d_b    += d_a
                                         for step t - 1: W_hhᵀ d_a

All steps use the same weights, so their gradients are added up. This is *backpropagation through time* (BPTT).
"""

# %% [markdown] lang="ko"
"""
## 시간을 거슬러 가기

순방향은 첫 시점에서 마지막 시점으로 갔습니다. 역전파는 마지막 시점에서 첫 시점으로 가면서, 순방향 계산의 각 줄을
연쇄 법칙(chain rule)으로 되짚습니다. `d_h`는 그 시점의 상태에 대한 기울기입니다. 기울기는 두 곳에서 옵니다. 그
시점의 출력, 그리고 이 상태를 읽은 다음 시점입니다.

    순방향                                역전파

    a  = W_ih x + b_ih + W_hh h + b_hh   d_h = d_output[t] + (시점 t + 1에서 온 것)
    h' = tanh(a)                         d_a = d_h · (1 - h'²)       tanh의 기울기
                                         d_W_ih += d_a xᵀ
                                         d_W_hh += d_a hᵀ
                                         d_b    += d_a
                                         시점 t - 1로: W_hhᵀ d_a

모든 시점이 같은 가중치를 쓰므로 시점마다 나온 기울기를 더합니다. 이것이 *시간 역전파*(backpropagation through
time, BPTT)입니다.
"""

# %%
W_ih, W_hh = rnn.weight_ih_l0, rnn.weight_hh_l0
before = np.concatenate([np.zeros((1, H)), output[:-1]])  # the state that each step read

d_W_ih, d_W_hh, d_b = np.zeros((H, I)), np.zeros((H, H)), np.zeros(H)
from_next = np.zeros(H)
for t in reversed(range(T)):
    d_h = d_output[t] + from_next
    d_a = d_h * (1 - output[t] ** 2)
    d_W_ih += np.outer(d_a, x[t])
    d_W_hh += np.outer(d_a, before[t])
    d_b += d_a
    from_next = W_hh.T @ d_a
print(d_W_hh)

# %% [markdown] lang="en"
"""
## The same with `vjp`

`rnn.vjp` runs forward, and returns beside the result a function that goes back. Both biases are added to the same sum, so
both have the same gradient.
"""

# %% [markdown] lang="ko"
"""
## `vjp`로 똑같이

`rnn.vjp`는 순방향 계산을 하고, 결과와 함께 되돌아가는 함수를 돌려줍니다. 두 편향은 같은 합에 더해지므로 기울기도
같습니다.
"""

# %%
(output, h_n), backward = rnn.vjp(x)
gradients = backward(d_output).parameters
by_hand = {"weight_ih_l0": d_W_ih, "weight_hh_l0": d_W_hh, "bias_ih_l0": d_b, "bias_hh_l0": d_b}

assert gradients.keys() == by_hand.keys()
for name, gradient in gradients.items():
    np.testing.assert_allclose(gradient, by_hand[name], rtol=0, atol=1e-12)
    print(f"{name:13} {gradient.shape!s:7} agrees")

# %% [markdown] lang="en"
"""
And is it true? Ask the loss itself: make one weight a little larger and a little smaller, and see what the loss does.
"""

# %% [markdown] lang="ko"
"""
정말 맞을까요? 손실에게 직접 물어봅니다. 가중치 하나를 조금 키우고 조금 줄여서 손실이 어떻게 변하는지 봅니다.
"""


# %%
def loss_with(weight_hh):
    nudged = nn.RNN(I, H, dtype=np.float64)
    nudged.load_state_dict({**rnn.state_dict(), "weight_hh_l0": weight_hh})
    return 0.5 * np.sum((nudged(x)[0] - target) ** 2)


nudge = np.zeros((H, H))
nudge[2, 1] = 1e-6
slope = (loss_with(W_hh + nudge) - loss_with(W_hh - nudge)) / 2e-6
print(f"measured {slope:.4f}, by hand {d_W_hh[2, 1]:.4f}")
np.testing.assert_allclose(slope, d_W_hh[2, 1], rtol=0, atol=1e-7)

# %% [markdown] lang="en"
"""
## A first step of training

Gradient descent (SGD) takes a small step against the gradient:

    weight = weight - learning_rate * gradient

You may want to write `-=`. elman does not let you: arrays of parameters are read-only.
"""

# %% [markdown] lang="ko"
"""
## 학습의 첫걸음

경사 하강법(SGD)은 기울기의 반대쪽으로 조금 움직입니다.

    가중치 = 가중치 - 학습률 * 기울기

`-=`로 쓰고 싶어지지만 elman은 받아 주지 않습니다. 파라미터 배열은 읽기 전용입니다.
"""

# %%
learning_rate = 0.05
try:
    rnn.weight_ih_l0 -= learning_rate * gradients["weight_ih_l0"]
except ValueError as error:
    message = str(error)
print(message)
assert "read-only" in message

# %% [markdown] lang="en"
"""
Parameters are *assigned*, not changed in place. So a network that is just running, perhaps in another thread, never sees
weights that are half old and half new.
"""

# %% [markdown] lang="ko"
"""
파라미터는 제자리에서 고치지 않고 *대입*합니다. 그래서 지금 다른 스레드에서 실행 중인 신경망이라도, 반은 옛 값이고 반은
새 값인 가중치를 보는 일이 없습니다.
"""

# %%
bias_before = rnn.bias_ih_l0 + rnn.bias_hh_l0
for name, gradient in gradients.items():
    setattr(rnn, name, getattr(rnn, name) - learning_rate * gradient)
bias_after = rnn.bias_ih_l0 + rnn.bias_hh_l0

output, _ = rnn(x)
new_loss = 0.5 * np.sum((output - target) ** 2)
print(f"loss {loss:.4f} -> {new_loss:.4f}")
np.testing.assert_allclose(new_loss, 3.6268, rtol=0, atol=1e-4)

# %% [markdown] lang="en"
"""
One step, and a third of the loss is gone. A detail: as there are two biases and each takes the step, their sum moves twice
as far as one bias would.
"""

# %% [markdown] lang="ko"
"""
한 걸음에 손실이 3분의 1 넘게 줄었습니다. 작은 점 하나: 편향이 두 벌이고 둘 다 움직이므로, 그 합은 편향이 하나일 때보다
두 배 멀리 움직입니다.
"""

# %%
np.testing.assert_allclose(bias_after - bias_before, -2 * learning_rate * d_b, rtol=0, atol=1e-12)

# %% [markdown] lang="en"
"""
Two hundred steps more:
"""

# %% [markdown] lang="ko"
"""
이백 걸음 더 가 봅니다.
"""

# %%
losses = []
for _ in range(200):
    (output, _), backward = rnn.vjp(x)
    d_output = output - target
    losses.append(0.5 * np.sum(d_output**2))
    for name, gradient in backward(d_output).parameters.items():
        setattr(rnn, name, getattr(rnn, name) - learning_rate * gradient)

figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.semilogy(losses)
_ = ax.set(xlabel="step of training", ylabel="loss")
assert losses[-1] < 0.05 < 3 < losses[0]

# %% [markdown] lang="en"
"""
## Vanishing gradients

Now go back to the loop of notebook 1, with the very same numbers. Its last states were all close to 1: the units were
saturated. How much does the last state depend on the first?

From each state to the one before, the gradient is multiplied by a matrix: `diag(1 - h'²) W_hh`. Nine steps multiply
nine of them.
"""

# %% [markdown] lang="ko"
"""
## 기울기 소실

이제 노트북 1의 반복문으로 돌아갑니다. 숫자도 똑같습니다. 마지막 상태가 모두 1에 가까웠습니다. 유닛이 포화되어
있었습니다. 마지막 상태는 첫 상태에 얼마나 좌우될까요?

한 상태에서 바로 앞 상태로 갈 때마다 기울기에 행렬 `diag(1 - h'²) W_hh`가 곱해집니다. 아홉 시점이면 행렬 아홉
개가 곱해집니다.
"""

# %%
T, I, H = 10, 4, 8
rng = np.random.default_rng(0)
x = rng.random((T, I))
Wx, Wh, b = rng.random((H, I)), rng.random((H, H)), rng.random(H)

h, states = np.zeros(H), []
for x_t in x:
    h = np.tanh(Wx @ x_t + Wh @ h + b)
    states.append(h)

product = np.eye(H)
for t in reversed(range(1, T)):
    product = product @ (np.diag(1 - states[t] ** 2) @ Wh)
    size = np.linalg.norm(product, 2)
    print(f"the last state's derivative with respect to state {t - 1}: {size:.0e}")

np.testing.assert_allclose(size, 1.63e-32, rtol=0.01)

# %% [markdown] lang="en"
"""
Nothing is left: 2e-32. This is called a *vanishing gradient*.

Two things are easily misunderstood here.

**"But the gradient is exact. So where is the problem?"** It is exact, and that is the bad news. It says truly that the
last state does not depend on the first steps. Training cannot find out that it should. See: put zeros in the place
of the first input, and the last state does not notice.
"""

# %% [markdown] lang="ko"
"""
남은 것이 없습니다. 2e-32입니다. 이것을 *기울기 소실*(vanishing gradient)이라고 합니다.

여기서 오해하기 쉬운 것이 두 가지 있습니다.

**"기울기는 정확한데 무엇이 문제인가요?"** 정확합니다. 그래서 더 나쁜 소식입니다. 마지막 상태가 처음 시점들에 좌우되지
않는다는 사실을 정확히 말해 주기 때문입니다. 좌우되어야 한다는 것을 학습으로는 알아낼 수 없습니다. 첫 입력을 0으로
바꾸어도 마지막 상태는 알아채지 못합니다.
"""

# %%
rnn = nn.RNN(I, H, dtype=np.float64)
rnn.weight_ih_l0, rnn.weight_hh_l0 = Wx, Wh
rnn.bias_ih_l0, rnn.bias_hh_l0 = b, np.zeros(H)

other = x.copy()
other[0] = 0.0
change_first = abs(rnn(other)[0][0] - rnn(x)[0][0]).max()
change_last = abs(rnn(other)[1] - rnn(x)[1]).max()
print(f"the first state changes by {change_first:.1f}")
print("the last state changes by less than 1e-12:", bool(change_last < 1e-12))
assert change_first > 0.2
assert change_last < 1e-12

# %% [markdown] lang="en"
"""
**"The spectral radius of `Wh` is above 1, so the gradient explodes."** This rule looks at `Wh` alone. Here its radius is
4.6, and yet the gradient vanishes, since each step also multiplies by the slopes `1 - h'²`. Where tanh is saturated
they are nearly 0.
"""

# %% [markdown] lang="ko"
"""
**"`Wh`의 스펙트럼 반지름이 1보다 크니 기울기가 폭발한다."** 이 규칙은 `Wh`만 봅니다. 여기서 반지름은 4.6이지만
기울기는 사라집니다. 시점마다 tanh의 기울기 `1 - h'²`도 곱해지기 때문입니다. tanh가 포화된 곳에서는 이 값이 거의
0입니다.
"""

# %%
radius = max(abs(np.linalg.eigvals(Wh)))
slopes = 1 - np.array(states) ** 2
print(f"spectral radius {radius:.1f}, mean slope from step 2 on {slopes[2:].mean():.4f}")
np.testing.assert_allclose(radius, 4.6, rtol=0, atol=0.05)
assert slopes[2:].mean() < 0.001

# %% [markdown] lang="en"
"""
`elman.gradient_flow` measures all this for any layer, and says what it found:
"""

# %% [markdown] lang="ko"
"""
`elman.gradient_flow`는 어떤 층이든 이것을 재고, 무엇을 보았는지 말로 알려 줍니다.
"""

# %%
flow = elman.gradient_flow(rnn, x)
print(flow)
assert flow.verdict == "vanishing"

# %%
_ = elman.plots.plot_gradient_flow(flow)

# %% [markdown] lang="en"
"""
## The answer: gates

A GRU and an LSTM do not push all of their memory through tanh and a matrix at every step. They keep a part of it as it is.
How much, a *gate* decides: a number between 0 and 1 for each unit, computed from x and h.

### The GRU

    r  = σ(W_ir x + b_ir + W_hr h + b_hr)           reset
    z  = σ(W_iz x + b_iz + W_hz h + b_hz)           update
    n  = tanh(W_in x + b_in + r · (W_hn h + b_hn))  the new
    h' = (1 - z) · n + z · h

Two things to be careful with:

* z says how much of the **old** h stays. At z = 1 nothing changes. (Some papers and books have it the other way round.)
* r acts **after** the product, on `W_hn h + b_hn`, bias included. (In the first paper it acts on h before.)

`elman.explain` has every one of these by name, so we can check:
"""

# %% [markdown] lang="ko"
"""
## 해답: 게이트

GRU와 LSTM은 시점마다 기억을 통째로 행렬과 tanh에 통과시키지 않습니다. 일부를 그대로 간직합니다. 얼마나 간직할지는
*게이트*(gate)가 정합니다. 게이트는 x와 h로 계산하는, 유닛마다 0과 1 사이의 숫자입니다.

### GRU

    r  = σ(W_ir x + b_ir + W_hr h + b_hr)           리셋 게이트
    z  = σ(W_iz x + b_iz + W_hz h + b_hz)           업데이트 게이트
    n  = tanh(W_in x + b_in + r · (W_hn h + b_hn))  새 값
    h' = (1 - z) · n + z · h

조심할 것이 두 가지 있습니다.

* z는 **이전** h를 얼마나 남길지 정합니다. z = 1이면 아무것도 바뀌지 않습니다. (반대로 쓰는 논문과 책도 있습니다.)
* r은 곱한 **뒤에**, 편향까지 더한 `W_hn h + b_hn`에 작용합니다. (처음 나온 논문에서는 곱하기 전의 h에
  작용합니다.)

`elman.explain`에는 이 값들이 모두 이름으로 들어 있으므로 확인할 수 있습니다.
"""

# %%
_ = elman.manual_seed(0)
x = rng.standard_normal((30, 1)).astype(np.float32) / 2
H = 16
gru = nn.GRU(1, H)
trace = elman.explain(gru, x)

r, z, n = (trace.gates[name][0] for name in "rzn")
h_after = trace.h[0]
h_before = np.concatenate([trace.h_0, h_after[:-1]])
of_x, of_h = trace.sums_x[0, :, 2 * H :], trace.sums_h[0, :, 2 * H :]

np.testing.assert_allclose(n, np.tanh(of_x + r * of_h), rtol=0, atol=1e-6)
np.testing.assert_allclose(h_after, (1 - z) * n + z * h_before, rtol=0, atol=1e-6)
print(f"z is {z.mean():.2f} on average: about half of h stays at each step")

_ = elman.plots.plot_gates(trace, "z")

# %% [markdown] lang="en"
"""
### The LSTM

    i, f, o = σ(…)    input, forget, output gate
    g  = tanh(…)      the new
    c' = f · c + i · g
    h' = o · tanh(c')

c is the long memory: along it there is no matrix and no tanh, only f. h is what the layer shows: `output` is h, and never
c.
"""

# %% [markdown] lang="ko"
"""
### LSTM

    i, f, o = σ(…)    입력, 망각, 출력 게이트
    g  = tanh(…)      새 값
    c' = f · c + i · g
    h' = o · tanh(c')

c가 긴 기억입니다. c가 지나는 길에는 행렬도 tanh도 없고 f만 있습니다. h는 밖으로 보이는 값입니다. `output`은 h이고,
c는 결코 아닙니다.
"""

# %%
lstm = nn.LSTM(1, H)
trace = elman.explain(lstm, x)

i, f, g, o = (trace.gates[name][0] for name in "ifgo")
c_after = trace.c[0]
c_before = np.concatenate([trace.c_0, c_after[:-1]])

np.testing.assert_allclose(c_after, f * c_before + i * g, rtol=0, atol=1e-6)
np.testing.assert_allclose(trace.h[0], o * np.tanh(c_after), rtol=0, atol=1e-6)
np.testing.assert_array_equal(trace.layer_output, lstm(x)[0])
print(f"f is {f.mean():.2f} on average: about half of c stays at each step")

# %% [markdown] lang="en"
"""
### An open gate

About half at each step: after 30 steps that is about 0.5³⁰, and the gradient vanishes again! A gate does not help by being
there. It helps when it is *open*, that is when z or f is near 1. Training can open it, but a good start is open already: give the
gate a large bias. σ(3) is 0.95.
"""

# %% [markdown] lang="ko"
"""
### 열린 게이트

시점마다 절반이면 30시점 뒤에는 0.5³⁰쯤만 남고, 기울기는 또 사라집니다! 게이트는 있다고 도움이 되는 것이 아니라 *열려*
있어야, 곧 z나 f가 1에 가까워야 도움이 됩니다. 학습하면서 열릴 수도 있지만, 처음부터 열어 두는 것이 좋습니다. 게이트의
편향을 크게 주면 됩니다. σ(3)은 0.95입니다.
"""


# %%
def open_gru():
    gru = nn.GRU(1, H)
    for name, value in {"bias_ih_l0": 3.0, "bias_hh_l0": 0.0}.items():
        bias = getattr(gru, name).copy()
        bias[H : 2 * H] = value  # the rows of z
        setattr(gru, name, bias)
    return gru


def open_lstm():
    lstm = nn.LSTM(1, H)
    lstm.bias_ih_l0 = init.forget_gate_bias(lstm.bias_ih_l0, 3.0)
    lstm.bias_hh_l0 = init.forget_gate_bias(lstm.bias_hh_l0, 0.0)
    return lstm


makers = {
    "RNN": lambda: nn.RNN(1, H),
    "GRU": lambda: nn.GRU(1, H),
    "LSTM": lambda: nn.LSTM(1, H),
    "GRU, z open": open_gru,
    "LSTM, f open": open_lstm,
}

figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, make in makers.items():
    _ = elman.manual_seed(0)
    flow = elman.gradient_flow(make(), x)
    share = flow.norm[0] / flow.norm[-1]
    print(f"{name:12} {flow.verdict:9}  gradient x {share:.1g} on the way back to step 0")
    assert flow.verdict == ("healthy" if "open" in name else "vanishing")
    ax.semilogy(flow.norm, label=name, linestyle="-" if "open" in name else "--")
ax.set(xlabel="step t", ylabel="gradient of the last state")
_ = ax.legend()

# %% [markdown] lang="en"
"""
## Does it matter?

A task that needs memory: the first number is +1 or -1, then comes noise. After 30 steps the network must say what the
first number was. Guessing is right half of the time.
"""

# %% [markdown] lang="ko"
"""
## 정말 차이가 날까요

기억이 필요한 과제를 줍니다. 첫 숫자는 +1이나 -1이고, 그 뒤로는 잡음입니다. 30시점이 지난 뒤 첫 숫자가 무엇이었는지
맞혀야 합니다. 찍으면 절반을 맞힙니다.
"""


# %%
def draw(rng, N):
    """Return x (30, N, 1) and the first number of each sequence (N,)."""
    x = rng.standard_normal((30, N, 1)) / 2
    x[0, :, 0] = rng.choice([-1, 1], N)
    return x.astype(np.float32), x[0, :, 0].astype(np.float32)


def train(layer):
    """Train 300 steps on fresh sequences; return the losses, and the share of 500 others got right."""
    rng = np.random.default_rng(0)
    network, adam = nn.Network(layer, nn.Linear(H, 1)), Adam(lr=0.01)
    losses = []
    for _ in range(300):
        x, first = draw(rng, 64)
        output, backward = network.vjp(x)
        difference = output[:, 0] - first
        losses.append(np.mean(difference**2))
        gradients = backward(2 / 64 * difference[:, None]).parameters
        gradients, _ = clip_by_global_norm(gradients, 1.0)  # no leaps
        network.load_state_dict(adam.update(network.state_dict(), gradients))
    x, first = draw(rng, 500)
    return losses, np.mean(np.sign(network(x)[:, 0]) == first)


figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, make in makers.items():
    _ = elman.manual_seed(0)
    losses, right = train(make())
    print(f"{name:12} {right:.0%} right")
    assert right > 0.95 if "open" in name else right < 0.6
    ax.plot(losses, label=name, linestyle="-" if "open" in name else "--", linewidth=1)
ax.set(xlabel="step of training", ylabel="loss")
_ = ax.legend()

# %% [markdown] lang="en"
"""
Compare with the picture before: where the gradient arrives, the network learns. The other three lie on one another at a loss of
1, which is guessing. (They are not hopeless. Given much more time, training may find out how to open the gates. The start
saves it the search.)

## What you have seen

* BPTT goes from the last step to the first and adds up what each step says about the shared weights.
* `vjp` gives these very gradients. A step of training assigns new parameters.
* The gradient fades by a factor at each step. It is exact all the same; it just says that the early steps have no say.
* Gates keep a part of the memory as it is. They must be open to help.

This was the last of the five notebooks. Thank you for reading. A good next step: take `makers`, add a network of your own,
and see how far back its gradient reaches.
"""

# %% [markdown] lang="ko"
"""
앞의 그림과 견주어 보세요. 기울기가 닿는 신경망이 배웁니다. 나머지 셋은 손실 1, 곧 찍는 수준에서 서로 겹쳐 있습니다.
(가망이 없는 것은 아닙니다. 훨씬 오래 학습하면 게이트를 여는 법을 찾아낼 수도 있습니다. 처음부터 열어 두면 그 수고를
덜어 줍니다.)

## 정리

* BPTT는 마지막 시점에서 첫 시점으로 가면서, 함께 쓰는 가중치에 대해 시점마다 나온 값을 더합니다.
* `vjp`가 주는 것이 바로 이 기울기입니다. 학습의 한 걸음은 새 파라미터를 대입하는 것입니다.
* 기울기는 시점마다 일정한 비율로 줄어들 수 있습니다. 그래도 정확합니다. 처음 시점들이 결과에 영향을 주지 않는다고
  말해 줄 뿐입니다.
* 게이트는 기억의 일부를 그대로 간직합니다. 열려 있어야 도움이 됩니다.

다섯 노트북 가운데 마지막이었습니다. 읽어 주셔서 고맙습니다. 다음으로는 `makers`에 자기 신경망을 하나 더해 보세요.
기울기가 어디까지 거슬러 가는지 볼 수 있습니다.
"""
