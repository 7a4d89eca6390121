#!/usr/bin/env python3
"""How long a server takes from its start to its greeting, the model loaded: this build, and others in turn with it.

    python load.py MODEL [--rounds 15] [--against BINARY ...]

A build of another commit is found with its sources around it: it is started where it lies, and reads its files from there.
What is measured is a start whose model lies in the memory of the system; the first round is left out.
"""
import os
import pathlib
import statistics
import subprocess
import time

from peers import ours, parser


def seconds(binary, model):
    home = next(folder for folder in binary.parents if (folder / "Package.swift").exists())
    began = time.perf_counter()
    server = subprocess.Popen(
        [binary, "serve", "--model", model, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "NEUROSCOPE_HOME": str(home)})
    try:
        for line in server.stdout:
            if b"http://" in line:
                return time.perf_counter() - began
    finally:
        server.kill()
        server.wait()
    raise SystemExit(f"{binary} did not begin to serve")


def main():
    arguments = parser(__doc__)
    arguments.set_defaults(rounds=15)
    arguments.add_argument("--against", type=pathlib.Path, nargs="*", default=[])
    options = arguments.parse_args()
    model = options.model.resolve()
    builds = [build.resolve() for build in [ours(), *options.against]]
    times = {build: [] for build in builds}
    for number in range(options.rounds + 1):
        for build in builds:
            taken = seconds(build, model)
            if number:
                times[build].append(taken)
    own = statistics.median(times[builds[0]])
    for build, taken in times.items():
        median = statistics.median(taken)
        print(f"{median * 1000:8.1f} ms   {own / median:5.2f}   {build}")


main()
