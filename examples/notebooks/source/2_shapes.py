# %% [markdown] lang="en"
"""
# 2. One layer, deep, bidirectional: every shape and why

A recurrent layer returns two arrays, `output` and `h_n`. This notebook says what is in them, for one layer,
for two, and for both directions. Most trouble with RNNs is trouble with these shapes, and much of it is
silent: nothing fails, and the numbers are the wrong ones. So each claim here is checked in code.

The letters: N sequences in a batch, T steps, I inputs, H hidden units, L layers, D directions (1 or 2).
"""

# %% [markdown] lang="ko"
"""
# 2. 한 층, 깊은 층, 양방향: 모든 형태와 그 이유

순환층은 `output`과 `h_n`, 두 배열을 돌려줍니다. 이 노트북에서는 한 층일 때, 두 층일 때, 양방향일 때 그
안에 무엇이 들어 있는지 봅니다. RNN에서 겪는 어려움은 대부분 형태에서 오고, 상당수는 조용히 지나갑니다.
오류는 없는데 엉뚱한 숫자를 쓰게 됩니다. 그래서 여기서는 모든 설명을 코드로 확인합니다.

글자의 뜻: N은 배치의 시퀀스 수, T는 시점 수, I는 입력 수, H는 은닉 유닛 수, L은 층 수, D는 방향
수(1 또는 2)입니다.
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
## One layer

One sequence, ten steps, five numbers at each: x is (1, 10, 5). With `batch_first=True` the axes are
(N, T, I).
"""

# %% [markdown] lang="ko"
"""
## 한 층

시퀀스 하나, 시점 열 개, 시점마다 숫자 다섯 개이므로 x는 (1, 10, 5)입니다. `batch_first=True`이면 축의
순서가 (N, T, I)입니다.
"""

# %%
x = random(1, 10, 5)
rnn = nn.RNN(5, 8, batch_first=True)
output, h_n = rnn(x)
print("output", output.shape)
print("h_n   ", h_n.shape)
assert output.shape == (1, 10, 8)
assert h_n.shape == (1, 1, 8)

# %% [markdown] lang="en"
"""
Unrolled in time, the layer looks like this:

    output       [:, 0]      [:, 1]             [:, 9]
                   ^           ^                  ^
    h_0 = 0  -->   h    -->    h   -->  ...  -->  h   -->  h_n
                   ^           ^                  ^
    x            [:, 0]      [:, 1]             [:, 9]

* `output` (N, T, H) goes up: the state after **every** step.
* `h_n` (L·D, N, H) goes out on the right: the **last** state, of each layer and direction.

Both are hidden states. The state is not locked up inside: `output` *is* the hidden state, step by step.
Here, in one layer and one direction, `h_n` repeats the last step of `output`.
"""

# %% [markdown] lang="ko"
"""
시간 방향으로 펼치면 이렇게 됩니다.

    output       [:, 0]      [:, 1]             [:, 9]
                   ^           ^                  ^
    h_0 = 0  -->   h    -->    h   -->  ...  -->  h   -->  h_n
                   ^           ^                  ^
    x            [:, 0]      [:, 1]             [:, 9]

* `output` (N, T, H)은 위로 나갑니다. **모든** 시점의 상태입니다.
* `h_n` (L·D, N, H)은 오른쪽으로 나갑니다. 층마다, 방향마다 **마지막** 상태입니다.

둘 다 은닉 상태(hidden state)입니다. 은닉 상태는 안에 갇혀 있지 않습니다. `output`이 바로 시점별 은닉
상태입니다. 지금처럼 한 층이고 한 방향이면 `h_n`은 `output`의 마지막 시점과 같습니다.
"""

# %%
np.testing.assert_array_equal(h_n[0], output[:, -1])

# %% [markdown] lang="en"
"""
## Two layers

A second layer reads the states of the first as its input. `output` is that of the top layer alone. `h_n`
holds the last state of each.

Before you look at the new shapes, a small trap. The next cell makes a deep layer and prints `h_n`. What
do you expect?
"""

# %% [markdown] lang="ko"
"""
## 두 층

둘째 층은 첫째 층의 상태를 입력으로 읽습니다. `output`은 맨 위층의 것뿐입니다. `h_n`에는 층마다 마지막
상태가 있습니다.

새 형태를 보기 전에 작은 함정이 하나 있습니다. 다음 셀은 깊은 층을 만들고 `h_n`을 출력합니다. 무엇이
나올까요?
"""

# %%
deep = nn.RNN(5, 8, num_layers=2, batch_first=True)
print("h_n", h_n.shape)
assert h_n.shape == (1, 1, 8)

