"""Modules and streams are loaded as they were saved, to the bit."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import damaged_files
import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    LAYERS,
    Array,
    Options,
    cell_options,
    dtypes,
    generators,
    layer_options,
    parts,
    state_shapes,
    whole,
)

import elman
from elman import nn
from elman._random import default_generator
from elman.io import ModelFileError


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models") / "model.safetensors"


def assert_same(found: Any, expected: Any) -> None:
    """The same class, structure and parameters, in evaluation mode."""
    assert type(found) is type(expected)
    assert found.config() == expected.config()
    assert repr(found) == repr(expected)
    assert not found.training
    assert list(found.state_dict()) == list(expected.state_dict())
    for (_, parameter), value in zip(
        found.named_parameters(), expected.state_dict().values(), strict=True
    ):
        np.testing.assert_array_equal(parameter, value, strict=True)
        assert not parameter.flags.writeable


def record_of(path: Path) -> dict[str, Any]:
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    assert list(metadata) == ["elman"]
    found: dict[str, Any] = json.loads(metadata["elman"])
    return found


def draw_parameters(module: Any, generator: np.random.Generator) -> None:
    """Of all sizes, and -0."""
    module.load_state_dict(
        {
            name: np.copysign(
                10.0 ** generator.integers(-30, 30, p.shape) * generator.integers(0, 2, p.shape),
                generator.standard_normal(p.shape),
            ).astype(p.dtype)
            for name, p in module.named_parameters()
        }
    )


# ---- modules ------------------------------------------------------------------------------------


@given(
    options=layer_options(),
    learn=st.booleans(),
    recurrent_dropout=st.sampled_from([0.0, 0.25, 0.1]),
    training=st.booleans(),
    generator=generators,
)
def test_layers_are_loaded_as_they_were_saved(
    path: Path,
    options: Options,
    learn: bool,
    recurrent_dropout: float,
    training: bool,
    generator: np.random.Generator,
) -> None:
    """By their options too, and the outputs are the same to the bit."""
    layer = options.elman(learn_initial_state=learn, recurrent_dropout=recurrent_dropout)
    x = generator.standard_normal((3, 2, layer.input_size)).astype(layer.dtype)
    elman.save(layer, path)
    same = elman.load(path)
    assert_same(same, layer)
    for part, expected in zip(parts(same(x)[1]), parts(layer.eval()(x)[1]), strict=True):
        np.testing.assert_array_equal(part, expected, strict=True)

    draw_parameters(layer, generator)
    elman.save(layer.train(training), path)
    assert layer.training == training
    assert_same(elman.load(path), layer)


@given(options=cell_options(), generator=generators)
def test_cells_are_loaded_as_they_were_saved(
    path: Path, options: Options, generator: np.random.Generator
) -> None:
    cell = options.elman()
    draw_parameters(cell, generator)
    elman.save(cell, path)
    assert_same(elman.load(path), cell)


@given(
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 5)), bias=st.booleans(), dtype=dtypes,
    generator=generators,
)  # fmt: skip
def test_linear_layers_are_loaded_as_they_were_saved(
    path: Path, sizes: tuple[int, int], bias: bool, dtype: Any, generator: np.random.Generator
) -> None:
    linear = nn.Linear(*sizes, bias=bias, dtype=dtype)
    draw_parameters(linear, generator)
    elman.save(linear, path)
    assert_same(elman.load(path), linear)


@given(
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    padding=st.booleans(),
    dtype=dtypes,
    generator=generators,
)
def test_embeddings_are_loaded_as_they_were_saved(
    path: Path, sizes: tuple[int, int], padding: bool, dtype: Any, generator: np.random.Generator
) -> None:
    """Also a vector of padding that was changed."""
    embedding = nn.Embedding(*sizes, padding_idx=-1 if padding else None, dtype=dtype)
    draw_parameters(embedding, generator)
    elman.save(embedding, path)
    assert_same(elman.load(path), embedding)


@given(
    tables=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=11),
    dtype=dtypes,
    generator=generators,
)
def test_embeddings_of_features_are_loaded_as_they_were_saved(
    path: Path, tables: list[tuple[int, int]], dtype: Any, generator: np.random.Generator
) -> None:
    embedding = nn.FeatureEmbedding(*zip(*tables, strict=True), dtype=dtype)
    draw_parameters(embedding, generator)
    elman.save(embedding, path)
    assert_same(elman.load(path), embedding)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"num_embeddings": 5}, "num_embeddings: expected a list of ints, got 5"),
        ({"num_embeddings": []}, r"num_embeddings: expected a list of ints, got \[\]"),
        ({"num_embeddings": [5, -4]}, r"num_embeddings\[1\]: expected an int greater than zero"),
        ({"embedding_dims": [2]}, "embedding_dims: expected 2 ints, as num_embeddings, got 1"),
        ({"embedding_dims": [2, 4]}, r"weight_1 of F32 and shape \(4, 4\) for the FeatureE"),
        ({"num_embeddings": [5, 4, 3], "embedding_dims": [2, 3, 1]}, "weight_2 of F32 .* got none"),
    ],
)
def test_embeddings_of_features_that_lie_are_refused(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    path = tmp_path / "embedding"
    elman.save(nn.FeatureEmbedding([5, 4], [2, 3]), path)
    made = damaged_files.Parts.of(path.read_bytes())
    made.record["config"].update(change)
    path.write_bytes(made.signed().content())
    with pytest.raises(ModelFileError, match=told):
        elman.load(path)


def network(options: Options, embeds: bool, bridges: bool, reads: str) -> nn.Network:
    rnn = options.elman()
    LD = rnn.num_layers * (1 + rnn.bidirectional)
    sizes = [shape[-1] for shape in state_shapes(rnn)]
    return nn.Network(
        rnn,
        nn.Linear((1 + rnn.bidirectional) * sizes[0], 3, dtype=rnn.dtype),
        nn.Embedding(5, rnn.input_size, 0, dtype=rnn.dtype) if embeds else None,
        nn.Linear(2, LD * sum(sizes), bias=False, dtype=rnn.dtype) if bridges else None,
        reads,
    )


@given(
    options=layer_options(),
    embeds=st.booleans(),
    bridges=st.booleans(),
    reads=st.sampled_from(["last", "every"]),
    generator=generators,
)
def test_networks_are_loaded_as_they_were_saved(
    path: Path,
    options: Options,
    embeds: bool,
    bridges: bool,
    reads: str,
    generator: np.random.Generator,
) -> None:
    """With all their modules, under torch's dotted names, and the outputs are the same."""
    saved = network(options, embeds, bridges, reads)
    x = generator.standard_normal((3, 2, options.arguments["input_size"])).astype(saved.dtype)
    z = generator.standard_normal((3 if saved.rnn.batch_first else 2, 2)).astype(saved.dtype)
    arguments = [generator.integers(0, 5, (3, 2)) if embeds else x, z][: 1 + bridges]
    elman.save(saved, path)
    same = elman.load(path)
    assert_same(same, saved)
    assert not same.rnn.training
    np.testing.assert_array_equal(same(*arguments), saved.eval()(*arguments), strict=True)
    found = safetensors.numpy.load_file(path)
    children = {"rnn": True, "head": True, "embedding": embeds, "bridge": bridges}
    expected = {name for name, is_there in children.items() if is_there}
    assert {name.partition(".")[0] for name in found} == expected
    draw_parameters(saved, generator)
    elman.save(saved, path)
    assert_same(elman.load(path), saved)


