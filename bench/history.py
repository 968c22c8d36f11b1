#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps the history of benchmarks and writes the tables of it that the documents show.

    history.py record training|inference FOVEA < FIGURES    appends the figures, one JSON object, to bench/results/KIND.jsonl
    history.py tables [--check]                             writes the tables into README.md and docs/results.md, or reports stale ones

The lines of commit 374e943 were copied from the tables of that commit. Any other line is what a script of bench/peers measured in one run,
alternating between fovea and its peer, with the date, the commit (with a "+" if the tree had uncommitted changes), the processor and the number of
threads. Lines are never edited; a table shows the newest line of each row.
The exit status is 0; 1 if --check finds a table that differs from the history; 2 for bad usage.
"""
import datetime
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENTS = ["README.md", "docs/results.md"]
# The usual names of microarchitectures, by LLVM's names.
PROCESSORS = {"znver3": "Zen 3", "znver4": "Zen 4", "znver5": "Zen 5"}


def git(*words):
    return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=True).stdout.strip()


def record(kind, fovea):
    figures = json.load(sys.stdin)
    version = json.loads(subprocess.run([fovea, "--version", "--json"], capture_output=True, text=True, check=True).stdout)
    dirty = "+" if git("status", "--porcelain", "--untracked-files=no", "--", "fovea", "app", "bench/kernels") else ""
    line = {"date": datetime.date.today().isoformat(), "commit": git("rev-parse", "--short=7", "HEAD") + dirty,
            "processor": version["processor"]["name"], **figures}
    os.makedirs(f"{ROOT}/bench/results", exist_ok=True)
    with open(f"{ROOT}/bench/results/{kind}.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def history(kind):
    with open(f"{ROOT}/bench/results/{kind}.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def newest(lines, *keys):
    """The newest line of each row, in the order in which rows first appeared."""
    rows = {}
    for line in lines:
        rows[tuple(line[key] for key in keys)] = line
    return list(rows.values())


def place(line):
    return PROCESSORS.get(line["processor"], line["processor"])


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def training_table(models):
    rows = [line for line in newest(history("training"), "model", "batch", "dtype") if not models or line["model"] in models]
    text = ["| model, batch | type | fovea, images/s | peer, images/s | ratio | peer is | measured |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for line in rows:
        text.append(f"| {line['model']}, {line['batch']} | {line['dtype']} | {number(line['fovea'])} | {number(line['theirs'])} | "
                    f"{line['fovea'] / line['theirs']:.2f} | {line['peer']} | {line['date']}, {place(line)} |")
    return text


def inference_table(models):
    rows = [line for line in newest(history("inference"), "model", "batch", "dtype", "threads")
            if not models or (line["model"] in models and line["threads"] == 2)]
    share = not models
    text = ["| network | type | threads | fovea, ms | peer, ms | ratio |" + (" share of peak |" if share else "") + " peer is | measured |",
            "| --- | --- | --- | --- | --- | --- |" + (" --- |" if share else "") + " --- | --- |"]
    for line in rows:
        peak = f" {line['peak_share']:.0%} |" if share else ""
        text.append(f"| {line['model']} | {line['dtype']} | {line['threads']} | {number(line['fovea'])} | {number(line['theirs'])} | "
                    f"{line['theirs'] / line['fovea']:.2f} |{peak} {line['peer']} | {line['date']}, {place(line)} |")
    return text


TABLES = {"training": training_table, "inference": inference_table}


def tables(check):
    """Each `<!-- bench: KIND [MODEL ...] -->` is followed by its table, up to `<!-- bench end -->`."""
    stale = []
    for name in DOCUMENTS:
        with open(f"{ROOT}/{name}", encoding="utf-8") as file:
            before = file.read()

        def table(match):
            kind, *models = match[1].split()
            return f"<!-- bench: {match[1]} -->\n" + "\n".join(TABLES[kind](models)) + "\n<!-- bench end -->"

        after = re.sub(r"<!-- bench: ([^>]*?) -->\n.*?<!-- bench end -->", table, before, flags=re.S)
        if after == before:
            continue
        stale.append(name)
        if not check:
            with open(f"{ROOT}/{name}", "w", encoding="utf-8") as file:
                file.write(after)
    if check and stale:
        sys.exit(f"{', '.join(stale)}: a table is not what bench/results says; run bench/history.py tables")


def main():
    words = sys.argv[1:]
    if len(words) == 3 and words[0] == "record" and words[1] in TABLES:
        record(words[1], words[2])
    elif words in (["tables"], ["tables", "--check"]):
        tables(check=len(words) == 2)
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
