#!/usr/bin/env python3
"""Holds the packaged functions to tests/costs/limits.json: limits.py ARCHITECTURE VALGRIND

The size of each zip, since a function is fetched at every cold start; what a function is linked with; and how many
instructions it takes from its start until it asks for its first event, which VALGRIND (callgrind) counts: noise does not change
them by more than a thousandth.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

folder, valgrind = Path("target/package", sys.argv[1]), sys.argv[2]
limits = json.loads(Path("tests/costs/limits.json").read_text())["packages"]
wrong = []


def hold(function, what, count, most):
    print(f"{function}: {count} {what}, of at most {most}")
    if count > most:
        wrong.append(f"{function} has {count} {what}: find out why, or raise its limit in tests/costs/limits.json")


def linked_with(function, binary):
    """Drivers and clients of AWS leave the paths of their sources in a binary, for panics."""
    engine, other = ("postgres", "mysql") if function.startswith("postgres") else ("mysql", "postgres")
    crates = {
        f"sqlx-{engine}": True,
        f"sqlx-{other}": False,
        "aws-sdk-secretsmanager": True,
        "aws-sdk-rds": function != "mysql-dual-password",
        # Only the SDK's own way to find credentials needs it, which is not used.
        "aws-sdk-sts": False,
    }
    for crate, is_wanted in crates.items():
        if (f"/{crate}-".encode() in binary) != is_wanted:
            wrong.append(f"{function} {'is not' if is_wanted else 'is'} linked with {crate}")


def instructions(function):
    """Until the first request of the Runtime API comes."""
    with socket.create_server(("127.0.0.1", 0)) as api, tempfile.TemporaryDirectory() as counts:
        api.settimeout(60)
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.getsockname()[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        if "VALGRIND_LIB" in os.environ:
            environment["VALGRIND_LIB"] = os.environ["VALGRIND_LIB"]
        command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={counts}/counts", folder / function / "bootstrap"]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            client, _ = api.accept()
            request = client.recv(100)
            assert request.startswith(b"GET /2018-06-01/runtime/invocation/next"), request
        finally:
            process.terminate()
            said = process.communicate()[1]
    return int(re.search(r"Collected : (\d+)", said)[1])


for function, most in limits.items():
    hold(function, "bytes zipped", (folder / f"{function}.zip").stat().st_size, most["bytes"])
    linked_with(function, (folder / function / "bootstrap").read_bytes())
    hold(function, "instructions from start to ready", instructions(function), most["instructions"])
for problem in wrong:
    print(problem, file=sys.stderr)
sys.exit(bool(wrong))