@given(options=layer_options(), learn=st.booleans())
def test_other_readers_read_the_arrays_by_torchs_names(
    path: Path, options: Options, learn: bool
) -> None:
    layer = options.elman(learn_initial_state=learn)
    elman.save(layer, path)
    found = safetensors.numpy.load_file(path)
    assert found.keys() == layer.state_dict().keys()
    for name, array in found.items():
        np.testing.assert_array_equal(array, getattr(layer, name), strict=True)
    if not learn:
        assert found.keys() == options.torch().state_dict().keys()


def test_the_file_says_what_it_holds(tmp_path: Path) -> None:
    """In one metadata key, as safetensors writes several in random order."""
    elman.save(nn.LSTM(3, 4, proj_size=2, dtype=np.float64), tmp_path / "lstm")
    record = record_of(tmp_path / "lstm")
    digest = record.pop("sha256")
    assert record == {
        "class": "LSTM",
        "config": {
            "batch_first": False, "bias": True, "bidirectional": False, "dropout": 0.0,
            "dtype": "float64", "hidden_size": 4, "input_size": 3, "learn_initial_state": False,
            "num_layers": 1, "proj_size": 2, "recurrent_dropout": 0.0,
        },
        "elman_version": elman.__version__,
        "format": 1,
        "tensors": [
            ["weight_ih_l0", "F64", [16, 3]], ["weight_hh_l0", "F64", [16, 2]],
            ["bias_ih_l0", "F64", [16]], ["bias_hh_l0", "F64", [16]],
            ["weight_hr_l0", "F64", [2, 4]],
        ],
    }  # fmt: skip
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    data = (tmp_path / "lstm").read_bytes()[-8 * (16 * (3 + 2 + 2) + 8) :]
    assert digest == hashlib.sha256(canonical + data).hexdigest()


