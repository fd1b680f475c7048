"""onnxruntime and OpenVINO, as they are measured: both run the same ONNX model.

A single step is a run of one time step from the same state each time: the copying of the state from
one step to the next is spared them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from problems import Array, Problem
from rival import Rival


class OnnxRuntime(Rival):
    """onnxruntime's RNN, GRU and LSTM, their weights constants, which it packs once."""

    library = "onnxruntime"
    trains = False
    pause = 0.06  # its threads keep a core busy for 40 ms

    def __init__(self, problem: Problem, threads: int) -> None:
        import onnxruntime
        from onnx_model import onnx_inputs, onnx_model

        super().__init__(problem, threads)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(onnx_model(problem), options)
        self._inputs = onnx_inputs(problem)

    def forward(self, times: int) -> Any:
        run, inputs, result = self._session.run, self._inputs, None
        for _ in range(times):
            result = run(None, inputs)
        return result

    def output(self) -> Array:
        return np.asarray(self.forward(1)[0])


class OpenVino(Rival):
    """OpenVINO's compiled model: tuned for latency, float32, input tensors that share memory."""

    library = "openvino"
    trains = False

    def __init__(self, problem: Problem, threads: int) -> None:
        import openvino
        from onnx_model import onnx_inputs, onnx_model

        super().__init__(problem, threads)
        options = {
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
        }
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(onnx_model(problem)), "CPU", options)
        self._request = compiled.create_infer_request()
        self._inputs = onnx_inputs(problem)
        for name, value in self._inputs.items():
            self._request.set_tensor(name, openvino.Tensor(value, shared_memory=True))

    def forward(self, times: int) -> Any:
        run, result = self._request.infer, None
        for _ in range(times):
            result = run(share_outputs=True)
        return result

    def output(self) -> Array:
        return np.array(self.forward(1)[0])
