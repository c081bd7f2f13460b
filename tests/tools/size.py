"""size.py PROGRAM...: zips each program as Lambda takes it (a file named bootstrap), prints the sizes, and fails if
one is over the limit."""

import pathlib
import sys
import zipfile

LIMIT = 3_500_000  # bytes: a function is fetched at every cold start

too_large = False
for program in map(pathlib.Path, sys.argv[1:]):
    zipped = program.with_name(program.name + ".zip")
    # The same program gives the same file: no time of today in it.
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(entry, program.read_bytes(), compresslevel=9)
    size, bare = zipped.stat().st_size, program.stat().st_size
    too_large |= size > LIMIT
    verdict = "over the limit of" if size > LIMIT else "of at most"
    print(f"{zipped}: {size / 1e6:.2f} MB, {verdict} {LIMIT / 1e6:.2f} MB ({bare / 1e6:.2f} MB unzipped)")
sys.exit(too_large)
