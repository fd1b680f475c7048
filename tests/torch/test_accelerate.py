"""Models and programs that are accelerated as they are, and restored."""

from __future__ import annotations

import copy
import io
import os
import pickle
import sys
import threading
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch_cases import apart, counted, flat, pair

import elman
import elman.torch
from elman.torch import accelerate, install, restore, uninstall

X = torch.linspace(-1, 1, 60).view(4, 3, 5)


class Own(nn.LSTM):
    """A class of a user's own."""

    def forward(self, x: Any, hx: Any = None) -> Any:
        output, state = super().forward(x, hx)
        return 2 * output, state


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.LSTM(5, 7, bidirectional=True)
        self.blocks = nn.ModuleList([nn.GRU(14, 14), nn.RNN(14, 14, nonlinearity="relu")])
        self.again = self.blocks[0]
        self.cell = nn.LSTMCell(14, 6)
        self.strange = Own(14, 3)
        self.head = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.encoder(x)[0]
        for block in (*self.blocks, self.again):
            x = block(x)[0]
        found: torch.Tensor = self.head(self.strange(x)[0])
        return found


def test_a_model_is_swapped_in_place_and_back() -> None:
    torch.manual_seed(1)
    model = Tagger()
    wanted = model(X)
    modules = dict(model.named_modules())
    parameters = dict(model.named_parameters())
    seen: list[torch.nn.Module] = []
    model.encoder.register_forward_hook(lambda module, *_: seen.append(module))

    report = accelerate(model)
    assert report.changed == {
        "encoder": "LSTM", "blocks.0": "GRU", "blocks.1": "RNN", "cell": "LSTMCell",
    }  # fmt: skip
    assert list(report.left) == ["strange"]
    assert "class of its own" in str(report)
    assert accelerate(model).changed == {}
    assert type(model.encoder) is elman.torch.LSTM
    assert all(module is modules[name] for name, module in model.named_modules())
    assert all(p is parameters[name] for name, p in model.named_parameters())
    with counted() as runs:
        assert apart([model(X)], [wanted]) < 1e-6
    assert [cell for cell, _ in groupby(runs)] == ["lstm", "gru", "rnn_relu", "gru"]
    assert seen == [model.encoder]
    assert repr(model.encoder) == "LSTM(5, 7, bidirectional=True)"

    assert list(restore(model).changed) == list(report.changed)
    assert type(model.encoder) is nn.LSTM
    assert torch.equal(model(X), wanted)


def test_training_goes_on_with_the_same_optimiser() -> None:
    found = []
    for swap in (False, True):
        torch.manual_seed(1)
        model = Tagger()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for step in range(6):
            if swap and step == 2:
                accelerate(model)
            optimizer.zero_grad()
            loss = model(X).pow(2).mean()
            loss.backward()
            optimizer.step()
        found.append(loss.detach())
    assert apart([found[1]], [found[0]]) < 1e-5


def test_copies_and_files_are_as_torchs() -> None:
    of_torch, own = pair("GRU", 5, 7)
    wanted = flat(own(X))
    file = io.BytesIO()
    torch.save(own, file)
    file.seek(0)
    copies = [
        copy.deepcopy(own),
        pickle.loads(pickle.dumps(own)),
        torch.load(file, weights_only=False),
    ]
    for made in copies:
        assert type(made) is elman.torch.GRU
        assert apart(flat(made(X)), wanted) == 0
        made.weight_hh_l0.data.zero_()
    assert apart(flat(own(X)), wanted) == 0
    assert list(own.state_dict()) == list(of_torch.state_dict())
    assert repr(own) == repr(of_torch)


def test_the_same_seed_gives_torchs_weights() -> None:
    for name in ("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"):
        made = []
        for library in (nn, elman.torch):
            torch.manual_seed(4)
            made.append(list(getattr(library, name)(5, 7).parameters()))
        assert apart(made[1], made[0]) == 0


def test_parametrized_modules() -> None:
    model = nn.Sequential(nn.LSTM(5, 7))
    parametrizations.weight_norm(model[0], "weight_hh_l0")
    wanted = flat(model(X))
    assert accelerate(model).changed == {"0": "ParametrizedLSTM"}
    with counted() as runs:
        found = flat(model(X))
    assert runs
    assert apart(found, wanted) < 1e-6
    found[0].sum().backward()
    assert float(model[0].parametrizations.weight_hh_l0.original0.grad.abs().max()) > 0
    assert restore(model).changed == {"0": "ParametrizedLSTM"}
    assert isinstance(model[0], nn.LSTM)
    assert not isinstance(model[0], elman.torch.LSTM)
    assert apart(flat(model(X)), wanted) == 0