@pytest.mark.parametrize("module", LAYERS)
def test_the_same_module_gives_the_same_bytes(tmp_path: Path, module: str) -> None:
    """Also one that was loaded, in any mode."""
    layer = getattr(nn, module)(3, 4, num_layers=2)
    elman.save(layer, tmp_path / "one")
    elman.save(elman.load(tmp_path / "one").train(), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    layer.bias_hh_l1 = layer.bias_hh_l1 + 1
    elman.save(layer, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()


def test_loading_draws_no_random_number(tmp_path: Path) -> None:
    elman.save(nn.LSTM(3, 4), tmp_path / "lstm")
    elman.manual_seed(5)
    found = elman.load(tmp_path / "lstm")
    expected = elman.Generator(5).uniform((4,), 1.0, np.dtype(np.float64))
    np.testing.assert_array_equal(
        default_generator.uniform((4,), 1.0, np.dtype(np.float64)), expected
    )
    assert found._generator is default_generator


# ---- streams ------------------------------------------------------------------------------------


@given(
    options=layer_options(bidirectional=False),
    learn=st.booleans(),
    N=st.integers(1, 4),
    generator=generators,
)
def test_a_loaded_stream_goes_on_to_the_bit(
    path: Path, options: Options, learn: bool, N: int, generator: np.random.Generator
) -> None:
    """On the weights it was made of, whatever the layer's are by now; so does a reset."""
    layer = options.elman(learn_initial_state=learn)

    def draw(*shape: int) -> Array:
        return generator.standard_normal(shape).astype(layer.dtype)

    layer.load_state_dict({name: draw(*p.shape) for name, p in layer.named_parameters()})
    stream = layer.stream(N)
    stream.step(draw(N, layer.input_size))
    layer.load_state_dict({name: draw(*p.shape) for name, p in layer.named_parameters()})
    elman.save(stream, path)

    same = elman.load(path)
    assert repr(same) == repr(stream)
    for state, expected in zip(parts(same.state), parts(stream.state), strict=True):
        np.testing.assert_array_equal(state, expected, strict=True)
    x = draw(3, N, layer.input_size)
    for x_t in x:
        np.testing.assert_array_equal(same.step(x_t), stream.step(x_t), strict=True)
    same.reset()
    stream.reset()
    for x_t in x:
        np.testing.assert_array_equal(same.step(x_t), stream.step(x_t), strict=True)
    elman.save(elman.load(path), path.with_name("again"))
    assert path.read_bytes() == path.with_name("again").read_bytes()


@pytest.mark.parametrize("module", LAYERS)
def test_other_readers_read_the_state(tmp_path: Path, module: str) -> None:
    layer = getattr(nn, module)(3, 4, num_layers=2)
    stream = layer.stream(5)
    shapes = state_shapes(layer, 5)
    stream.state = whole([np.full(s, k + 1, np.float32) for k, s in enumerate(shapes)])
    elman.save(stream, tmp_path / "stream")
    found = safetensors.numpy.load_file(tmp_path / "stream")
    names = {"state.h", "state.c"} if module == "LSTM" else {"state.h"}
    assert found.keys() == layer.state_dict().keys() | names
    for name, number in zip(sorted(names, reverse=True), [1, 2], strict=False):
        np.testing.assert_array_equal(found[name], np.full((2, 5, 4), number, np.float32))
    record = record_of(tmp_path / "stream")
    assert record["class"] == "Stream"
    assert record["config"] == {
        "layer": {"class": module, "config": layer.config()},
        "batch_size": 5,
        "summation_order": elman.show_config()["summation_order"],
    }


def test_a_stream_of_another_order_of_summation_is_loaded_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = nn.GRU(3, 4).stream(2)
    stream.step(np.ones((2, 3), np.float32))
    current = elman.show_config()
    with monkeypatch.context() as patch:
        patch.setattr(elman, "show_config", lambda: {**current, "summation_order": 0})
        elman.save(stream, tmp_path / "stream")
    with pytest.warns(UserWarning, match=r"stream: the stream was saved under .* 0, and") as caught:
        same = elman.load(tmp_path / "stream")
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(same.state, stream.state)


@pytest.mark.parametrize("change", ["bidirectional", "batch_size"])
def test_a_stream_that_cannot_be_is_refused(tmp_path: Path, change: str) -> None:
    elman.save(nn.GRU(3, 2).stream(1), tmp_path / "stream")
    made = damaged_files.Parts.of((tmp_path / "stream").read_bytes())
    if change == "batch_size":
        made.record["config"]["batch_size"] = 10**15
        told = r"state.h of F32 and shape \(1, 1000000000000000, 2\) for the Stream, got F32 and"
    else:
        made.record["config"]["layer"]["config"]["bidirectional"] = True
        told = "unidirectional"
    (tmp_path / "stream").write_bytes(made.signed().content())
    with pytest.raises(ModelFileError, match=told):
        elman.load(tmp_path / "stream")


# ---- NaN, and what is no module -----------------------------------------------------------------


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_loaded_if_asked_for(tmp_path: Path, value: float) -> None:
    gru = nn.GRU(3, 4)
    gru.bias_hh_l0 = np.full(12, value, np.float32)
    elman.save(gru, tmp_path / "gru")
    with pytest.raises(ModelFileError, match=r"NaN or infinity in bias_hh_l0; .*allow_nan=True"):
        elman.load(tmp_path / "gru")
    assert_same(elman.load(tmp_path / "gru", allow_nan=True), gru)
    with pytest.raises(TypeError, match="allow_nan: expected a bool, got 1"):
        elman.load(tmp_path / "gru", allow_nan=1)  # type: ignore[arg-type]


class Mine(nn.GRU):
    """A class of the user's own."""


@pytest.mark.parametrize(
    "value", [None, {}, np.zeros(3), "gru", nn.GRU, Mine(3, 4), Mine(3, 4).stream], ids=repr
)
def test_what_is_no_module_of_elmans_is_not_saved(tmp_path: Path, value: Any) -> None:
    with pytest.raises(TypeError, match=r"^module: expected one of RNN, GRU, .*, got "):
        elman.save(value, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        (nn.GRU(3, 4).state_dict(), "pass the module itself, not its state_dict()"),
        ("model.safetensors", "the module comes first, then the path"),
    ],
)
def test_what_is_nearly_a_module_is_told(tmp_path: Path, value: Any, fix: str) -> None:
    with pytest.raises(TypeError, match=f"^module: .*; {re.escape(fix)}$"):
        elman.save(value, tmp_path / "model")


def test_a_stream_of_a_class_of_ones_own_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"^module: expected a stream of RNN, .*, got .*Mine"):
        elman.save(Mine(3, 4).stream(), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    """A layer of a class of one's own, which would come back as another; one layer twice."""
    mine = nn.Network(Mine(3, 4), nn.Linear(4, 4))
    with pytest.raises(TypeError, match=r"^module: expected modules that are RNN, .*, got .*Mine"):
        elman.save(mine, tmp_path / "model")
    linear = nn.Linear(4, 4)
    twice = nn.Network(nn.GRU(3, 4), linear, bridge=linear)
    with pytest.raises(ValueError, match=r"^module: .*bridge.weight .* of its own for each place$"):
        elman.save(twice, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


WIDE_HEAD = {"class": "Linear", "config": nn.Linear(9, 1).config()}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rnn": None}, "rnn: expected a class and its config, got None"),
        ({"rnn": {"class": "Linear", "config": {}}}, "rnn: expected 'RNN' or 'GRU' or 'LSTM'"),
        ({"head": {"class": "Linear", "config": {}}}, "the arguments of Linear: bias"),
        ({"embedding": {"class": "Embedding"}}, "embedding: expected a class and its config"),
        ({"reads": "first"}, "reads: expected 'last' or 'every', got 'first'"),
        ({"head": WIDE_HEAD}, r"head.weight of F32 and shape \(1, 9\) for the Network"),
    ],
)
def test_networks_that_lie_are_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path = tmp_path / "network"
    elman.save(nn.Network(nn.GRU(3, 2), nn.Linear(2, 1)), path)
    made = damaged_files.Parts.of(path.read_bytes())
    made.record["config"].update(change)
    path.write_bytes(made.signed().content())
    with pytest.raises(ModelFileError, match=told):
        elman.load(path)


