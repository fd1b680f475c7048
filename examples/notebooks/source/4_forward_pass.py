# %% [markdown] lang="en"
"""
# 4. One forward pass, every number of it

A layer with two hidden units reads three steps. That is small enough to follow each number with your own eyes:
by hand in NumPy, then with `elman.explain`, then on a page that you can step through.
"""

# %% [markdown] lang="ko"
"""
# 4. 순방향 계산 한 번, 숫자 하나하나

은닉 유닛이 두 개인 층이 시점 세 개를 읽습니다. 숫자 하나하나를 눈으로 따라갈 수 있을 만큼 작습니다. 먼저
NumPy로 손수 계산하고, 다음에 `elman.explain`으로 보고, 마지막으로 한 단계씩 넘겨 볼 수 있는 페이지에서
봅니다.
"""

# %%
import numpy as np
from IPython.display import IFrame

import elman
from elman import nn

np.set_printoptions(precision=6, suppress=True)

# %% [markdown] lang="en"
"""
## The layer

The seed decides the weights. They are the very numbers that `torch.manual_seed(1)` and `torch.nn.RNN` give, so
you can follow this notebook with either library.
"""

# %% [markdown] lang="ko"
"""
## 층

가중치는 시드가 정합니다. `torch.manual_seed(1)`과 `torch.nn.RNN`이 내는 숫자와 똑같습니다. 그러니 어느
라이브러리로든 이 노트북을 따라 할 수 있습니다.
"""

# %%
_ = elman.manual_seed(1)
rnn = nn.RNN(5, 2, 1, batch_first=True)
rnn

# %%
W_ih, W_hh, b_ih, b_hh = rnn.parameters()
for name, parameter in rnn.named_parameters():
    print(name, parameter.shape)
    print(parameter)

assert repr(rnn) == "RNN(5, 2, batch_first=True)"
assert (W_ih.shape, W_hh.shape, b_ih.shape, b_hh.shape) == ((2, 5), (2, 2), (2,), (2,))

# %% [markdown] lang="en"
"""
## The input

One sequence, three steps: five 1s, five 2s, five 3s.
"""

# %% [markdown] lang="ko"
"""
## 입력

시퀀스 하나, 시점 세 개입니다. 1이 다섯 개, 2가 다섯 개, 3이 다섯 개입니다.
"""

# %%
x = np.repeat(np.float32([1, 2, 3]), 5).reshape(1, 3, 5)
print(x)

# %% [markdown] lang="en"
"""
## By hand

Each step does the same:

    h' = tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh)

h is the state before the step, zero at first, and h' the state after it. We print four lines a step: the input, the
part of the sum that comes from the input, h' by hand, and what the layer gives.

Mind the second line. `x W_ihᵀ + b_ih` is sometimes printed under the name "hidden", but it is not the hidden
state. It is only the input's share of the sum: the state's share `h W_hhᵀ + b_hh` and tanh are still to come.
`b_ih` goes with the input, `b_hh` with the state.
"""

# %% [markdown] lang="ko"
"""
## 손으로

시점마다 하는 일은 같습니다.

    h' = tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh)

h는 그 시점 전의 상태이고 처음에는 0입니다. h'은 그 시점 뒤의 상태입니다. 시점마다 네 줄을 출력합니다. 입력, 합
가운데 입력에서 온 부분, 손으로 계산한 h', 그리고 층이 내놓은 값입니다.

둘째 줄을 눈여겨보세요. `x W_ihᵀ + b_ih`를 "은닉"이라는 이름으로 출력하기도 하지만, 이것은 은닉 상태(hidden
state)가 아닙니다. 합 가운데 입력의 몫일 뿐이고, 상태의 몫 `h W_hhᵀ + b_hh`와 tanh가 아직 남았습니다.
`b_ih`는 입력과, `b_hh`는 상태와 짝을 이룹니다.
"""

# %%
output, h_n = rnn(x)

h = np.zeros(2, np.float32)
from_input, by_hand = [], []
for t in range(3):
    from_x = x[0, t] @ W_ih.T + b_ih
    h = np.tanh(from_x + h @ W_hh.T + b_hh)
    from_input.append(from_x)
    by_hand.append(h)
    print(f"t = {t}")
    print("  x                ", x[0, t])
    print("  x W_ih.T + b_ih  ", from_x)
    print("  h' by hand       ", h)
    print("  output[0, t]     ", output[0, t])

# %% [markdown] lang="en"
"""
The hand and the layer agree. Here are the figures, to be checked by anyone, in any library:
"""

# %% [markdown] lang="ko"
"""
손으로 계산한 값과 층의 값이 같습니다. 누구나 어느 라이브러리로든 확인할 수 있도록 숫자를 적어 둡니다.
"""

# %%
figures_from_input = [
    [-0.4701929, 0.58639044],
    [-0.88883156, 1.2364398],
    [-1.3074702, 1.8864892],
]
figures_of_h = [
    [-0.3519801, 0.52525216],
    [-0.68424344, 0.76074266],
    [-0.8649416, 0.9046636],
]
np.testing.assert_allclose(from_input, figures_from_input, rtol=0, atol=1e-6)
np.testing.assert_allclose(by_hand, figures_of_h, rtol=0, atol=1e-6)
np.testing.assert_allclose(output[0], figures_of_h, rtol=0, atol=1e-6)
np.testing.assert_array_equal(h_n[0, 0], output[0, 2])

