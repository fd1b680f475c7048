"""What a recurrent network computes and how gradients flow back through it, step by step."""

from elman.explaining._gradient_flow import GradientFlow, gradient_flow
from elman.explaining._nonfinite import NonFinite

__all__ = ["GradientFlow", "NonFinite", "gradient_flow"]
