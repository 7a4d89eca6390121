#!/usr/bin/env python3
"""The names and defaults of every configuration that the families read, as their libraries have them.

    python make_keys.py > keys.json
"""
from __future__ import annotations

import dataclasses
import json
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import gguf  # noqa: E402
import peft  # noqa: E402
import transformers as T  # noqa: E402
from transformers.models.auto.configuration_auto import CONFIG_MAPPING  # noqa: E402

# By the name that the engine gives a family; a new one is one line here.
FAMILIES = ["llama", "mistral", "mixtral", "qwen2", "qwen3", "qwen2_moe", "qwen3_moe", "smollm3", "granite", "gpt2",
            "gemma2", "gemma3_text", "olmo2", "olmo3", "phi3", "gpt_oss", "stablelm", "cohere",
            "cohere2"]
WRAPPERS = ["gemma3"]


def members(cls) -> dict:
    """Each field of a class: its default as the class has it, before one field follows from another, and if it may be null."""
    base = set(T.PreTrainedConfig().to_dict())
    out = {}
    for field in dataclasses.fields(cls):
        default = field.default
        if default is dataclasses.MISSING:
            default = None
        if field.name in base and field.name not in cls.__annotations__:
            continue
        nullable = "None" in str(field.type)
        out[field.name] = {"default": default, "nullable": nullable}
    return dict(sorted(out.items()))


def gguf_names() -> list[str]:
    names = set()

    def walk(group):
        for name, value in vars(group).items():
            if isinstance(value, type) and not name.startswith("_"):
                walk(value)
            elif isinstance(value, str) and value.startswith("{arch}."):
                names.add(value.removeprefix("{arch}."))
    walk(gguf.Keys)
    return sorted(n for n in names if "{" not in n)


def main():
    json.dump({
        "versions": {"transformers": T.__version__, "peft": peft.__version__},
        "every": sorted(T.PreTrainedConfig().to_dict()),
        "sampling": sorted(T.GenerationConfig._get_default_generation_params()),
        "families": {name: members(CONFIG_MAPPING[name]) for name in FAMILIES},
        "aliases": {name: CONFIG_MAPPING[name].attribute_map for name in FAMILIES},
        "wrappers": {name: members(CONFIG_MAPPING[name]) for name in WRAPPERS},
        "rope": sorted(T.modeling_rope_utils.RopeParameters.__annotations__),
        "gguf": gguf_names(),
        "peft": sorted(f.name for f in dataclasses.fields(peft.LoraConfig)),
    }, sys.stdout, indent=1, sort_keys=False)
    print()


if __name__ == "__main__":
    main()
