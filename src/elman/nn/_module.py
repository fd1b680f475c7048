"""What every layer and network is: named parameters, children, modes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple, NoReturn, Self

import numpy as np

from elman import _check
from elman._random import Generator, checked_generator, default_generator
from elman._typing import FloatArray
from elman.kernels.forms import rows_contiguous
from elman.nn import _config


class IncompatibleKeys(NamedTuple):
    """Which names `load_state_dict` missed and which it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


_lock = threading.RLock()
"""Held while parameters of several modules change together, or are read together.

There is one for all modules, as nothing but `with` takes and gives back a lock for certain when a
signal's handler may raise an exception at any time. The handler may use modules too.
"""


def _after_fork_in_child() -> None:
    """Forget who held the lock: a thread that the child does not have."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


class Module:
    """Parameters and child modules, by torch's names.

    A parameter is read as an attribute and is a read-only array. To change one, assign a new
    array to the attribute, or use `load_state_dict`: the values are copied into the module. An
    attribute whose value is a module is a child; the names of its parameters are joined with a dot,
    as in ``rnn.weight_ih_l0``.

    A thread that calls a layer while another thread assigns its parameters sees all of the old
    values or all of the new ones.

    Parameters
    ----------
    dtype : numpy.float32 or numpy.float64
    device : None or "cpu"
        Accepted because torch's layers have it.
    generator : elman.Generator or None
        Where numbers are drawn from; None for the one that `elman.manual_seed` seeds.
    """

    dtype: np.dtype[Any]
    training: bool

    _fixed: ClassVar[frozenset[str]] = frozenset({"dtype"})
    """Attributes that describe the module. The constructor sets each once; nobody else may."""

    _checked: ClassVar[dict[str, Callable[[Any], Any]]] = {
        "training": partial(_check.flag, "training")
    }
    """Attributes that may be assigned, each with the function that checks and returns the value."""

    _not_in_config: ClassVar[frozenset[str]] = frozenset({"device", "generator"})
    """Arguments of the constructor that do not describe the module."""

    _children_classes: ClassVar[dict[str, Mapping[str, type[Module]]]] = {}
    """For each argument of the constructor that is a module: the classes it may have, by name."""

    def __init__(self, dtype: Any, device: Any, generator: Generator | None) -> None:
        if device is not None and str(device) != "cpu":
            raise _check.fail(ValueError, "device", "None or 'cpu'", repr(device))
        self._parameters: dict[str, FloatArray] = {}
        self.dtype = _check.float_dtype("dtype", dtype)
        self.training = True
        self._own_generator = checked_generator(generator)

    @property
    def _generator(self) -> Generator:
        return self._own_generator or default_generator

    def __call__(self, *arguments: Any, **others: Any) -> Any:
        """Compute the module's results; each class says of what."""
        raise NotImplementedError

    def forward(self, *arguments: Any, **others: Any) -> Any:
        """Do what a call of the module does."""
        return self(*arguments, **others)

    # ---- the tree of modules ----------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Iterate over (name, module) of the modules that this one holds itself."""
        yield from [(n, v) for n, v in list(self.__dict__.items()) if isinstance(v, Module)]

    def children(self) -> Iterator[Module]:
        """Iterate over the modules that this one holds itself."""
        for _, module in self.named_children():
            yield module

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Iterate over (name, module): this one by the name `prefix`, then all below it, once."""
        yield from self._named_modules(prefix, set())

    def _named_modules(self, prefix: str, seen: set[Module]) -> Iterator[tuple[str, Module]]:
        if self not in seen:
            seen.add(self)
            yield prefix, self
            for name, child in self.named_children():
                yield from child._named_modules(_joined(prefix, name), seen)

    def modules(self) -> Iterator[Module]:
        """Iterate over this module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def train(self, mode: bool = True) -> Self:
        """Set training mode, in which dropout is active, here and in children; return self."""
        mode = _check.flag("mode", mode, ValueError)
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation mode, in which dropout does nothing; return self."""
        return self.train(False)

    # ---- reading parameters -----------------------------------------------------------------

    def parameters(self) -> Iterator[FloatArray]:
        """Iterate over the parameters in torch's order."""
        yield from self.state_dict().values()

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, FloatArray]]:
        """Iterate over (name, parameter) in torch's order; `prefix` and a dot come before names."""
        for name, parameter in self.state_dict().items():
            yield _joined(prefix, name), parameter

    def state_dict(self) -> dict[str, FloatArray]:
        """Return the parameters by name: read-only arrays, which later changes do not touch."""
        modules = list(self.named_modules())
        if len(modules) == 1:
            return dict(self._parameters)
        with _lock:
            parameters = [(prefix, module._parameters) for prefix, module in modules]
        return {
            _joined(prefix, name): value
            for prefix, own in parameters
            for name, value in own.items()
        }

    # ---- changing parameters ----------------------------------------------------------------

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> IncompatibleKeys:
        """Take parameters from `state_dict`, all of them or, after an error, none.

        Parameters
        ----------
        state_dict : mapping of names to arrays
            Of float32 or float64; converted to the module's dtype.
        strict : bool
            Whether missing and unexpected names are an error.

        Returns
        -------
        IncompatibleKeys
            missing_keys and unexpected_keys.

        Raises
        ------
        TypeError
            If `state_dict` is no mapping.
        RuntimeError
            If names are missing or unexpected while `strict`, or a shape differs. All are listed.
        """
        _check_mapping(state_dict)
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [str(name) for name in state_dict if name not in own]
        problems = []
        if strict and missing:
            problems.append(f"missing {', '.join(missing)}")
        if strict and unexpected:
            problems.append(f"unexpected {', '.join(unexpected)}")
        new = {name: np.asarray(state_dict[name]) for name in own if name in state_dict}
        for name, value in new.items():
            if value.shape != own[name].shape:
                problems.append(f"{name}: expected {own[name].shape}, got {value.shape}")
            elif value.dtype not in _check.FLOATS:
                problems.append(f"{name}: expected float32 or float64, got {value.dtype}")
        if problems:
            raise RuntimeError(f"state_dict does not fit {self!r}:\n  " + "\n  ".join(problems))
        changes = []
        for prefix, module in self.named_modules():
            names = {name: _joined(prefix, name) for name in module._parameters}
            changes.append((module, {n: new[full] for n, full in names.items() if full in new}))
        _assign_all(changes)
        return IncompatibleKeys(missing, unexpected)

    def _updater(self) -> Callable[[Mapping[str, FloatArray]], None]:
        """Return the function that takes new parameters of the right shapes, all of them.

        It is `load_state_dict` without its checks, for a loop that takes many steps.
        """
        parts = [
            (module, [(name, _joined(prefix, name)) for name in module._parameters])
            for prefix, module in self.named_modules()
        ]

        def update(new: Mapping[str, FloatArray]) -> None:
            _assign_all([(module, {n: new[full] for n, full in names}) for module, names in parts])

        return update

    def _draw(self, name: str, shape: tuple[int, ...], bound: float) -> None:
        """Add a parameter drawn from U(-bound, bound); constructors only."""
        self._add(name, self._generator.uniform(shape, bound, self.dtype))

    def _add(self, name: str, value: FloatArray) -> None:
        """Add a parameter; constructors only."""
        self._parameters[name] = self._read_only(value)

    def _assign(self, changes: Mapping[str, FloatArray]) -> None:
        """Take new values, of the right shapes, for some of the module's own parameters."""
        _assign_all([(self, changes)])

    def _parameters_replaced(self) -> None:
        """Make anew what is made of the parameters.

        Called after each change, under the lock, and after unpickling. A class that keeps such
        things makes them here and leaves them out in `__getstate__`.
        """

    def _read_only(self, value: FloatArray) -> FloatArray:
        copy = np.array(value, dtype=self.dtype, order="C")
        copy.flags.writeable = False
        return copy

    def _snapshot(self) -> Self:
        """Return the module as it is now, children included, whatever is assigned to it later."""
        with _lock:
            return self._shallow_copy()

    def _shallow_copy(self) -> Self:
        other = object.__new__(type(self))
        for name, value in dict(self.__dict__).items():
            copied = value._shallow_copy() if isinstance(value, Module) else value
            other.__dict__[name] = copied
        return other

    def _set_parameter(self, name: str, value: Any) -> None:
        array, shape = np.asarray(value), self._parameters[name].shape
        _check.same_dtype(name, array, self.dtype)
        if array.shape != shape:
            raise _check.fail(ValueError, name, f"shape {shape}", str(array.shape))
        self._assign({name: array})

    # ---- attributes -------------------------------------------------------------------------

    def __getattr__(self, name: str) -> FloatArray:
        parameters: dict[str, FloatArray] = self.__dict__.get("_parameters", {})
        if name in parameters:
            return parameters[name]
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__.get("_parameters", {}):
            self._set_parameter(name, value)
            return
        if name in self._checked:
            value = self._checked[name](value)
        elif name in self._fixed:
            if name in self.__dict__:
                self._refuse(name, value)
        elif not (name.startswith("_") or name in self.__dict__ or hasattr(type(self), name)):
            self._refuse_near_miss(name)
        super().__setattr__(name, value)

    def _refuse(self, name: str, value: Any) -> NoReturn:
        expected = "no assignment, as it describes the layer and its weights"
        fix = f"make a new layer: {_config.call(self, {name: value})}"
        raise _check.fail(AttributeError, name, expected, _check.short(value), fix)

    def _refuse_near_miss(self, name: str) -> None:
        """Raise if `name`, a new attribute, is nearly what may be assigned here or in a child."""
        meant = {option: option for option in self._checked}
        if "_parameters" in self.__dict__:
            meant |= {full.rpartition(".")[2]: full for full in self.state_dict()}
        import difflib  # here, as few need it and it adds to the time that `import elman` takes

        for near in difflib.get_close_matches(name, meant, n=1, cutoff=0.8):
            kind = f"a parameter or an option of {type(self).__name__}"
            fix = f"do you mean {meant[near]}?"
            raise _check.fail(AttributeError, name, kind, "another name", fix)

    def __delattr__(self, name: str) -> None:
        if name in self.__dict__.get("_parameters", {}):
            raise AttributeError(f"{name}: a parameter cannot be deleted", name=name, obj=self)
        if name in self._fixed or name in self._checked:
            raise AttributeError(f"{name}: a module needs it", name=name, obj=self)
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._parameters]

    # ---- copies, structure, text ------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        # joblib may have mapped them from a file: those are arrays of another class.
        self._parameters = {
            name: rows_contiguous(np.asarray(p)) for name, p in self._parameters.items()
        }
        for parameter in self._parameters.values():
            parameter.flags.writeable = False
        self._parameters_replaced()

    def config(self) -> dict[str, Any]:
        """Return the arguments that make a module of this structure, as JSON can hold them.

        The dtype is "float32" or "float64", a child ``{"class": name, "config": arguments}``. The
        generator and the values of parameters are not in it.
        """
        return _config.config(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a module of what `config` returned; its parameters are zero.

        No random number is drawn.

        Raises
        ------
        TypeError, ValueError
            If `config` misses an argument, has an unknown one, or a value does not fit.
        """
        return _config.make(cls, config)

    def _extra_repr(self) -> str:
        """Return what stands in the brackets of the module's text, beside its children."""
        return ""

    def __repr__(self) -> str:
        lines = [line for line in [self._extra_repr()] if line]
        if children := list(self.named_children()):
            lines += [f"({name}): {child!r}" for name, child in children]
            inside = "\n".join(lines).replace("\n", "\n  ")
            return f"{type(self).__name__}(\n  {inside}\n)"
        return f"{type(self).__name__}({''.join(lines)})"


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _check_mapping(state_dict: Any) -> None:
    if isinstance(state_dict, Mapping):
        return
    fix = "take the one that state_dict() of a module returns"
    if isinstance(state_dict, str | bytes | os.PathLike):
        fix = f"to read a file, call elman.load({state_dict!r})"
    elif isinstance(state_dict, Module):
        fix = "take its state_dict()"
    got = f"{_check.short(state_dict)} ({type(state_dict).__name__})"
    raise _check.fail(TypeError, "state_dict", "a mapping of names to arrays", got, fix)


def _assign_all(changes: Sequence[tuple[Module, Mapping[str, FloatArray]]]) -> None:
    """Give modules, each named once, new values of parameters: to all of them or to none."""
    ready = [
        (module, {name: module._read_only(value) for name, value in own.items()})
        for module, own in changes
        if own
    ]
    with _lock:
        before = [(module, dict(module.__dict__)) for module, _ in ready]
        try:
            for module, own in ready:
                module._parameters = {**module._parameters, **own}
                module._parameters_replaced()
        except BaseException:  # memory, or Ctrl-C
            for module, attributes in before:
                module.__dict__.update(attributes)
            raise
