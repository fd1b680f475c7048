# %% [markdown] lang="en"
"""
# 1. A recurrent network by hand

A recurrent neural network (RNN) reads a sequence one step at a time. It keeps a short memory of what
it has read, and renews that memory at every step. In this notebook you write one yourself, in a few
lines of NumPy. Then elman does the same, and you see that the numbers agree.

This is the first of five notebooks:

1. **a recurrent network by hand**
2. one layer, deep, bidirectional: every shape and why
3. parameters, states, `summary`
4. one forward pass, every number of it
5. training by hand
"""

# %% [markdown] lang="ko"
"""
# 1. 손으로 만드는 순환 신경망

순환 신경망(recurrent neural network, RNN)은 시퀀스를 한 시점씩 읽습니다. 지금까지 읽은 것을 짧은
기억으로 간직하고, 시점마다 그 기억을 새로 고칩니다. 이 노트북에서는 NumPy 몇 줄로 RNN을 직접
만듭니다. 그다음 elman으로 같은 계산을 하고, 두 결과가 같은지 확인합니다.

노트북은 모두 다섯 개이고, 이것이 첫 번째입니다.

1. **손으로 만드는 순환 신경망**
2. 한 층, 깊은 층, 양방향: 모든 형태(shape)와 그 이유
3. 파라미터, 상태, `summary`
4. 순방향 계산 한 번, 숫자 하나하나
5. 손으로 하는 학습
"""

# %% [markdown] lang="en"
"""
## Six words

| word | what it means |
|---|---|
| **step**, t | One place in the sequence: a word of a sentence, an hour of weather. t counts from 0, as arrays do. |
| **input**, x | What is read at a step: I numbers. For text, one step is usually one word, as a word vector. |
| **hidden state**, h | The memory: H numbers, handed on from each step to the next. |
| **unit** | One of these H numbers, with the row of weights that makes it. |
| **cell** (memory cell) | The rule that makes the new h from x and the old h. |
| **layer** | One cell, used again and again along the sequence. |

Pictures often show ten boxes in a row for ten steps. They are not ten cells, and not ten layers. It is
one cell with one set of weights, drawn ten times. This is called *unrolling in time*.

## What RNNs are for

| form | what goes in | what comes out |
|---|---|---|
| many to one | a sentence; a mail | its sentiment; spam or not |
| many to many | a sentence | its translation; a tag for each word, such as "name of a place" |
| one to many | a picture | its caption, word by word |
"""

# %% [markdown] lang="ko"
"""
## 낱말 여섯 개

| 낱말 | 뜻 |
|---|---|
| **시점**(step), t | 시퀀스의 한 자리입니다. 문장의 한 단어, 날씨의 한 시간이 시점 하나입니다. 배열처럼 0부터 셉니다. |
| **입력**(input), x | 한 시점에 읽는 숫자 I개입니다. 글에서는 보통 단어 하나, 곧 단어 벡터 하나가 한 시점의 입력입니다. |
| **은닉 상태**(hidden state), h | 기억입니다. 한 시점에서 다음 시점으로 넘겨주는 숫자 H개입니다. |
| **유닛**(unit) | 그 숫자 H개 가운데 하나와, 그것을 만드는 가중치 한 행입니다. |
| **셀**(cell, 메모리 셀) | x와 이전 h로 새 h를 만드는 규칙입니다. |
| **층**(layer) | 셀 하나를 시퀀스를 따라 되풀이해서 쓰는 것입니다. |

시점이 열 개인 그림에는 흔히 상자 열 개가 나란히 있습니다. 셀이 열 개인 것도, 층이 열 개인 것도
아닙니다. 가중치 한 벌을 가진 셀 하나를 열 번 그린 것입니다. 이것을 *시간 방향으로 펼친다*(unroll)고
합니다.

## RNN은 어디에 쓰나요

| 형태 | 들어가는 것 | 나오는 것 |
|---|---|---|
| 다대일(many to one) | 문장, 메일 | 감성 분류, 스팸 여부 |
| 다대다(many to many) | 문장 | 번역문, 단어마다 붙이는 개체명 태그 |
| 일대다(one to many) | 사진 | 한 단어씩 이어지는 설명글 |
"""

# %%
import numpy as np

import elman
from elman import nn

# %% [markdown] lang="en"
"""
## The input

Take a sequence of T = 10 steps with I = 4 numbers at each.

Many tutorials write `torch.Tensor(1, 10, 5)` for an input. That makes room for fifty numbers and fills
in none: whatever the memory held before is what you get, neither zeros nor random numbers. Only its
shape means something. Here the numbers are drawn, from a seed, so you get the same ones every time.
"""