def test_parts_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    """Though each by itself does, and has the tensors that it asks for."""
    path = tmp_path / "network"
    elman.save(nn.Network(nn.GRU(3, 2), nn.Linear(2, 2), reads="every"), path)
    made = damaged_files.Parts.of(path.read_bytes())
    made.record["config"]["head"]["config"].update(in_features=1, out_features=4, bias=False)
    made.header["head.weight"]["shape"] = [4, 1]
    del made.header["head.bias"], made.record["tensors"][-1]
    made.record["tensors"][-1][2] = [4, 1]
    path.write_bytes(made._replace(data=made.data[:-8]).signed().content())
    with pytest.raises(ModelFileError, match=r"arguments that Network takes, got .*head: expected"):
        elman.load(path)


# ---- paths --------------------------------------------------------------------------------------


def test_paths_are_taken_as_they_are(tmp_path: Path) -> None:
    linear = nn.Linear(2, 1)
    for name in ["model", "model.npz", "größe.safetensors"]:
        elman.save(linear, str(tmp_path / name))
        assert_same(elman.load(tmp_path / name), linear)
    assert len(list(tmp_path.iterdir())) == 3


def test_errors_of_the_file_system_are_oserrors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        elman.load(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError, match=r"cannot load: it is a folder"):
        elman.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="the folder does not exist"):
        elman.save(nn.Linear(2, 1), tmp_path / "no" / "model")
    for action in (elman.load, lambda path: elman.save(nn.Linear(2, 1), path)):
        with pytest.raises(TypeError, match=r"^path: expected a str or an os.PathLike, got 3"):
            action(3)


