#!/usr/bin/env python3
"""Fails where files of a crate import each other in a circle, and prints each circle.

    import-circles.py crates/rotation crates/databases ...

Reads `use` declarations. A re-export (`pub use`) is no import: an import through it leads to the file that defines the
item. Modules inside a file (`mod tests { ... }`) belong to their file.
"""

import pathlib
import re
import sys

PATH = re.compile(r"^\s*(?P<pub>pub(?:\([^)]*\))?\s+)?use\s+(?P<tree>[^;]+);", re.MULTILINE)


def without_comments(text):
    """Without strings, too, since those may hold braces."""
    text = re.sub(r'b?r(#*)".*?"\1|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\\\'])\'|//[^\n]*', "", text, flags=re.DOTALL)
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def bodies(text):
    """The text without its inline modules, then each of those, with the number of `super` that lead to the file."""
    outer, inner = "", []
    while match := re.search(r"\bmod\s+\w+\s*\{", text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        inner += [(body, 1 + up) for body, up in bodies(text[match.end() : end - 1])]
        outer, text = outer + text[: match.start()], text[end:]
    return [(outer + text, 0), *inner]


def flat(tree):
    """The paths of a use tree: `a::{b, c::d}` is `a::b` and `a::c::d`; each with the name that it brings."""
    tree = tree.strip()
    opening = tree.find("{")
    if opening < 0:
        path, _, alias = tree.partition(" as ")
        segments = [segment.strip() for segment in path.split("::")]
        yield segments, (alias.strip() or segments[-1])
        return
    before = [segment for segment in tree[:opening].replace(" ", "").split("::") if segment]
    depth, start, inside = 0, 0, tree[opening + 1 : tree.rfind("}")]
    for position, letter in enumerate(inside + ","):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            part, start = inside[start:position].strip(), position + 1
            if part:
                for segments, name in flat(part):
                    yield before + segments, (before[-1] if segments == ["self"] else name)


def module_of(file, source):
    parts = list(file.relative_to(source).with_suffix("").parts)
    return tuple(parts[:-1] if parts[-1] in ("lib", "main", "mod") else parts)


class Crate:
    def __init__(self, folder):
        self.source = folder / "src" if (folder / "src").is_dir() else folder
        self.files = {}
        self.imports, self.exports = {}, {}
        for file in sorted(self.source.rglob("*.rs")):
            if "bin" in file.relative_to(self.source).parts:
                continue
            module = module_of(file, self.source)
            # A library beside a program: the program imports it by name.
            if file.name == "main.rs" and (file.parent / "lib.rs").exists():
                continue
            self.files[module] = file
        for module, file in self.files.items():
            self.imports[module], self.exports[module] = [], {}
            for body, depth in bodies(without_comments(file.read_text())):
                self.read(module, body, depth)

    def read(self, module, body, depth):
        for match in PATH.finditer(body):
            for segments, name in flat(" ".join(match["tree"].split())):
                if depth and segments[:depth] == ["super"] * depth:
                    self.imports[module].append(["self", *segments[depth:]])
                elif depth and segments[0] in ("self", "super"):
                    pass  # Does not leave the file.
                elif match["pub"] and not depth:
                    self.exports[module][name] = segments
                else:
                    self.imports[module].append(segments)

    def absolute(self, module, segments):
        """The path from the crate's root; none for another crate's."""
        base = list(module)
        if segments[0] == "crate":
            base = []
        elif segments[0] == "super":
            base = base[:-1]
        elif segments[0] == "self":
            pass
        elif tuple(base + segments[:1]) in self.files:
            return base + segments
        else:
            return None
        rest = segments[1:]
        while rest and rest[0] == "super":
            base, rest = base[:-1], rest[1:]
        return base + rest

    def defining(self, module, segments, seen=()):
        """The module whose file defines what this path names."""
        path = self.absolute(module, segments)
        if path is None:
            return None
        length = next(n for n in range(len(path), -1, -1) if tuple(path[:n]) in self.files)
        target, rest = tuple(path[:length]), path[length:]
        export = self.exports[target].get(rest[0]) if rest else None
        if export and (target, rest[0]) not in seen:
            return self.defining(target, export + rest[1:], (*seen, (target, rest[0]))) or target
        return target

    def edges(self):
        edges = {module: set() for module in self.files}
        for module, imports in self.imports.items():
            for segments in imports:
                target = self.defining(module, segments)
                if target is not None and target != module:
                    edges[module].add(target)
        return edges

    def circles(self):
        """Tarjan's strongly connected components of more than one file."""
        edges, index, low, stack, found = self.edges(), {}, {}, [], []

        def visit(node):
            index[node] = low[node] = len(index)
            stack.append(node)
            for target in sorted(edges[node]):
                if target not in index:
                    visit(target)
                    low[node] = min(low[node], low[target])
                elif target in stack:
                    low[node] = min(low[node], index[target])
            if low[node] == index[node]:
                component = stack[stack.index(node) :]
                del stack[stack.index(node) :]
                if len(component) > 1:
                    found.append({one: sorted(edges[one] & set(component)) for one in sorted(component)})

        for node in sorted(edges):
            if node not in index:
                visit(node)
        return found


def main(folders):
    wrong = 0
    for folder in map(pathlib.Path, folders):
        crate = Crate(folder)
        if not crate.files:
            sys.exit(f"import-circles: {folder} has no Rust files")
        for circle in crate.circles():
            wrong += 1
            print(f"{folder}: these files import each other in a circle:", file=sys.stderr)
            for module, targets in circle.items():
                names = ", ".join(str(crate.files[target].relative_to(folder)) for target in targets)
                print(f"  {crate.files[module].relative_to(folder)} imports {names}", file=sys.stderr)
    if wrong:
        sys.exit("import-circles: move what both need into a file of its own, which imports neither")


if __name__ == "__main__":
    main(sys.argv[1:])
