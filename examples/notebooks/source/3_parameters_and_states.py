# %% [markdown] lang="en"
"""
# 3. Parameters, states, `summary`

What does a layer consist of, how many numbers are that, and what does it carry from step to step? Everything
here can be counted by hand, and we do.
"""

# %% [markdown] lang="ko"
"""
# 3. 파라미터, 상태, `summary`

층은 무엇으로 이루어져 있고, 숫자는 몇 개이며, 시점에서 시점으로 무엇을 넘겨줄까요? 여기 나오는 것은 모두
손으로 셀 수 있습니다. 그래서 직접 세어 봅니다.
"""

# %%
import numpy as np

import elman
from elman import nn

_ = elman.manual_seed(0)
rng = np.random.default_rng(0)


def random(*shape):
    return rng.standard_normal(shape).astype(np.float32)


# %% [markdown] lang="en"
"""
## The smallest layer

Ten inputs and one hidden unit. The sequence has three steps. This time we say where the memory begins: the
initial state `h_0`, with the shape of `h_n`.
"""

# %% [markdown] lang="ko"
"""
## 가장 작은 층

입력은 열 개, 은닉 유닛은 하나입니다. 시퀀스에는 시점이 세 개 있습니다. 이번에는 기억이 어디에서
시작하는지도 정합니다. 초기 상태 `h_0`이고, 형태는 `h_n`과 같습니다.
"""

# %%
rnn = nn.RNN(10, 1, 1, batch_first=True)
x, h_0 = random(1, 3, 10), random(1, 1, 1)
output, h_n = rnn(x, h_0)
print("output", output.shape, " h_n", h_n.shape)
assert output.shape == (1, 3, 1)
assert h_n.shape == (1, 1, 1)

# %% [markdown] lang="en"
"""
Without an `h_0` the layer begins from zeros. From another beginning come other states:
"""

# %% [markdown] lang="ko"
"""
`h_0`를 주지 않으면 0에서 시작합니다. 시작이 다르면 상태도 다릅니다.
"""

# %%
from_zeros, _ = rnn(x)
np.testing.assert_array_equal(from_zeros, rnn(x, np.zeros((1, 1, 1), np.float32))[0])
assert (from_zeros != output).any()

# %% [markdown] lang="en"
"""
## Its parameters, by name
"""

# %% [markdown] lang="ko"
"""
## 이름으로 보는 파라미터
"""

# %%
for name, parameter in rnn.named_parameters():
    print(f"{name:13} {parameter.shape}")

assert {name: parameter.shape for name, parameter in rnn.named_parameters()} == {
    "weight_ih_l0": (1, 10),
    "weight_hh_l0": (1, 1),
    "bias_ih_l0": (1,),
    "bias_hh_l0": (1,),
}

# %% [markdown] lang="en"
"""
The names tell you what each one does. `ih`: from **i**nput to **h**idden. `hh`: from **h**idden to **h**idden.
`l0`: of layer 0. A weight has one row for each number it makes, and one column for each number it reads.

| name | shape | here |
|---|---|---|
| `weight_ih_l0` | (H, I) | (1, 10) |
| `weight_hh_l0` | (H, H) | (1, 1) |
| `bias_ih_l0` | (H,) | (1,) |
| `bias_hh_l0` | (H,) | (1,) |

`all_weights` holds the same arrays: a list with one list for each layer and direction. Here that is a list of
one list of four.
"""

# %% [markdown] lang="ko"
"""
이름을 보면 하는 일을 알 수 있습니다. `ih`는 입력(**i**nput)에서 은닉(**h**idden)으로, `hh`는 은닉에서 은닉으로
간다는 뜻입니다. `l0`는 0번 층입니다. 가중치의 행은 만들어 내는 숫자마다 하나, 열은 읽는 숫자마다 하나입니다.

| 이름 | 형태 | 여기서는 |
|---|---|---|
| `weight_ih_l0` | (H, I) | (1, 10) |
| `weight_hh_l0` | (H, H) | (1, 1) |
| `bias_ih_l0` | (H,) | (1,) |
| `bias_hh_l0` | (H,) | (1,) |

`all_weights`에도 같은 배열이 들어 있습니다. 층마다, 방향마다 리스트가 하나씩 있는 리스트입니다. 여기서는
배열 네 개짜리 리스트가 하나 들어 있습니다.
"""

# %%
print([[weight.shape for weight in weights] for weights in rnn.all_weights])
((w_ih, w_hh, b_ih, b_hh),) = rnn.all_weights
assert w_ih is rnn.weight_ih_l0
assert b_hh is rnn.bias_hh_l0

# %% [markdown] lang="en"
"""
With one unit, the first step is short enough to write out:
"""

# %% [markdown] lang="ko"
"""
유닛이 하나뿐이니 첫 시점의 계산을 그대로 쓸 수 있습니다.
"""

# %%
by_hand = np.tanh(w_ih[0] @ x[0, 0] + b_ih[0] + w_hh[0, 0] * h_0[0, 0, 0] + b_hh[0])
np.testing.assert_allclose(output[0, 0, 0], by_hand, rtol=0, atol=1e-6)