# %% [markdown] lang="en"
"""
Still (1, 1, 8)! Nothing is wrong with the layer: it was made, but not called. `h_n` is an ordinary variable,
and it still holds what the *first* layer returned. A layer has states only once it reads something.
"""

# %% [markdown] lang="ko"
"""
여전히 (1, 1, 8)입니다! 층이 잘못된 것은 아닙니다. 만들기만 하고 아직 호출하지 않았을 뿐입니다. `h_n`은
평범한 변수이고, *첫째* 층이 돌려준 값을 그대로 가지고 있습니다. 층은 무언가를 읽어야 비로소 상태를
내놓습니다.
"""

# %%
output, h_n = deep(x)
print("output", output.shape)
print("h_n   ", h_n.shape)
assert output.shape == (1, 10, 8)
assert h_n.shape == (2, 1, 8)

np.testing.assert_array_equal(h_n[-1], output[:, -1])  # the top layer's
assert (h_n[0] != output[:, -1]).all()  # the bottom layer's is not in output

# %% [markdown] lang="en"
"""
## Both directions

With `bidirectional=True` each layer runs twice: forward from the first step to the last, and in reverse
from the last to the first. Each direction has weights of its own.
"""

# %% [markdown] lang="ko"
"""
## 양방향

`bidirectional=True`이면 층마다 두 번 읽습니다. 순방향(forward)은 첫 시점에서 마지막 시점으로,
역방향(reverse)은 마지막 시점에서 첫 시점으로 읽습니다. 방향마다 가중치가 따로 있습니다.
"""

# %%
both = nn.RNN(5, 8, num_layers=2, batch_first=True, bidirectional=True)
output, h_n = both(x)
print("output", output.shape)
print("h_n   ", h_n.shape)
assert output.shape == (1, 10, 16)
assert h_n.shape == (4, 1, 8)

# %% [markdown] lang="en"
"""
At each step `output` holds 16 numbers: the forward half, then the reverse half. `h_n` has one row for each
layer and direction; layers come first, directions within them:

| row | layer | direction | in `output` |
|---|---|---|---|
| `h_n[0]` | 0 | forward | |
| `h_n[1]` | 0 | reverse | |
| `h_n[2]` | 1 | forward | `output[:, -1, :8]` |
| `h_n[3]` | 1 | reverse | `output[:, 0, 8:]` |

The reverse direction *ends* at the first step. So its last state is found at step 0:
"""

# %% [markdown] lang="ko"
"""
시점마다 `output`에는 숫자가 16개 있습니다. 앞 절반이 순방향, 뒤 절반이 역방향입니다. `h_n`에는 층마다,
방향마다 한 행이 있습니다. 층이 먼저이고 그 안에서 방향 순서입니다.

| 행 | 층 | 방향 | `output`에서의 자리 |
|---|---|---|---|
| `h_n[0]` | 0 | 순방향 | |
| `h_n[1]` | 0 | 역방향 | |
| `h_n[2]` | 1 | 순방향 | `output[:, -1, :8]` |
| `h_n[3]` | 1 | 역방향 | `output[:, 0, 8:]` |

역방향은 첫 시점에서 *끝납니다*. 그래서 역방향의 마지막 상태는 시점 0에 있습니다.
"""

# %%
np.testing.assert_array_equal(h_n[2], output[:, -1, :8])
np.testing.assert_array_equal(h_n[3], output[:, 0, 8:])

# %% [markdown] lang="en"
"""
## `output[:, -1]` does not sum up a bidirectional layer

Its forward half has read all ten steps. But its reverse half has only just begun: it has read the last step
and nothing else. See: we change the first nine steps, and the reverse half stays the same to the bit.
"""

# %% [markdown] lang="ko"
"""
## 양방향에서 `output[:, -1]`은 시퀀스 전체의 요약이 아닙니다

순방향 절반은 시점 열 개를 모두 읽었습니다. 그러나 역방향 절반은 이제 막 시작해서 마지막 시점 하나만
읽었습니다. 앞의 아홉 시점을 바꾸어도 역방향 절반은 비트까지 그대로입니다.
"""

# %%
one_layer = nn.RNN(5, 8, batch_first=True, bidirectional=True)
other_x = x.copy()
other_x[:, :9] = random(1, 9, 5)

before, _ = one_layer(x)
after, after_h_n = one_layer(other_x)
print("forward half changed:", bool((before[:, -1, :8] != after[:, -1, :8]).all()))
print("reverse half changed:", bool((before[:, -1, 8:] != after[:, -1, 8:]).any()))
assert (before[:, -1, :8] != after[:, -1, :8]).all()
np.testing.assert_array_equal(before[:, -1, 8:], after[:, -1, 8:])

