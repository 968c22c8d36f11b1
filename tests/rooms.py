#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks of the sources.

    rooms.py arrows    includes point only up the list of folders (fovea_folders in CMakeLists.txt; codegen_folders for codegen's own)
    rooms.py names     no type is defined twice in one namespace
    rooms.py functions no function has more than 80 lines
    rooms.py operators no operator's name stands in quotes where fovea/graph/operators.h has it as a type
    rooms.py licenses  every source file names its license in its first line, or in the one after #!
    rooms.py packages  every package of packages.txt is listed once, with a reason, and is named in README.md or docs/dependencies.md
    rooms.py docs      every file and folder that a page names exists, as the target of a link or in the text, and links lead somewhere
    rooms.py figure FILE [--check]    the folders and their arrows as an SVG; --check: FILE must equal it

Exit status: 0 all holds, 1 something does not (each a line that says where).
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LONGEST = 80
LICENSE = "SPDX-License-Identifier: Apache-2.0"
COMMENTS = {"//": (".cc", ".h", ".c", ".td", ".fbs", ".js", ".mjs"), "#": (".py", ".sh", ".cmake", "CMakeLists.txt")}

# Words in quotes that are spelled like an operator and mean something else, by file or folder.
OTHER_WORDS = {
    "app/data_findings.cc": {"constant"},  # images of one color
    "app/quantize.cc": {"quantize"},  # a command
    "bench/kernels/kernel_bench.cc": {"conv", "dense"},  # names of layers
    "fovea/graph/model_metadata.cc": {"resize"},  # keys of JSON
    "fovea/passes/network/folded.cc": {"constant"},  # names of parameters
    "fovea/interchange/onnx/": {"constant", "floor", "ceil", "tanh"},  # values of ONNX's attributes
    "fovea/interchange/tflite/": {"constant"},  # what a message calls a tensor
    "fovea/models/architectures/": {"conv"},  # names of layers
    "fovea/models/registry.cc": {"dropout", "drop_connect"},  # options of networks
    "fovea/nn/convolution.cc": {"conv", "dense"},  # kinds of layers
    "fovea/nn/layers.cc": {"max_pool", "avg_pool", "reshape", "pad"},  # the same
    "fovea/nn/normalization.cc": {"batch_norm", "layer_norm", "group_norm", "dropout", "drop_connect"},  # the same
    "fovea/quant/": {"minimum", "maximum"},  # names of results
    "fovea/report/line_chart.cc": {"round"},  # how lines of an SVG are joined
}


def files_in(*folders):
    """The files of the repository below these folders; a file stands for itself."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", *folders],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout.splitlines()
    if not listed:  # an archive without git
        listed = [folder for folder in folders if os.path.isfile(os.path.join(ROOT, folder))]
        listed += [os.path.relpath(os.path.join(place, name), ROOT) for folder in folders
                   for place, _, names in os.walk(os.path.join(ROOT, folder)) for name in names if "node_modules" not in place]
    return sorted(path for path in listed if os.path.exists(os.path.join(ROOT, path)))


def sources(*folders):
    return [path for path in files_in(*folders) if path.endswith((".h", ".cc"))]


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def listed(variable):
    found = re.search(rf"set\({variable} ([^)]*)\)", text_of("CMakeLists.txt"))
    if not found:
        sys.exit(f"CMakeLists.txt has no list {variable}")
    return found.group(1).split()


def includes():
    """Pairs (file, what it includes) of the library and the program."""
    for path in sources("fovea", "app", "bench"):
        for included in re.findall(r'^#include "((?:fovea|app|bench)/[^"]+)"', text_of(path), re.MULTILINE):
            yield path, included


def room(path):
    """The folder in the list that a file belongs to; "" for fovea/fovea.h."""
    parts = path.split("/")
    if parts[0] == "app":
        return "app"
    if parts[0] == "bench":
        return "bench"
    return parts[1] if len(parts) > 2 else ""


def arrows():
    folders, inner = listed("fovea_folders") + ["bench", "app"], listed("codegen_folders")
    wrong = []
    for path, included in includes():
        here, there = room(path), room(included)
        if not here or not there:
            if there == "" and here:
                wrong.append(f"{path} includes {included}, which is for users")
            continue
        for name in (here, there):
            if name not in folders:
                sys.exit(f"{path} or {included} is in a folder that fovea_folders in CMakeLists.txt does not list: {name}")
        if folders.index(there) > folders.index(here):
            wrong.append(f"{path} includes {included}: {here} stands before {there}")
        if here == there == "codegen" and path.count("/") > 2 and included.count("/") > 2:
            mine, theirs = path.split("/")[2], included.split("/")[2]
            if inner.index(theirs) > inner.index(mine):
                wrong.append(f"{path} includes {included}: {mine} stands before {theirs}")
    return wrong


def stripped(text):
    """The text without comments, strings and preprocessor lines."""
    text = re.sub(r'R"(\w*)\((?:.|\n)*?\)\1"', '""', text)
    text = re.sub(r"//[^\n]*|/\*(?:.|\n)*?\*/", "", text)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])+\'', '""', text)
    return re.sub(r"^\s*#.*(?:\\\n.*)*", "", text, flags=re.MULTILINE)


def types_in(text):
    """Pairs (namespace, name) of every type that a file defines at namespace level, except those in unnamed namespaces."""
    scopes, at = [], 0  # of open braces: a namespace's name, or None
    token = re.compile(r"[{};]")
    start = 0
    for match in token.finditer(text):
        at = match.start()
        head = text[start:at]
        start = match.end()
        if match.group() == "}":
            if scopes:
                scopes.pop()
            continue
        if match.group() == ";":
            using = re.fullmatch(r"\s*using\s+(\w+)\s*=(?:.|\n)*", head)
            if using and None not in scopes:
                yield "::".join(scopes), using.group(1)
            continue
        named = re.search(r"\bnamespace\s+([\w:]*)\s*$", head)
        if named:
            scopes.append(named.group(1) or "(unnamed)")
            continue
        kind = re.search(r"(?:^|\s)(?:struct|class|enum\s+class|enum|union)\s+(?:\w+\s+)*?(\w+)\s*(?:final\s*)?(?::[^:](?:.|\n)*)?$", head)
        if kind and None not in scopes and "template" not in head and "(" not in head.split(kind.group(0))[0][-40:]:
            yield "::".join(scopes), kind.group(1)
        scopes.append(None)


def names():
    found = {}
    for path in sources("fovea", "app", "bench"):
        for namespace, name in types_in(stripped(text_of(path))):
            if "(unnamed)" not in namespace:
                found.setdefault((namespace, name), []).append(path)
    return [f"{namespace}::{name} is defined in {' and in '.join(paths)}" for (namespace, name), paths in sorted(found.items()) if len(set(paths)) > 1]


def kept_lines(pattern, text, instead):
    """The text with what matches replaced, and its line ends kept."""
    return re.sub(pattern, lambda match: instead + "\n" * match.group().count("\n"), text, flags=re.MULTILINE)


def functions_in(text):
    """Triples (head, first line, lines) of every function with a body, members included."""
    for pattern, instead in ((r'R"(\w*)\((?:.|\n)*?\)\1"', '""'), (r"//[^\n]*|/\*(?:.|\n)*?\*/", ""),
                             (r'"(?:\\.|[^"\\\n])*"|(?<![\w])\'(?:\\.|[^\'\\\n])+\'', '""'), (r"^\s*#.*(?:\\\n.*)*", "")):
        text = kept_lines(pattern, text, instead)
    scopes, start = [], 0  # of open braces: where a function's head begins, True for a namespace or type, False for others
    for match in re.finditer(r"[{};]", text):
        head = text[start:match.start()]
        start = match.end()
        if match.group() == "{":
            outside = all(scope is True for scope in scopes)
            if outside and re.search(r"\b(?:namespace|struct|class|enum|union)\b[^()]*$", head):
                scopes.append(True)
            else:
                scopes.append(match.start() - len(head.lstrip()) if outside and "(" in head else False)
        elif match.group() == "}" and scopes:
            begun = scopes.pop()
            if begun is not True and begun is not False:
                yield " ".join(text[begun:text.index("{", begun)].split()), text.count("\n", 0, begun) + 1, text.count("\n", begun, match.start()) + 1


def functions():
    found = [(path, *function) for path in sources("fovea", "app", "bench") for function in functions_in(text_of(path))]
    if len(found) < 3000:
        sys.exit(f"{len(found)} functions are found in fovea, app and bench; the pattern no longer fits")
    return [f"{path}:{line}: {head[:80]} has {lines} lines; at most {LONGEST} are wanted" for path, head, line, lines in found if lines > LONGEST]


def operators():
    declared = "\n".join(text_of(path) for path in files_in("fovea/dialect") if path.endswith(".td"))
    known = set(re.findall(r':\s*Fovea_\w*Op(?:erator)?<"(\w+)"', declared))
    if len(known) < 50:
        sys.exit(f"{len(known)} operators are found in fovea/dialect; the pattern no longer fits")
    wrong = []
    for path in sources("fovea/graph", "fovea/nn", "fovea/models", "fovea/inference", "fovea/interchange", "fovea/report", "fovea/quant",
                        "fovea/deploy", "fovea/workflows", "app", "bench"):
        allowed = set().union(*(words for place, words in OTHER_WORDS.items() if path.startswith(place)))
        for number, line in enumerate(text_of(path).splitlines(), 1):
            for word in re.findall(r'(?<!\\)"(\w+)"', re.sub(r"//.*", "", line)):
                if word in known - allowed:
                    wrong.append(f'{path}:{number}: "{word}" is an operator, which fovea/graph/operators.h has as a type; if it is not meant, '
                                 "OTHER_WORDS in tests/rooms.py says so")
    return wrong


def first_lines(path):
    """The first two lines, in any encoding."""
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return [file.readline().rstrip("\n"), file.readline().rstrip("\n")]


def licenses():
    wrong = []
    for path in files_in("dev", ".ci", "CMakeLists.txt", "app", "bench", "cmake", "examples", "fovea", "fuzz", "tests"):
        if path.startswith("fuzz/corpus/"):
            continue
        lines = first_lines(path)
        script = lines[0].startswith("#!")
        marks = [mark for mark, endings in COMMENTS.items() if path.endswith(endings)] or (["#"] if script else [])
        if marks and lines[1 if script else 0] != f"{marks[0]} {LICENSE}":
            wrong.append(f"{path}: line {2 if script else 1} is to be \"{marks[0]} {LICENSE}\"")
    return wrong


def packages():
    wrong, seen, section = [], set(), ""
    pages = [page for page in ("README.md", "docs/dependencies.md") if os.path.exists(os.path.join(ROOT, page))]
    told = "\n".join(text_of(page) for page in pages)
    for number, line in enumerate(text_of("packages.txt").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line
            continue
        name, _, reason = line.partition(" ")
        if not section:
            wrong.append(f"packages.txt:{number}: {name} is in no section")
        if not reason.strip():
            wrong.append(f"packages.txt:{number}: {name} has no reason")
        if name in seen:
            wrong.append(f"packages.txt:{number}: {name} stands there twice")
        seen.add(name)
        if not re.search(rf"(?<![\w.+-]){re.escape(name)}(?![\w+-])", told):
            wrong.append(f"packages.txt:{number}: {name} is not named in {' or '.join(pages)}")
    return wrong


def prose(page):
    """Pairs (line number, line) of a page without what is fenced as code."""
    fenced = False
    for number, line in enumerate(text_of(page).splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def docs():
    """Names in capitals (FAMILY_models) stand for others, and a name without folders may be that of any file."""
    files = set(files_in("."))
    names = {"/".join(parts[i:]) for parts in (path.split("/") for path in files) for i in range(len(parts))}
    folders = {"/".join(parts[:i]) for parts in (path.split("/") for path in files) for i in range(len(parts))}
    top = "|".join(sorted(re.escape(folder) for folder in folders if folder and "/" not in folder))
    others = {"stb_image.h", "linux/videodev2.h"}  # a Debian package's and the kernel's
    wrong = []
    for page in sorted(path for path in files if path.endswith(".md")):
        for number, line in prose(page):
            text = re.sub(r"\]\([^)]*\)", "]", line)
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub("`[^`]*`", "", line)):
                path = os.path.normpath(os.path.join(os.path.dirname(page), target))
                if "://" not in target and path not in files | folders:
                    wrong.append(f"{page}:{number}: there is no {target} to link to")
            for named in re.findall(rf"(?<![\w./~$*<>-])(?:{top})/[\w./*-]*", text):
                named = named.rstrip("./,")
                pattern = re.compile(re.escape(named).replace(r"\*", "[^/]*"))
                if not re.search(r"[A-Z]{3}", named) and not any(pattern.fullmatch(path) for path in files | folders):
                    wrong.append(f"{page}:{number}: there is no {named}")
            for named in re.findall(r"(?<![\w./~$*<>-])[\w./-]*\w\.(?:cc|h|mlir|ll|td|py|sh|cmake)\b", text):
                if named not in names | others and not re.search(r"[A-Z]{3}", named):
                    wrong.append(f"{page}:{number}: there is no file {named}")
    return wrong


def figure():
    """Draws the folders from the bottom up, with an arrow to each folder that is used directly and through no other."""
    folders = listed("fovea_folders") + ["app"]
    uses = {folder: set() for folder in folders}
    for path, included in includes():
        here, there = room(path), room(included)
        if here in uses and there in uses and here != there:
            uses[here].add(there)
    def below(folder):
        result = set()
        for other in uses[folder]:
            result |= {other} | below(other)
        return result
    direct = {f: sorted(o for o in uses[f] if not any(o in below(p) for p in uses[f] if p != o)) for f in folders}
    level = {}
    for folder in folders:
        level[folder] = 1 + max((level[o] for o in uses[folder]), default=-1)
    rows = {}
    for folder in folders:
        rows.setdefault(level[folder], []).append(folder)
    width, height, across = 104, 64, max(map(len, rows.values()))
    place = {}
    for floor, members in rows.items():
        for i, folder in enumerate(members):
            place[folder] = (24 + (i + (across - len(members)) / 2) * (width + 24), 24 + (max(rows) - floor) * height)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {48 + across * (width + 24) - 24:.0f} {48 + max(rows) * height + 32}" font-family="sans-serif" font-size="14">',
           '<title>The folders of fovea and what each is built on</title>',
           '<rect width="100%" height="100%" fill="#fff"/>',
           '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#667"/></marker></defs>']
    for folder in folders:
        x, y = place[folder]
        for other in direct[folder]:
            u, v = place[other]
            out.append(f'<path d="M{x + width / 2:.0f} {y + 32} L{u + width / 2:.0f} {v - 1}" stroke="#667" fill="none" marker-end="url(#tip)"/>')
    for folder in folders:
        x, y = place[folder]
        out.append(f'<rect x="{x:.0f}" y="{y}" width="{width}" height="32" rx="5" fill="#eef3fb" stroke="#34567a"/>'
                   f'<text x="{x + width / 2:.0f}" y="{y + 21}" text-anchor="middle" fill="#123">{folder}</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    if sys.argv[1:2] == ["figure"] and len(sys.argv) > 2:
        drawn = figure()
        if "--check" in sys.argv:
            if text_of(sys.argv[2]) != drawn:
                print(f"{sys.argv[2]} is not the folders as they are; tests/rooms.py figure {sys.argv[2]} draws them")
                return 1
            return 0
        with open(sys.argv[2], "w", encoding="utf-8") as file:
            file.write(drawn)
        return 0
    checks = {"arrows": arrows, "names": names, "functions": functions, "operators": operators, "licenses": licenses, "packages": packages, "docs": docs}
    if len(sys.argv) != 2 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    wrong = checks[sys.argv[1]]()
    print("\n".join(wrong) or f"{sys.argv[1]}: all as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
