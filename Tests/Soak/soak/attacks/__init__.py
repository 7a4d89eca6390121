"""The attacks; adding one is a function in one of the files and its name here.

Each is `attack(attacker)`: it does what its docstring says until `attacker.goes_on` is false, differently for every seed.
"""

from .bodies import deep_json, gzip_bombs, odd_ids, wide_json
from .models import cut_models, damaged_models, hostile_patterns, hostile_templates, replaced_models
from .queues import crowded_decoding, long_prompts, paused_runs, sweeps
from .recordings import forks, odd_files, readers_of_recordings, recorded_runs, replays
from .runs import concurrent_changes, hook_changes, many_hooks
from .texts import left_prompts, long_texts
from .viewers import churn, deaf_downloads, deaf_viewers, signals, slow_requests, socket_floods

ATTACKS = [
    left_prompts, long_texts, sweeps, deep_json, wide_json, hostile_templates, hostile_patterns, concurrent_changes,
    many_hooks, paused_runs, cut_models, damaged_models, replaced_models, odd_files, hook_changes, long_prompts,
    crowded_decoding, gzip_bombs, signals, recorded_runs, forks, odd_ids, deaf_viewers, deaf_downloads,
    readers_of_recordings, replays, socket_floods, slow_requests, churn,
]