# %% [markdown] lang="ko"
"""
## 입력

시점은 T = 10개, 시점마다 숫자는 I = 4개인 시퀀스를 씁니다.

입력을 `torch.Tensor(1, 10, 5)`로 만드는 예제가 많습니다. 이것은 숫자 50개가 들어갈 자리만 잡고 값은
채우지 않습니다. 그 메모리에 남아 있던 값이 그대로 보일 뿐, 0도 아니고 난수도 아닙니다. 의미가 있는
것은 형태뿐입니다. 여기서는 시드를 정하고 값을 뽑으므로 언제나 같은 숫자가 나옵니다.
"""

# %%
T, I, H = 10, 4, 8  # steps, inputs, hidden units
rng = np.random.default_rng(0)
x = rng.random((T, I))
x[:2].round(3)

# %% [markdown] lang="en"
"""
## The weights

The cell has two matrices and a bias:

    h = tanh(Wx x + Wh h + b)

* `Wx` turns the input into H numbers: shape (H, I).
* `Wh` turns the old state into H numbers: shape (H, H).
* `b` is added to each: shape (H,).
"""

# %% [markdown] lang="ko"
"""
## 가중치

셀에는 행렬 두 개와 편향(bias) 하나가 있습니다.

    h = tanh(Wx x + Wh h + b)

* `Wx`는 입력을 숫자 H개로 바꿉니다. 형태는 (H, I)입니다.
* `Wh`는 이전 상태를 숫자 H개로 바꿉니다. 형태는 (H, H)입니다.
* `b`는 거기에 더합니다. 형태는 (H,)입니다.
"""

# %%
Wx = rng.random((H, I))
Wh = rng.random((H, H))
b = rng.random(H)
print("Wx", Wx.shape, " Wh", Wh.shape, " b", b.shape)
assert (Wx.shape, Wh.shape, b.shape) == ((8, 4), (8, 8), (8,))

# %% [markdown] lang="en"
"""
## The loop

First in words:

    h = zeros                         nothing has been read yet
    for each step:
        h = tanh(Wx x + Wh h + b)     the old h goes in, the new h comes out
        keep h

And now in NumPy. It is nearly as short.
"""

# %% [markdown] lang="ko"
"""
## 반복문

먼저 말로 쓰면 이렇습니다.

    h = 0                             아직 읽은 것이 없습니다
    시점마다:
        h = tanh(Wx x + Wh h + b)     이전 h가 들어가고 새 h가 나옵니다
        h를 모아 둡니다

이제 NumPy로 씁니다. 길이는 거의 같습니다.
"""

# %%
h = np.zeros(H)
states = []
for x_t in x:
    h = np.tanh(Wx @ x_t + Wh @ h + b)
    states.append(h)
states = np.array(states)

print("all states", states.shape)
print("the first ", states[0].round(2))
print("the last  ", states[-1].round(2))
assert states.shape == (10, 8)

# %% [markdown] lang="en"
"""
Ten states of eight numbers: (10, 8). The last one is what the network remembers of the whole sequence.

Did you notice that its numbers are nearly all 1? All weights here are positive, so the sums grow large,
and tanh presses large sums against 1. Such units are called *saturated*. Keep it in mind: in notebook 5
you will see what this does to training.

## The same with elman

`nn.RNN` is this loop. It has the names, shapes and numbers of `torch.nn.RNN`. Give it your weights:
parameters are assigned.

There is one surprise: the layer has two biases, `bias_ih` and `bias_hh`. They are added to each other, so
only their sum counts. We put `b` into one of them and zeros into the other. Notebook 3 says why there are
two.
"""

# %% [markdown] lang="ko"
"""
숫자 여덟 개짜리 상태가 열 개이므로 (10, 8)입니다. 마지막 상태가 시퀀스 전체에 대한 기억입니다.

마지막 상태의 값이 거의 모두 1인 것을 보셨나요? 여기서는 가중치가 모두 양수라서 합이 커지고, tanh는 큰
합을 1에 바짝 붙입니다. 이런 유닛을 *포화*(saturated)되었다고 합니다. 기억해 두세요. 노트북 5에서 이것이
학습에 어떤 영향을 주는지 봅니다.

## elman으로 똑같이

`nn.RNN`이 바로 이 반복문입니다. 이름과 형태와 숫자가 `torch.nn.RNN`과 같습니다. 위에서 만든 가중치를
대입하면 됩니다.

한 가지 뜻밖의 점이 있습니다. 이 층에는 편향이 `bias_ih`와 `bias_hh` 두 개 있습니다. 둘은 서로 더해지므로
그 합만 의미가 있습니다. 그래서 하나에는 `b`를, 다른 하나에는 0을 넣습니다. 왜 두 개인지는 노트북 3에서
이야기합니다.
"""

# %%
rnn = nn.RNN(I, H, dtype=np.float64)
rnn.weight_ih_l0 = Wx
rnn.weight_hh_l0 = Wh
rnn.bias_ih_l0 = b
rnn.bias_hh_l0 = np.zeros(H)

output, h_n = rnn(x)
print("output", output.shape, " h_n", h_n.shape)
print("largest difference below 1e-12:", bool(abs(output - states).max() < 1e-12))

