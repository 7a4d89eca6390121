#!/bin/sh
# From nothing to Fixtures/models/circuits-5m: ./run.sh WORK, where WORK is a directory for the checkpoints. Start it again to resume.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${1:?a directory for the work}
model=$here/../models/circuits-5m
mkdir -p "$work" && work=$(cd "$work" && pwd)
cd "$here"
if [ ! -d "$work/venv" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -r requirements.txt
fi
py=$work/venv/bin/python
[ -d "$work/tokenizer" ] || $py make_tokenizer.py --out "$work/tokenizer"
nice -n 5 $py train.py --tokenizer "$work/tokenizer/tokenizer.json" --work "$work/run"
$py export.py --checkpoint "$work/run/checkpoint.pt" --tokenizer "$work/tokenizer" --out "$model" --run "$work/run.json"
$py evaluate.py "$model" --run "$work/run.json" --json "$work/figures.json"
$py circuits.py "$model"
$py card.py "$model" --figures "$work/figures.json"
$py make_bundled_references.py "$model" --out "$here/../../Tests/References/bundled"