# %% [markdown] lang="en"
"""
## Counting, and `summary`

Now five units: `nn.RNN(10, 5)` on four steps. It has 5·10 weights for the input, 5·5 for the state, and
two biases of 5. That makes 85.
"""

# %% [markdown] lang="ko"
"""
## 세어 보기, 그리고 `summary`

이번에는 유닛이 다섯 개입니다. `nn.RNN(10, 5)`가 시점 네 개를 읽습니다. 입력 가중치 5·10개, 상태 가중치
5·5개, 편향 5개가 두 벌이므로 모두 85개입니다.
"""

# %%
rnn = nn.RNN(10, 5, 1, batch_first=True)
x, h_0 = random(1, 4, 10), random(1, 1, 5)
output, h_n = rnn(x, h_0)
assert output.shape == (1, 4, 5)
assert 5 * 10 + 5 * 5 + 5 + 5 == 85

summary = elman.summary(rnn, (1, 4, 10))
print(summary)
assert summary.total.parameters == 85
assert summary.total.output_shape == (1, 4, 5)

# %% [markdown] lang="en"
"""
All 85 are trainable, and none is not: training gets a gradient for each.
"""

# %% [markdown] lang="ko"
"""
85개 모두 학습되는 파라미터이고, 학습되지 않는 것은 없습니다. 하나하나에 기울기(gradient)가 있습니다.
"""

# %%
(output, h_n), backward = rnn.vjp(x, h_0)
gradients = backward(np.ones_like(output)).parameters
trainable = sum(gradient.size for gradient in gradients.values())
print(trainable, "trainable,", summary.total.parameters - trainable, "not")
assert trainable == 85

# %% [markdown] lang="en"
"""
## How many biases has a layer of three units?

A bias belongs to a unit, not to a connection. Three units are fully connected by 3·3 = 9 *weights*, and it is easy
to think of nine biases as well. But each unit adds one number to its sum: three. And as the layer keeps
two biases, there are 3 + 3.
"""

# %% [markdown] lang="ko"
"""
## 유닛이 세 개면 편향은 몇 개일까요

편향은 연결이 아니라 유닛에 딸려 있습니다. 유닛 세 개는 3·3 = 9개의 *가중치*로 서로 이어져 있어서, 편향도
아홉 개라고 생각하기 쉽습니다. 그러나 유닛마다 자기 합에 숫자 하나를 더할 뿐이므로 세 개입니다. 그리고
층에 편향이 두 벌 있으므로 3 + 3개입니다.
"""

# %%
three = nn.RNN(10, 3)
biases = {name: p.size for name, p in three.named_parameters() if name.startswith("bias")}
print(biases)
assert biases == {"bias_ih_l0": 3, "bias_hh_l0": 3}

# %% [markdown] lang="en"
"""
Why two? The equation only ever uses their sum:

    h' = tanh(W_ih x + b_ih + W_hh h + b_hh)

One would do. PyTorch has two because NVIDIA's library for GPUs, cuDNN, has two, and elman keeps PyTorch's names,
so that weights go from one to the other as they are. Move all of one into the other and nothing changes:
"""

# %% [markdown] lang="ko"
"""
왜 두 벌일까요? 식에서는 둘의 합만 쓰입니다.

    h' = tanh(W_ih x + b_ih + W_hh h + b_hh)

하나면 충분합니다. PyTorch에 두 벌이 있는 것은 NVIDIA의 GPU 라이브러리 cuDNN에 두 벌이 있기 때문입니다. elman은
PyTorch의 이름을 그대로 따르므로 가중치를 고치지 않고 주고받을 수 있습니다. 한쪽을 다른 쪽에 모두 옮겨도
결과는 같습니다.
"""

# %%
before, _ = rnn(x)
rnn.bias_ih_l0, rnn.bias_hh_l0 = rnn.bias_ih_l0 + rnn.bias_hh_l0, np.zeros(5, np.float32)
after, _ = rnn(x)
np.testing.assert_allclose(after, before, rtol=0, atol=1e-6)

# %% [markdown] lang="en"
"""
## What more layers and directions cost

"Bidirectional doubles the hidden state", people say. Look closely:

* H stays. Only the last axis of `output` doubles, and `h_n` gets twice the rows.
* In *one* layer, the parameters double: there are two sets.
* In two layers they more than double: layer 1 now reads 2·H numbers, so its `weight_ih_l1` is (H, 2·H).
"""

# %% [markdown] lang="ko"
"""
## 층과 방향이 늘면 얼마나 커지나요

흔히 "양방향이면 은닉 상태가 두 배가 된다"고 합니다. 자세히 봅시다.

* H는 그대로입니다. `output`의 마지막 축만 두 배가 되고, `h_n`의 행 수가 두 배가 됩니다.
* *한* 층이면 파라미터가 두 배입니다. 가중치가 두 벌이기 때문입니다.
* 두 층이면 두 배보다 많습니다. 1번 층이 숫자 2·H개를 읽으므로 `weight_ih_l1`이 (H, 2·H)가 됩니다.
"""

