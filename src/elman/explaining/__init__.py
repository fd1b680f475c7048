"""Every number of a recurrent network, explained: as text, as HTML, as JSON, as arrays.

    >>> import elman, numpy as np
    >>> trace = elman.explain(elman.nn.GRU(3, 2), np.ones((4, 3), np.float32))
    >>> trace.gates["z"].shape
    (1, 4, 2)

The package is not called explain, as that is the function.
"""

from elman.explaining._explain import explain
from elman.explaining._gradient_flow import GradientFlow, gradient_flow
from elman.explaining._trace import Trace

__all__ = ["GradientFlow", "Trace", "explain", "gradient_flow"]