@pytest.mark.parametrize("suffix", [".pt", ".npz", ".npy", ".pkl"])
def test_files_of_other_tools_are_named(tmp_path: Path, suffix: str) -> None:
    import pickle

    import torch

    path, arrays = tmp_path / f"model{suffix}", {"weight": np.ones(3)}
    if suffix == ".pt":
        torch.save({"weight": torch.ones(3)}, path)
    elif suffix == ".npz":
        np.savez(path, **arrays)
    elif suffix == ".npy":
        np.save(path, arrays["weight"])
    else:
        path.write_bytes(pickle.dumps(arrays))
    with pytest.raises(ModelFileError, match=r"expected a .safetensors file, got .* read it with"):
        elman.load(path)


def test_a_state_dict_of_torch_in_safetensors_is_told_the_way(tmp_path: Path) -> None:
    """Which works."""
    gru = nn.GRU(3, 4)
    safetensors.numpy.save_file(gru.state_dict(), tmp_path / "gru")
    with pytest.raises(ModelFileError, match=r"safetensors.numpy.load_file\(path\) and give them"):
        elman.load(tmp_path / "gru")
    other = nn.GRU(3, 4)
    other.load_state_dict(safetensors.numpy.load_file(tmp_path / "gru"))
    assert_same(other.eval(), gru)


# ---- threads, and what is never done ------------------------------------------------------------


def test_threads_that_save_and_load_see_whole_files(tmp_path: Path) -> None:
    layers = [nn.LSTM(3, 4, generator=elman.Generator(seed)) for seed in range(2)]
    contents = []
    for layer in layers:
        elman.save(layer, tmp_path / "lstm")
        contents.append((tmp_path / "lstm").read_bytes())
    found: list[bool] = []

    def save(layer: Any) -> None:
        for _ in range(20):
            elman.save(layer, tmp_path / "lstm")

    def load() -> None:
        for _ in range(50):
            state = elman.load(tmp_path / "lstm").state_dict()
            found.append(
                any(
                    all(np.array_equal(state[n], p) for n, p in layer.named_parameters())
                    for layer in layers
                )
            )

    threads = [threading.Thread(target=save, args=[layer]) for layer in layers * 2]
    threads += [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 100
    assert all(found)
    assert (tmp_path / "lstm").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["lstm"]


ALLOWED = {
    "__future__", "collections", "contextlib", "elman", "errno", "functools", "hashlib", "io",
    "json", "math", "numpy", "os", "re", "secrets", "stat", "struct", "typing", "warnings",
}  # fmt: skip


def test_the_package_neither_executes_nor_imports_what_a_file_names() -> None:
    import elman.io

    sources = sorted(Path(elman.io.__file__).parent.glob("*.py"))
    assert len(sources) >= 6
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert {name.name.partition(".")[0] for name in node.names} <= ALLOWED
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] in ALLOWED
            elif isinstance(node, ast.Name):
                forbidden = {"eval", "exec", "compile", "__import__", "getattr", "globals", "vars"}
                assert node.id not in forbidden, source


PRINT_LOADED = """
import sys
import elman
print(*sorted({"json", "hashlib", "elman.io"} & set(sys.modules)))
module = elman.load(PATH)
print(*sorted({"sklearn", "torch", "safetensors", "pandas"} & set(sys.modules)))
print(type(module).__name__)
"""


def test_loading_needs_numpy_alone_and_importing_elman_does_not_load_it(
    tmp_path: Path, run_python: Callable[..., str]
) -> None:
    elman.save(nn.GRU(3, 4), tmp_path / "gru")
    program = f"PATH = {str(tmp_path / 'gru')!r}\n" + PRINT_LOADED
    before, others, name = run_python(program).splitlines()
    assert "elman.io" not in before
    assert "json" not in before
    assert others == ""
    assert name == "GRU"