# %% [markdown] lang="en"
"""
For one vector that has read everything in both directions, join the last two rows of `h_n`:
"""

# %% [markdown] lang="ko"
"""
두 방향 모두 끝까지 읽은 벡터 하나가 필요하면 `h_n`의 마지막 두 행을 이어 붙입니다.
"""

# %%
whole = np.concatenate([h_n[-2], h_n[-1]], axis=-1)
print("whole", whole.shape)
assert whole.shape == (1, 16)

# %% [markdown] lang="en"
"""
## Take `h_n` apart with care

The first axis of `h_n` may be split: (L·D, N, H) becomes (L, D, N, H). But reshape never *moves* an axis.
To get (N, D·H), one row for each sequence, move the batch to the front first. Without that the shape
comes out right and the rows are mixtures: row 0 gets the forward states of sequences 0 *and* 1.
"""

# %% [markdown] lang="ko"
"""
## `h_n`은 조심해서 나눕니다

`h_n`의 첫째 축은 나눌 수 있습니다. (L·D, N, H)가 (L, D, N, H)가 됩니다. 그러나 reshape는 축을 *옮기지*
않습니다. 시퀀스마다 한 행인 (N, D·H)를 얻으려면 먼저 배치 축을 앞으로 옮겨야 합니다. 그러지 않으면
형태는 맞지만 행이 뒤섞입니다. 0번 행에 시퀀스 0과 시퀀스 1의 순방향 상태가 함께 들어갑니다.
"""

# %%
batch = random(3, 10, 5)  # three sequences
_, h_n = both(batch)
L, D, N, H = 2, 2, 3, 8
by_layer = h_n.reshape(L, D, N, H)
top = by_layer[-1]  # (D, N, H)

right = top.transpose(1, 0, 2).reshape(N, D * H)
wrong = top.reshape(N, D * H)
assert right.shape == wrong.shape == (3, 16)

np.testing.assert_array_equal(right[0], np.concatenate([top[0, 0], top[1, 0]]))
np.testing.assert_array_equal(wrong[0], np.concatenate([top[0, 0], top[0, 1]]))
print("right, row 0: forward and reverse of sequence 0")
print("wrong, row 0: forward of sequence 0 and forward of sequence 1")

# %% [markdown] lang="en"
"""
## `batch_first` is about x and output, never about states

States are (L·D, N, H), whatever `batch_first` says. An `h_0` with the batch in front does not fit. elman
says so:
"""

# %% [markdown] lang="ko"
"""
## `batch_first`는 x와 output의 이야기입니다

상태는 `batch_first`와 상관없이 언제나 (L·D, N, H)입니다. 배치가 앞에 있는 `h_0`는 맞지 않습니다. elman은
이렇게 알려 줍니다.
"""

# %%
try:
    rnn(batch, np.zeros((3, 1, 8), np.float32))
except RuntimeError as error:
    message = str(error)
print(message)
assert message.endswith("got (3, 1, 8); h_0 is never batch-first")

# %% [markdown] lang="en"
"""
## (batch, time) given to a (time, batch) layer

Without `batch_first=True` a layer takes (T, N, I). Give it (N, T, I) all the same, and no error tells you.
Three sequences of ten steps are read as ten sequences of three steps: "time" runs from one sequence
to the next.

You can see it. Change sequence 0, and look at the output of sequence 1. It must not care. With the wrong
layer it does:
"""

# %% [markdown] lang="ko"
"""
## (시간, 배치) 층에 (배치, 시간)을 넣으면

`batch_first=True`가 없으면 층은 (T, N, I)를 받습니다. 그런 층에 (N, T, I)를 넣어도 오류가 나지 않습니다.
시점이 열 개인 시퀀스 세 개를, 시점이 세 개인 시퀀스 열 개로 읽습니다. "시간"이 한 시퀀스에서 다음
시퀀스로 흐르는 셈입니다.

확인하는 방법이 있습니다. 시퀀스 0을 바꾸고 시퀀스 1의 출력을 봅니다. 달라지면 안 됩니다. 잘못된
층에서는 달라집니다.
"""

# %%
time_first = nn.RNN(5, 8)
changed = batch.copy()
changed[0] = random(10, 5)

for name, layer in {"batch_first=True": rnn, "the default": time_first}.items():
    moved = (layer(batch)[0][1] != layer(changed)[0][1]).any()
    print(f"{name:17} sequence 1 changed: {bool(moved)}")
    assert moved == (layer is time_first)

