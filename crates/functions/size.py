#!/usr/bin/env python3
"""Holds the zips of target/package/ARCHITECTURE to tests/costs/limits.json, and each binary to what its function needs.

size.py ARCHITECTURE. A function is fetched at every cold start. The drivers and clients of AWS leave the paths of their
sources in a binary, for panics: so it shows what was linked.
"""

import json
import sys
from pathlib import Path

folder = Path("target/package", sys.argv[1])
limits = json.loads(Path("tests/costs/limits.json").read_text())["zips"]
failed = False
for function, most in limits.items():
    size = (folder / f"{function}.zip").stat().st_size
    print(f"{function}: {size} bytes zipped, of at most {most}")
    if size > most:
        print(f"{function} is too large: see `cargo bloat`, or raise its limit in tests/costs/limits.json", file=sys.stderr)
        failed = True
    binary = (folder / function / "bootstrap").read_bytes()
    engine, other = ("postgres", "mysql") if function.startswith("postgres") else ("mysql", "postgres")
    wanted = {f"sqlx-{engine}": True, f"sqlx-{other}": False, "aws-sdk-secretsmanager": True}
    # Only the SDK's own way to find credentials needs it, which is not used.
    wanted["aws-sdk-sts"] = False
    wanted["aws-sdk-rds"] = function != "mysql-dual-password"
    for crate, is_wanted in wanted.items():
        if (f"/{crate}-".encode() in binary) != is_wanted:
            print(f"{function} {'lacks' if is_wanted else 'holds'} {crate}", file=sys.stderr)
            failed = True
sys.exit(failed)