def test_what_is_no_model_is_named() -> None:
    with pytest.raises(
        TypeError, match=r"model: expected a torch.nn.Module, got LSTM; pass the model"
    ):
        accelerate(nn.LSTM)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"model: expected a torch.nn.Module, got dict"):
        restore({})  # type: ignore[arg-type]
    assert str(accelerate(nn.Linear(2, 2))) == "no recurrent modules"


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_scripted_model_is_refused() -> None:
    with pytest.raises(TypeError, match=r"accelerate the model before torch\.jit\.script"):
        accelerate(torch.jit.script(nn.Linear(2, 2)))


def test_install_takes_every_module_of_the_process() -> None:
    before, strange = nn.GRU(5, 7), Own(5, 7)
    wanted = flat(before(X)), flat(strange(X))
    forward = nn.GRU.forward
    install()
    try:
        install()
        with counted() as runs:
            assert apart(flat(before(X)), wanted[0]) < 1e-6
            assert apart(flat(strange(X)), wanted[1]) < 1e-6
            nn.RNN(5, 7)(X)
        assert [cell for cell, _ in groupby(runs)] == ["gru", "lstm", "rnn_tanh"]
        assert type(before) is nn.GRU
    finally:
        uninstall()
    assert nn.GRU.forward is forward
    with counted() as runs:
        assert apart(flat(before(X)), wanted[0]) == 0
    assert not runs


def test_a_program_runs_as_it_is(tmp_path: Path, run_python: Callable[..., str]) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, torch\n"
        "from torch.nn import LSTM\n"
        "from elman.torch import _ops\n"
        "print(sys.argv, __name__, LSTM.forward.__module__)\n"
    )
    for line in (f"'{program}', '--epochs', '3'", "'-m', 'program', '--epochs', '3'"):
        done = run_python(
            "import subprocess, sys\n"
            f"subprocess.run([sys.executable, '-m', 'elman.torch', {line}], check=True,"
            f" cwd={os.fspath(tmp_path)!r})\n"
        )
        assert "'--epochs', '3'] __main__ elman.torch._layers" in done
    asked = "import subprocess, sys; subprocess.run([sys.executable, '-m', 'elman.torch', '-h'])"
    assert "program.py [arguments]" in run_python(asked)


def test_importing_it_does_not_import_the_compiler(run_python: Callable[..., str]) -> None:
    program = (
        "import sys, elman.torch\n"
        "print('torch._dynamo' in sys.modules)\n"
        "import torch._dynamo.config\n"
        "print(torch._dynamo.config.allow_rnn)\n"
    )
    assert run_python(program).split() == ["False", "True"]


def test_the_reference_kernels_leave_it_to_torch(run_python: Callable[..., str]) -> None:
    program = (
        "import warnings, torch, elman.torch\n"
        "with warnings.catch_warnings(record=True) as caught:\n"
        "    warnings.simplefilter('always')\n"
        "    model = torch.nn.GRU(2, 3)\n"
        "    elman.torch.accelerate(model)\n"
        "print([str(w.message)[:43] for w in caught])\n"
        "x = torch.ones(2, 1, 2)\n"
        "print(torch.equal(model(x)[0], torch.nn.GRU.forward(model, x)[0]))\n"
    )
    printed = run_python(program, ELMAN_BACKEND="reference")
    assert printed.splitlines() == ["['accelerate: the native kernels of elman are']", "True"]


def test_threads_are_torchs() -> None:
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            assert elman.show_config()["threads"] == threads
    finally:
        torch.set_num_threads(before)


def test_one_pool_of_threads_for_both(run_python: Callable[..., str]) -> None:
    """torch and elman load one libgomp: calls by turns do not make a second pool."""
    if not sys.platform.startswith("linux"):
        pytest.skip("it reads /proc")
    program = (
        "import torch, elman.torch\n"
        "torch.set_num_threads(2)\n"
        "own = elman.torch.LSTM(64, 256)\n"
        "x, a = torch.ones(64, 32, 64), torch.ones(800, 800)\n"
        "for _ in range(3):\n"
        "    own(x)[0].sum().backward()\n"
        "    a @ a\n"
        "maps = {line.split()[-1] for line in open('/proc/self/maps') if 'libgomp' in line}\n"
        "print(len(maps))\n"
    )
    assert run_python(program).split() == ["1"]


def test_many_threads_may_call_and_train_at_once() -> None:
    of_torch, own = pair("GRU", 5, 7)
    errors: list[float] = []

    def work(seed: int) -> None:
        x = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(seed)).requires_grad_()
        for _ in range(20):
            found = torch.autograd.grad(own(x)[0].sin().sum(), x)[0]
        wanted = torch.autograd.grad(of_torch(x)[0].sin().sum(), x)[0]
        errors.append(apart([found], [wanted]))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 4
    assert max(errors) < 1e-6
