"""Measures publishing: the bot and its peers, one after the other, against one S3 server; see README.md.

OBJECTS=1000 for smaller worlds, ONLY=stale,s5cmd for some scenarios or peers, PATIENCE=60 seconds for each.
"""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from peers import environment, lister, peers

TOOLS, BOT = Path(sys.argv[1]), Path(sys.argv[2])
OBJECTS = int(os.environ.get("OBJECTS", 10_000))
ONLY = [it.strip() for it in os.environ.get("ONLY", "").split(",") if it.strip()]
PATIENCE = float(os.environ.get("PATIENCE", 300))
SAMPLE_EVERY = 0.01
GIB = 1 << 30


@dataclass
class Scenario:
    name: str
    title: str
    world: dict
    # Publish once, unmeasured, then change one object in a hundred.
    again: bool = False
    # The least that the server allows, in seconds; 0: it does not say.
    least: float = 0


def scenarios():
    stale = {"objects": OBJECTS, "stale": OBJECTS - 10}
    rate = 3500
    limited = {**stale, "writes-per-second": rate}
    return [
        Scenario("stale", f"{OBJECTS:,} objects over {OBJECTS - 10:,} stale ones", stale),
        Scenario("limit", f"The same, {rate:,} writes a second in fixed windows", limited, least=OBJECTS / rate),
        Scenario("bucket", f"The same, {rate:,} writes a second by a bucket of tokens", {**limited, "limiter": "bucket"}, least=OBJECTS / rate),
        Scenario("large", "One object of 6.5 GiB, 200 MB/s for each call", {"objects": 1, "stale": 0, "tables": 1, "size": int(6.5 * GIB), "bytes-per-second": "200e6"}),
        Scenario("again", f"{OBJECTS:,} objects once more, 1 % of them changed", {"objects": OBJECTS, "stale": 0, "encrypted": "yes"}, again=True),
        Scenario("many", f"{OBJECTS * 10:,} objects over {OBJECTS * 10 - 10:,} stale ones", {"objects": OBJECTS * 10, "stale": OBJECTS * 10 - 10}),
    ]


class Server:
    """The S3 server, from its start to the end of the `with`."""

    def __enter__(self):
        program = TOOLS / "rust" / "release" / "bench-s3"
        self.process = subprocess.Popen([program, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def door(self, name, **query):
        asked = "&".join(f"{key}={value}" for key, value in query.items())
        with urllib.request.urlopen(f"{self.url}/_{name}?{asked}") as answer:
            text = answer.read()
        return json.loads(text) if text else {}

    def world(self, wanted):
        """Begins anew, with defaults for what is not wanted."""
        defaults = {"tables": 20, "size": 65536, "bytes-per-second": 0, "writes-per-second": 0, "limiter": "fixed", "encrypted": "no"}
        self.door("world", **{**defaults, **wanted})


class Memory(threading.Thread):
    """The most memory that a process and those that it has started have had: the sum of their high-water marks."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.marks, self.over = pid, {}, threading.Event()

    def run(self):
        while not self.over.wait(SAMPLE_EVERY):
            self.look(self.pid)

    def look(self, pid):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return
        mark = [line for line in status.splitlines() if line.startswith("VmHWM")]
        if mark:
            self.marks[pid] = int(mark[0].split()[1])
        for child in children:
            self.look(child)

    def mib(self):
        self.over.set()
        self.join()
        return sum(self.marks.values()) / 1024


@dataclass
class Outcome:
    seconds: float
    mib: float
    fails: str


def run(peer, url):
    """Runs the peer to its end, or to the end of the patience."""
    begun = time.monotonic()
    process = subprocess.Popen(
        peer.command, env={**environment(url), **peer.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    memory = Memory(process.pid)
    memory.start()
    try:
        _, stderr = process.communicate(timeout=PATIENCE)
        told = (stderr.strip().splitlines() or ["it says nothing"])[-1]
        told = told if len(told) < 160 else f"…{told[-150:]}"
        fails = f"exit {process.returncode}, {told}" if process.returncode else ""
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        fails = f"not done after {PATIENCE:.0f} s"
    return Outcome(time.monotonic() - begun, memory.mib(), fails)


def measure(server, scenario, peer):
    """Returns the outcome, the server's counts, and whether the target is what the source is."""
    server.world(scenario.world)
    if scenario.again:
        first = run(peer, server.url)
        if first.fails:
            return first, server.door("stats"), server.door("check")
        server.door("change", percent=1)
        server.door("zero")
    outcome = run(peer, server.url)
    return outcome, server.door("stats"), server.door("check")


def row(peer, outcome, stats, check, bots):
    if outcome.fails:
        return f"| {peer.name} | fails: {outcome.fails} | | | | | |"
    ratio = f"{outcome.seconds / bots:.1f}" if bots else ""
    objects = max(check["objects"], 1)
    target = "exact" if check["exact"] else f"missing {check['missing']}, wrong {check['wrong']}, extra {check['extra']}"
    calls = f"{stats['total'] / objects:.3f}"
    return f"| {peer.name} | {outcome.seconds:.2f} | {ratio} | {outcome.mib:.0f} | {calls} | {stats['refused']} | {target} |"


def play(server, scenario, chosen):
    print(f"\n### {scenario.title}\n")
    if scenario.least:
        print(f"The limit's own time is {scenario.least:.2f} s.\n")
    print("| | seconds | × the bot's | peak MiB | calls per object | refused | target |\n|---|---|---|---|---|---|---|", flush=True)
    bots = None
    if scenario.again:
        server.world(scenario.world)
        listing = run(lister(TOOLS), server.url)
        print(f"| a plain listing | {listing.seconds:.2f} | | {listing.mib:.0f} | | | |", flush=True)
    for peer in chosen:
        if peer.missing:
            print(f"| {peer.name} | not run: {peer.missing} | | | | | |", flush=True)
            continue
        outcome, stats, check = measure(server, scenario, peer)
        if peer.name == "datalake-bot" and not outcome.fails:
            bots = outcome.seconds
        print(row(peer, outcome, stats, check, bots), flush=True)


def main():
    every = scenarios()
    names = [it.name for it in every]
    wanted = [it for it in every if it.name in ONLY or not set(ONLY) & set(names)]
    words = [it for it in ONLY if it not in names]
    with Server() as server:
        chosen = [it for it in peers(TOOLS, BOT, server.url) if not words or any(word in it.name for word in words)]
        for scenario in wanted:
            play(server, scenario, chosen)


main()