np.testing.assert_allclose(output, states, rtol=0, atol=1e-12)
np.testing.assert_allclose(h_n[0], states[-1], rtol=0, atol=1e-12)

# %% [markdown] lang="en"
"""
The layer returns two things. `output` holds the state after *every* step, as your list did. `h_n` holds the
*last* state alone. In a plain layer such as this, it is the last row of `output`. Notebook 2 shows when
it is not.

Here is a picture of `output`: steps across, units down, orange for 1. From step 1 on, all
numbers round to 1.00.
"""

# %% [markdown] lang="ko"
"""
층은 두 가지를 돌려줍니다. `output`에는 우리가 모은 목록처럼 *모든* 시점의 상태가 있습니다. `h_n`에는
*마지막* 상태만 있습니다. 이런 단순한 층에서는 `output`의 마지막 행과 같습니다. 언제 다른지는 노트북 2에서
봅니다.

`output`을 그림으로 보면 이렇습니다. 가로가 시점, 세로가 유닛이고, 주황색이 1입니다. 시점 1부터는
반올림하면 모두 1.00입니다.
"""

# %%
_ = elman.plots.plot_states(elman.explain(rnn, x))

# %% [markdown] lang="en"
"""
## The forgotten bias

It is easy to make `b` and then leave it out of the loop. Nothing complains: all shapes still fit, and the
numbers look as plausible as before. They are just those of another network.
"""

# %% [markdown] lang="ko"
"""
## 빠뜨린 편향

`b`를 만들어 놓고 반복문에서 빠뜨리기 쉽습니다. 오류는 나지 않습니다. 형태는 그대로 맞고 숫자도
그럴듯합니다. 다만 다른 신경망의 숫자일 뿐입니다.
"""

# %%
h = np.zeros(H)
without_bias = []
for x_t in x:
    h = np.tanh(Wx @ x_t + Wh @ h)  # no b
    without_bias.append(h)
without_bias = np.array(without_bias)

print("with b   ", states[0].round(2))
print("without b", without_bias[0].round(2))
assert without_bias.shape == (10, 8)
assert abs(without_bias - states).max() > 0.1

# %% [markdown] lang="en"
"""
A network without a bias is fine, if you want one. Then say so, and the layer has none that you could
forget:
"""

# %% [markdown] lang="ko"
"""
편향이 없는 신경망을 원한다면 그것도 괜찮습니다. 그렇다고 밝히면 됩니다. 그러면 층에 편향이 아예 없으니
빠뜨릴 일도 없습니다.
"""

# %%
bare = nn.RNN(I, H, bias=False, dtype=np.float64)
bare.weight_ih_l0, bare.weight_hh_l0 = Wx, Wh
output, _ = bare(x)
print([name for name, _ in bare.named_parameters()])

np.testing.assert_allclose(output, without_bias, rtol=0, atol=1e-12)

# %% [markdown] lang="en"
"""
## Longer sequences need no more weights

The same cell runs at every step. So the number of its parameters says nothing about the length of the
sequences: 3 steps, 10 or 1,000, the weights are the same.
"""

# %% [markdown] lang="ko"
"""
## 시퀀스가 길어져도 가중치는 늘지 않습니다

시점마다 같은 셀을 씁니다. 그래서 파라미터 수는 시퀀스의 길이와 상관이 없습니다. 시점이 3개든 10개든
1,000개든 가중치는 같습니다.
"""

# %%
for steps in (3, 10, 1000):
    output, h_n = rnn(rng.random((steps, I)))
    print(f"{steps:5} steps: output {output.shape}, h_n {h_n.shape}")

parameters = sum(parameter.size for parameter in rnn.parameters())
print("parameters:", parameters)
assert parameters == 8 * 4 + 8 * 8 + 8 + 8 == 112

# %% [markdown] lang="en"
"""
## What you have seen

* An RNN is one cell, used at every step; the hidden state h is its memory.
* `h = tanh(Wx x + Wh h + b)`, from h = 0.
* `nn.RNN` computes just that: `output` is the state after every step, `h_n` the last one.
* A missing bias breaks no shape. Only comparing numbers finds it.

Next: [2. every shape and why](2_shapes.ipynb)
"""

# %% [markdown] lang="ko"
"""
## 정리

* RNN은 시점마다 되풀이해서 쓰는 셀 하나이고, 은닉 상태 h가 그 기억입니다.
* 계산은 `h = tanh(Wx x + Wh h + b)`이고, h = 0에서 시작합니다.
* `nn.RNN`이 하는 일이 바로 이것입니다. `output`은 모든 시점의 상태, `h_n`은 마지막 상태입니다.
* 편향을 빠뜨려도 형태는 맞습니다. 숫자를 비교해야 알 수 있습니다.

다음: [2. 모든 형태와 그 이유](2_shapes.ipynb)
"""
