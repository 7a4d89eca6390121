"""The server for clients that want structured answers: the bundled model, and the same with a template that knows of calls."""

import atexit
import json
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from server import Server  # noqa: E402

BUNDLED = HERE.parents[2] / "Fixtures/models/circuits-5m"

#: Calls as Hermes and Qwen write them.
TEMPLATE = """{% if tools %}<|im_start|>system
Call with <tool_call>: {{ tools | length }} {% for tool in tools %}{{ tool.function.name }} {{ tool.function.description }} {% endfor %}<|im_end|>
{% endif %}{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}{% for call in message.tool_calls or [] %}{{ call.function.name }}{{ call.function.arguments }}{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""

_shared = None


def shared():
    """The server that all tests use."""
    global _shared
    if _shared is None:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="neuroscope-calls-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for file in BUNDLED.iterdir():
            shutil.copy(file, folder / file.name)
        config = json.loads((folder / "tokenizer_config.json").read_text())
        config["chat_template"] = TEMPLATE
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        _shared = Server("--models-dir", str(folder))
        _shared.json("POST", "/v1/models/load", {"model_path": str(folder), "model_id": "calls"})
    return _shared
