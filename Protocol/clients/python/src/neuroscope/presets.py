"""Hooks that are often wanted together."""

from __future__ import annotations

from collections.abc import Sequence

from .shapes import Hook


def create_circuit_analysis_hooks(layers: Sequence[int] = (5, 10, 15, 20)) -> list[Hook]:
    """Attention, mlp and residual of some layers, with ids such as `attention_5`."""
    return [
        {"layer_name": f"transformer.h.{layer}", "component": component, "hook_id": f"{component}_{layer}"}
        for layer in layers
        for component in ("attention", "mlp", "residual")
    ]