# %% [markdown] lang="en"
"""
## Sequences of different lengths

Sequences of 10 and 6 steps go into one batch if the shorter is padded with zeros. But the layer reads the
padding like any other step, and `output[:, -1]` of the shorter one is a state after four steps of nothing.

Say how long they are, and the layer stops in time: `h_n` is the state after each sequence's own last step,
and `output` is zero after it.
"""

# %% [markdown] lang="ko"
"""
## 길이가 다른 시퀀스

길이가 10과 6인 시퀀스는 짧은 쪽을 0으로 채우면(padding) 한 배치에 넣을 수 있습니다. 그런데 층은 채운
자리도 다른 시점과 똑같이 읽습니다. 그래서 짧은 시퀀스의 `output[:, -1]`은 아무것도 아닌 시점 네 개를 더
읽은 상태입니다.

길이를 알려 주면 층이 제때 멈춥니다. `h_n`은 시퀀스마다 자기 마지막 시점의 상태이고, `output`은 그 뒤로
0입니다.
"""

# %%
long, short = random(10, 5), random(6, 5)
padded = np.zeros((2, 10, 5), np.float32)
padded[0], padded[1, :6] = long, short

_, alone = rnn(short)  # the truth: the short sequence by itself
careless, _ = rnn(padded)
output, h_n = rnn(padded, lengths=[10, 6])

np.testing.assert_array_equal(h_n[0, 1], alone[0])
np.testing.assert_array_equal(output[1, 5], alone[0])
assert not output[1, 6:].any()
difference = abs(careless[1, -1] - alone[0]).max()
print(f"output[1, -1] without lengths is off by {difference:.1f}")
assert difference > 0.1

# %% [markdown] lang="en"
"""
A list of sequences does it too, with no padding to think of:
"""

# %% [markdown] lang="ko"
"""
시퀀스를 리스트로 넣어도 됩니다. 그러면 패딩을 생각할 필요가 없습니다.
"""

# %%
outputs, h_n = rnn([long, short])
print("outputs", [part.shape for part in outputs], " h_n", h_n.shape)
np.testing.assert_array_equal(h_n[0, 1], alone[0])

# %% [markdown] lang="en"
"""
## Which of the two do I need?

| form | takes | example |
|---|---|---|
| many to one | `h_n`, the last layer's, both directions joined | sentiment, spam |
| many to many | `output`, at every step | tags, the next letter |
| one to many | a state made of one vector; then each output is the next input | captions |

`nn.Network` puts a head on the right one:
"""

# %% [markdown] lang="ko"
"""
## 둘 가운데 무엇을 쓰나요

| 형태 | 쓰는 것 | 예 |
|---|---|---|
| 다대일 | 마지막 층의 `h_n`, 양방향이면 둘을 이어 붙입니다 | 감성 분류, 스팸 분류 |
| 다대다 | 시점마다의 `output` | 개체명 태그, 다음 글자 |
| 일대다 | 벡터 하나로 처음 상태를 만들고, 출력을 다음 입력으로 씁니다 | 사진 설명 |

`nn.Network`는 알맞은 쪽에 출력층(head)을 붙여 줍니다.
"""

# %%
many_to_one = nn.Network(both, nn.Linear(16, 2))
many_to_many = nn.Network(both, nn.Linear(16, 7), reads="every")
print("many to one ", many_to_one(batch).shape)
print("many to many", many_to_many(batch).shape)
assert many_to_one(batch).shape == (3, 2)  # 2 classes for each sequence
assert many_to_many(batch).shape == (3, 10, 7)  # 7 tags for each step

# %% [markdown] lang="en"
"""
## All shapes at a glance

| | x | output | h_n |
|---|---|---|---|
| one layer | (1, 10, 5) | (1, 10, 8) | (1, 1, 8) |
| two layers | (1, 10, 5) | (1, 10, 8) | (2, 1, 8) |
| two layers, both directions | (1, 10, 5) | (1, 10, 16) | (4, 1, 8) |
| in letters | (N, T, I) | (N, T, D·H) | (L·D, N, H) |

Next: [3. parameters, states, summary](3_parameters_and_states.ipynb)
"""

# %% [markdown] lang="ko"
"""
## 한눈에 보는 형태

| | x | output | h_n |
|---|---|---|---|
| 한 층 | (1, 10, 5) | (1, 10, 8) | (1, 1, 8) |
| 두 층 | (1, 10, 5) | (1, 10, 8) | (2, 1, 8) |
| 두 층, 양방향 | (1, 10, 5) | (1, 10, 16) | (4, 1, 8) |
| 글자로 쓰면 | (N, T, I) | (N, T, D·H) | (L·D, N, H) |

다음: [3. 파라미터, 상태, summary](3_parameters_and_states.ipynb)
"""
