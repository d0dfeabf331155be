"""What each way of creating costs under the same faults: paid jobs, counted at
the service.

    python tests/side_by_side/run.py [path of the binary] [--only PART] [--jobs N]

Every script runs against an emulator of its own, in a process of its own. A
run is *extra* when the model had one before; *left* are runs still active or
good at the end, of which one is wanted. Exits with 1 when retune with claims
pays for more than one run, or retune without leaves more than one.
"""

import argparse
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from contenders import BASE_MODEL, BUCKET, LOCATION, MODEL_NAME, PROJECT, TRAIN, call
from scripts import SCRIPTS

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
CONTENDERS = ["retune with claims", "retune", "genai", "naive", "lock"]
NOTES = {
    "retune with claims": "claims.bucket",
    "retune": "claims.settle: 3s",
    "genai": "google-genai, HttpRetryOptions(attempts=5)",
    "naive": "look, then create until it is accepted",
    "lock": "Terraform-style lock object, one attempt",
}
SECONDS = 60
GONE = {"JOB_STATE_CANCELLED", "JOB_STATE_CANCELLING", "JOB_STATE_FAILED"}


class World:
    """An emulator, a bucket, and a directory with one manifest."""

    def __init__(self, binary, contender):
        self.binary, self.contender = binary, contender
        self.directory = tempfile.TemporaryDirectory()
        command = [binary, "emulator", "--listen", "127.0.0.1:0", "--assume-datasets",
                   "--speed", "1", "--concurrent-jobs", "64"]
        self.emulator = subprocess.Popen(command, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL, text=True)
        self.url = self.emulator.stdout.readline().strip()
        call("POST", f"{self.url}/storage/v1/b?project={PROJECT}", {"name": BUCKET})
        claims = f"bucket: gs://{BUCKET}" if contender == "retune with claims" else "settle: 3s"
        path = pathlib.Path(self.directory.name)
        (path / "workspace.yaml").write_text(
            "apiVersion: retune.dev/v1\nkind: Workspace\nmetadata: {name: acme}\nspec:\n"
            f"  project: {PROJECT}\n  location: {LOCATION}\n  claims: {{{claims}}}\n")
        (path / "faq.yaml").write_text(
            f"apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata: {{name: {MODEL_NAME}}}\n"
            f"spec:\n  baseModel: {BASE_MODEL}\n  supervisedTuningSpec:\n"
            f"    trainingDatasetUri: {TRAIN}\n")

    def start(self):
        environment = {
            "PATH": os.environ["PATH"], "HOME": self.directory.name, "NO_GCE_CHECK": "true",
            # Five minutes, for real; here the longest fault is a second.
            "RETUNE_EMULATOR_TAKEOVER": "4s",
        }
        if self.contender.startswith("retune"):
            command = [self.binary, "apply", self.directory.name, "--endpoint", self.url,
                       "--revision", "1", "--yes"]
        else:
            command = [sys.executable, str(HERE / "contenders.py"), self.contender, self.url]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def jobs(self):
        return call("GET", f"{self.url}/emulator/jobs")["tuningJobs"]

    def happened(self, what):
        """Whether the moment of a kill has come."""
        if what == "created":
            return bool(self.jobs())
        objects = call("GET", f"{self.url}/storage/v1/b/{BUCKET}/o").get("items", [])
        if what == "locked" and objects:
            return True
        entries = call("GET", f"{self.url}/emulator/log")["entries"]
        operations = {entry["operation"] for entry in entries}
        stores = self.contender in ("retune with claims", "lock")
        return "create" in operations or (what == "looked" and "list-jobs" in operations) or (
            what == "locked" and not stores and "list-jobs" in operations)

    def play(self, script):
        for fault in script.faults:
            call("POST", f"{self.url}/emulator/faults", fault)
        processes = [self.start() for _ in range(script.processes)]
        if script.kill:
            deadline = time.monotonic() + SECONDS
            while processes[0].poll() is None and time.monotonic() < deadline:
                if self.happened(script.kill):
                    processes[0].send_signal(signal.SIGKILL)
                    break
                time.sleep(0.01)
        for process in processes:
            process.wait(timeout=SECONDS)
        call("DELETE", f"{self.url}/emulator/faults")
        for _ in range(2):
            self.start().wait(timeout=SECONDS)
        jobs = self.jobs()
        left = sum(job["state"] not in GONE for job in jobs)
        return len(jobs), left

    def end(self):
        self.emulator.kill()
        self.emulator.wait()
        self.directory.cleanup()


def cell(binary, contender, script):
    world = World(binary, contender)
    try:
        return world.play(script)
    finally:
        world.end()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary", nargs="?", default=str(ROOT / "target/debug/retune"))
    arguments.add_argument("--only", default="")
    arguments.add_argument("--jobs", type=int, default=6)
    arguments = arguments.parse_args()
    scripts = [script for script in SCRIPTS if arguments.only in script.name]
    cells = [(contender, script) for script in scripts for contender in CONTENDERS]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = {
            pair: pool.submit(cell, arguments.binary, *pair) for pair in cells
        }
        found = {pair: future.result() for pair, future in futures.items()}
    return report(scripts, found)


def shown(paid, left):
    if paid == 0:
        return "none"
    return f"{paid}" if left == paid else f"{paid}, {left} left"


def report(scripts, found):
    widths = [max(len(c), 9) for c in CONTENDERS]
    title = max(len(script.name) for script in scripts)
    head = "  ".join(c.rjust(w) for c, w in zip(CONTENDERS, widths))
    print(f"{'paid jobs'.ljust(title)}  {head}")
    for script in scripts:
        cells = (shown(*found[c, script]) for c in CONTENDERS)
        row = "  ".join(text.rjust(w) for text, w in zip(cells, widths))
        print(f"{script.name.ljust(title)}  {row}")

    def total(name, count):
        sums = [sum(count(*found[c, script]) for script in scripts) for c in CONTENDERS]
        row = "  ".join(str(n).rjust(w) for n, w in zip(sums, widths))
        print(f"{name.ljust(title)}  {row}")

    total("extra paid jobs", lambda paid, left: max(paid - 1, 0))
    total("more than one run left", lambda paid, left: int(left > 1))
    total("no run at all", lambda paid, left: int(paid == 0))
    for contender in CONTENDERS:
        print(f"  {contender}: {NOTES[contender]}")
    wrong = [s.name for s in scripts if found["retune with claims", s] != (1, 1)]
    racers = lambda s: found["retune", s][0] > s.processes or found["retune", s][1] != 1
    wrong += [s.name for s in scripts if racers(s)]
    if wrong:
        print(f"FAILED: {', '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
