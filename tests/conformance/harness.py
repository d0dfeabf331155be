"""The emulator's process, the runner, and the few assertions checks need."""

import contextlib
import inspect
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback

PROJECT = "acme"
LOCATION = "us-central1"
PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
MODEL = "gemini-2.5-flash"
TRAIN = "gs://retune-samples/support-faq/train.jsonl"
VALIDATION = "gs://retune-samples/support-faq/validation.jsonl"

# A job of half an hour takes three seconds.
SPEED = 600


class Emulator:
    """A running `retune emulator`."""

    def __init__(self, binary, *arguments):
        self.binary = binary
        self.log = tempfile.TemporaryFile(mode="w+")
        command = [binary, "emulator", "--listen", "127.0.0.1:0", *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("http://"):
            self.stop()
            self.log.seek(0)
            raise RuntimeError(f"{command} printed no URL\n{self.log.read()}")

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def each(**cases):
    """Runs a check once for each case; the case's value is its last argument."""

    def mark(function):
        function.cases = cases
        return function

    return mark


VERSIONS = {"v1": "v1", "v1beta1": "v1beta1"}


def checks_of(module):
    """The checks of a module, in the order they are written."""
    found = []
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if not name.startswith("check_") or function.__module__ != module.__name__:
            continue
        line = function.__code__.co_firstlineno
        title = inspect.getdoc(function).splitlines()[0].rstrip(".")
        for case, value in getattr(function, "cases", {None: None}).items():
            label = title if case is None else f"{title} [{case}]"
            arguments = [] if case is None else [value]
            found.append((line, label, function, arguments))
    return [check[1:] for check in sorted(found, key=lambda check: check[0])]


def run(modules, clients, only=None):
    """Runs checks and prints a line for each; returns (passed, failed)."""
    passed = failed = 0
    for module in modules:
        area = module.__name__.removeprefix("checks_")
        for label, function, arguments in checks_of(module):
            line = f"{area}: {label}"
            if only and only not in line:
                continue
            try:
                # The SDKs print as they go; only the lines below are ours.
                with contextlib.redirect_stdout(sys.stderr):
                    function(clients, *arguments)
            except Exception:
                failed += 1
                print(f"FAIL {line}", flush=True)
                traceback.print_exc(file=sys.stderr)
            else:
                passed += 1
                print(f"ok   {line}", flush=True)
    return passed, failed


@contextlib.contextmanager
def raises(kind, pattern=""):
    """The block must raise `kind` with a message that matches; yields a
    holder whose `error` is set afterwards."""

    class Raised:
        error = None

    holder = Raised()
    try:
        yield holder
    except kind as error:
        holder.error = error
    else:
        raise AssertionError(f"no {kind.__name__} was raised")
    if not re.search(pattern, str(holder.error)):
        raise AssertionError(f"{holder.error!r} does not match {pattern!r}")


def same(found, wanted, what="value"):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r} is not {wanted!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


def until(poll, seconds=30.0, pause=0.1):
    """The first true answer of `poll`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := poll():
            return answer
        time.sleep(pause)
    raise AssertionError(f"nothing came of {inspect.getsource(poll).strip()} in {seconds} s")


def quiet_environment(url):
    """What the clients read from the environment, and must not find there."""
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS"):
        os.environ.pop(name, None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        os.environ.pop(name, None)
    os.environ["STORAGE_EMULATOR_HOST"] = url
    os.environ["GOOGLE_CLOUD_PROJECT"] = PROJECT
    os.environ["NO_GCE_CHECK"] = "true"
