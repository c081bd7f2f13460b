#!/usr/bin/env python3
"""Fails where a page links to what does not exist, or names such a file of this repository.

    check-links.py FOLDER

Looks at each `.md` file below FOLDER: at relative links, with their anchors, and at paths in backticks that begin with a folder
of FOLDER. Links to the web are not followed.
"""

import pathlib
import re
import sys

LEFT_OUT = {".git", "dist", "node_modules", "target"}
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
PATH = re.compile(r"`((?:\.ci|crates|docs|events|examples|fuzz|tests)/[\w./-]+)`")


def prose(text):
    """Without blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    """GitHub's: lower case, punctuation left out, blanks as hyphens, the second of a name with `-1`."""
    found = set()
    for heading in re.findall(r"^#+ +(.*)$", prose(page.read_text()), flags=re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        same = sum(1 for number in range(len(found) + 1) if (f"{anchor}-{number}" if number else anchor) in found)
        found.add(f"{anchor}-{same}" if same else anchor)
    return found


def problems(root, page):
    text = prose(page.read_text())
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"links to {target}, and there is no such file"
        elif anchor and anchor not in anchors(file):
            yield f"links to {target}, and that page has no such heading"
    for path in PATH.findall(text):
        # NAME stands for a name.
        if not re.search(r"\b[A-Z]{4}", path) and not (root / path).exists():
            yield f"names {path}, and there is no such file"


def main(root):
    pages = sorted(page for page in root.rglob("*.md") if not LEFT_OUT & set(page.relative_to(root).parts))
    if not pages:
        sys.exit(f"check-links: {root} has no pages")
    found = [f"{page.relative_to(root)} {problem}" for page in pages for problem in problems(root, page)]
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        sys.exit("check-links: correct these links and names")
    print(f"check-links: all links of {len(pages)} pages lead to something")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
