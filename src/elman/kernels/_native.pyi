from typing import Any

from elman._typing import FloatArray, IntArray

PAIRS_PER_BLOCK: int
SUMMATION_ORDER: int

class _Run:
    def backward(
        self,
        d_output: Any = None,
        d_state_n: Any = None,
        gradients: list[FloatArray] | None = None,
    ) -> tuple[Any, Any, list[FloatArray]] | None: ...

class _CellRun:
    def backward(self, d_state_n: Any) -> tuple[Any, Any, list[FloatArray]] | None: ...

class _Network:
    def __init__(
        self,
        weights: list[FloatArray],
        initial: list[FloatArray],
        *,
        cell: str,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        bias: bool,
        proj_size: int,
    ) -> None: ...
    def sizes(
        self, x: Any, state: Any = None, lengths: Any = None, batch_first: bool = False
    ) -> tuple[int, int, IntArray | None] | None: ...
    def run(
        self,
        x: Any,
        state: Any = None,
        lengths: Any = None,
        masks: Any = None,
        keep: bool = False,
        batch_first: bool = False,
    ) -> Any: ...
    def cell(self, x: Any, state: Any = None, keep: bool = False) -> Any: ...
    def step(
        self, x_t: Any, state: tuple[FloatArray, ...], out: FloatArray | None = None
    ) -> FloatArray | None: ...
    @property
    def weights(self) -> list[FloatArray]: ...
    @property
    def initial(self) -> list[FloatArray]: ...
    @property
    def kept_values(self) -> int: ...

class NetworkFloat32(_Network): ...
class NetworkFloat64(_Network): ...

def isa() -> str: ...
def threads() -> int: ...
def times_parted() -> int: ...
def after_fork_in_child() -> None: ...
def before_exit() -> None: ...