# %% [markdown] lang="en"
"""
## With `elman.explain`

`elman.explain` does this for any layer and any input. It records every number on the way, and checks itself
against the layer. Printed, it shows the vectors of each step:
"""

# %% [markdown] lang="ko"
"""
## `elman.explain`으로

`elman.explain`은 어떤 층, 어떤 입력이든 이렇게 풀어 줍니다. 계산하는 동안의 숫자를 모두 기록하고, 층의 값과
스스로 비교합니다. 출력하면 시점마다 벡터를 보여 줍니다.
"""

# %%
trace = elman.explain(rnn, x)
print(trace)

# %% [markdown] lang="en"
"""
`trace[1]` opens step t = 1, down to each multiplication. Read a column from top to bottom: it is the sum above, one term
a line.
"""

# %% [markdown] lang="ko"
"""
`trace[1]`은 시점 t = 1을 곱셈 하나하나까지 펼칩니다. 한 열을 위에서 아래로 읽어 보세요. 위의 합을 한 줄에 한
항씩 적은 것입니다.
"""

# %%
print(trace[1])

# %% [markdown] lang="en"
"""
Every number is there as an array too:
"""

# %% [markdown] lang="ko"
"""
모든 숫자는 배열로도 꺼낼 수 있습니다.
"""

# %%
print("sums_x", trace.sums_x.shape, " sums_h", trace.sums_h.shape, " h", trace.h.shape)
np.testing.assert_allclose(trace.sums_x[0], figures_from_input, rtol=0, atol=1e-6)
np.testing.assert_allclose(trace.h[0], figures_of_h, rtol=0, atol=1e-6)
assert trace.difference < 1e-6

# %% [markdown] lang="en"
"""
## As a page

The same trace as a page that you can step through: choose a step, open a unit, change a weight and watch what follows,
or press *Guess first* and try your own guess before you look. It is one file, which needs no network.

![The page: the network unrolled in time, and one step opened to each multiplication](../../../docs/images/explain.png)

Run the next cell, and the page appears below it, with a file beside this notebook. (On GitHub you see only the
picture above.) `trace.show()` opens it in a browser.
"""

# %% [markdown] lang="ko"
"""
## 페이지로

같은 계산을 한 단계씩 넘겨 볼 수 있는 페이지로 만듭니다. 시점을 고르고, 유닛을 펼치고, 가중치를 바꾸면 그 뒤가
어떻게 달라지는지 볼 수 있습니다. *맞혀 보기*를 누르고, 보기 전에 먼저 짐작해 볼 수도 있습니다. 파일
하나이고, 네트워크는 필요 없습니다.

![페이지: 시간 방향으로 펼친 신경망과, 곱셈 하나하나까지 펼친 한 시점](../../../docs/images/explain.png)

다음 셀을 실행하면 이 노트북 옆에 파일이 생기고 그 아래에 페이지가 나타납니다. (GitHub에서는 위의 그림만
보입니다.) `trace.show()`는 브라우저로 엽니다.
"""

# %%
trace.to_html("4_forward_pass.html")
IFrame("4_forward_pass.html", width="100%", height=900)

# %% [markdown] lang="en"
"""
## Another activation

tanh is a choice: `nonlinearity="relu"` puts max(0, sum) in its place. With the same seed the weights are the same. The
first step's sums are those whose tanh you saw above, and of a negative sum relu leaves 0.
"""

# %% [markdown] lang="ko"
"""
## 다른 활성화 함수

tanh 말고 다른 함수를 고를 수도 있습니다. `nonlinearity="relu"`는 그 자리에 max(0, 합)을 씁니다. 시드가 같으면
가중치도 같습니다. 첫 시점의 합은 위에서 tanh를 취한 바로 그 합이고, 합이 음수이면 relu는 0을 내놓습니다.
"""

# %%
_ = elman.manual_seed(1)
relu = nn.RNN(5, 2, 1, nonlinearity="relu", batch_first=True)
of_relu, _ = relu(x)
sums = np.arctanh(figures_of_h[0])
print("sums     ", sums)
print("with relu", of_relu[0, 0])
np.testing.assert_allclose(of_relu[0, 0], np.maximum(sums, 0), rtol=0, atol=1e-6)
assert of_relu[0, 0, 0] == 0 < of_relu[0, 0, 1]

# %% [markdown] lang="en"
"""
## What you have seen

* One step is two matrix products, two biases, one tanh; the next step starts from its result.
* `x W_ihᵀ + b_ih` is the input's share of the sum, and not yet the hidden state.
* By hand, by `elman.explain` and by the layer, the numbers are the same.

Next: [5. training by hand](5_training.ipynb)
"""

# %% [markdown] lang="ko"
"""
## 정리

* 한 시점은 행렬 곱 두 번, 편향 두 번, tanh 한 번입니다. 다음 시점은 그 결과에서 시작합니다.
* `x W_ihᵀ + b_ih`는 합에서 입력의 몫이고, 아직 은닉 상태가 아닙니다.
* 손으로 하든, `elman.explain`으로 하든, 층으로 하든 숫자는 같습니다.

다음: [5. 손으로 하는 학습](5_training.ipynb)
"""