# %%
counts = {}
for layers in (1, 2):
    for directions in (1, 2):
        layer = nn.RNN(5, 8, layers, bidirectional=directions == 2)
        counts[layers, directions] = elman.summary(layer).total.parameters
        print(f"{layers} layer(s), {directions} direction(s): {counts[layers, directions]:3}")

assert counts == {(1, 1): 120, (1, 2): 240, (2, 1): 264, (2, 2): 656}
assert counts[2, 2] > 2 * counts[2, 1]
assert layer.hidden_size == 8
assert layer.weight_ih_l1.shape == (8, 16)

# %%
print(elman.summary(layer, (10, 1, 5)))

# %% [markdown] lang="en"
"""
## The GRU and the LSTM

They have the same four parameters, only taller: a GRU stacks three matrices of H rows (its gates r and z, and the new
state n), an LSTM four (i, f, g, o).
"""

# %% [markdown] lang="ko"
"""
## GRU와 LSTM

파라미터 네 개는 같고 세로로 더 길 뿐입니다. GRU는 행이 H개인 행렬을 세 개(게이트 r과 z, 새 상태 n),
LSTM은 네 개(i, f, g, o) 쌓습니다.
"""

# %%
for layer in (nn.RNN(10, 5), nn.GRU(10, 5), nn.LSTM(10, 5)):
    total = elman.summary(layer).total.parameters
    print(f"{layer!r:12} weight_ih_l0 {layer.weight_ih_l0.shape!s:8} {total} parameters")
    assert total == 85 * len(layer.weight_ih_l0) // 5

# %% [markdown] lang="en"
"""
An LSTM carries *two* states: h and the cell state c. Its state is the pair `(h, c)`. What it shows to the outside is h:
`output` is h at every step, and c appears only at the end, in `c_n`.
"""

# %% [markdown] lang="ko"
"""
LSTM은 상태를 *두 개* 넘겨줍니다. h와 셀 상태(cell state) c입니다. 그래서 상태는 `(h, c)` 쌍입니다. 밖으로
보이는 것은 h입니다. `output`은 모든 시점의 h이고, c는 마지막 것만 `c_n`으로 나옵니다.
"""

# %%
lstm = nn.LSTM(10, 5, batch_first=True)
output, (h_n, c_n) = lstm(x)
print("output", output.shape, " h_n", h_n.shape, " c_n", c_n.shape)
np.testing.assert_array_equal(output[:, -1], h_n[0])
assert (output[:, -1] != c_n[0]).all()

# %% [markdown] lang="en"
"""
## Handing the state on

The state is all that a layer remembers. So a long sequence may be read in parts: give each part the state in
which the last one ended. The numbers are the same, to the bit.
"""

# %% [markdown] lang="ko"
"""
## 상태 넘겨주기

층이 기억하는 것은 상태가 전부입니다. 그래서 긴 시퀀스를 나누어 읽을 수 있습니다. 앞부분이 끝난 상태를
다음 부분에 넘겨주면 됩니다. 숫자는 비트까지 같습니다.
"""

# %%
first, state = lstm(x[:, :3])
second, state = lstm(x[:, 3:], state)
np.testing.assert_array_equal(np.concatenate([first, second], axis=1), output)

# %% [markdown] lang="en"
"""
A cell, `nn.RNNCell`, is that one step by itself. It takes x and h, and gives the new h. A loop over a
cell is a layer:
"""

# %% [markdown] lang="ko"
"""
셀(`nn.RNNCell`)은 그 한 시점만 계산합니다. x와 h를 받아 새 h를 내놓습니다. 셀을 되풀이하면 층이 됩니다.
"""

# %%
cell = nn.RNNCell(10, 5)
layer = nn.RNN(10, 5, batch_first=True)
cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh = layer.parameters()

h = np.zeros((1, 5), np.float32)
for t in range(4):
    h = cell(x[:, t], h)
np.testing.assert_array_equal(h, layer(x)[1][0])

# %% [markdown] lang="en"
"""
## What you have seen

* `weight_ih` (H, I), `weight_hh` (H, H), two biases (H,): for each layer and each direction.
* `nn.RNN(10, 5)` has 50 + 25 + 5 + 5 = 85 parameters, all trainable. Three units have 3 + 3 biases.
* The state is the memory. `h_0` says where it begins, `h_n` where it ended; an LSTM has (h, c) and puts out h.

Next: [4. one forward pass, every number of it](4_forward_pass.ipynb)
"""

# %% [markdown] lang="ko"
"""
## 정리

* 층마다, 방향마다 `weight_ih` (H, I), `weight_hh` (H, H), 편향 (H,) 두 벌이 있습니다.
* `nn.RNN(10, 5)`의 파라미터는 50 + 25 + 5 + 5 = 85개이고 모두 학습됩니다. 유닛이 세 개면 편향은 3 + 3개입니다.
* 상태가 곧 기억입니다. `h_0`에서 시작하고 `h_n`으로 끝납니다. LSTM의 상태는 (h, c)이고, 밖으로 내놓는 것은
  h입니다.

다음: [4. 순방향 계산 한 번, 숫자 하나하나](4_forward_pass.ipynb)
"""
