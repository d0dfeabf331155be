"""Runs Google's clients against `retune emulator`.

    python tests/conformance/run.py [path of the binary] [part of a check's line]

The binary may also be named by the variable RETUNE. Exits with 1 when a check
fails, or when fewer checks ran than there should be.
"""

import os
import pathlib
import sys

import harness

# A suite that silently ran nothing must not pass.
FEWEST_CHECKS = 60

DEFAULT_BINARY = pathlib.Path(__file__).parents[2] / "target" / "debug" / "retune"


def main():
    arguments = sys.argv[1:]
    binary = arguments.pop(0) if arguments else os.environ.get("RETUNE", str(DEFAULT_BINARY))
    only = arguments.pop(0) if arguments else None
    with harness.Emulator(binary, "--speed", harness.SPEED, "--concurrent-jobs", 64) as emulator:
        # Before the clients are imported: some read the environment then.
        harness.quiet_environment(emulator.url)
        passed, failed = run(emulator, only)
    print(f"{passed} passed, {failed} failed")
    few = not only and passed + failed < FEWEST_CHECKS
    if few:
        print(f"fewer than {FEWEST_CHECKS} checks ran", file=sys.stderr)
    return 1 if failed or few or not passed else 0


def run(emulator, only):
    import checks_cleanup
    import checks_genai
    import checks_metrics
    import checks_process
    import checks_storage
    import checks_tuning
    import checks_vertexai
    import checks_wire
    from clients import Clients

    modules = [
        checks_tuning,
        checks_genai,
        checks_vertexai,
        checks_metrics,
        checks_wire,
        checks_storage,
        checks_process,
        # Last, because it deletes what others look at.
        checks_cleanup,
    ]
    return harness.run(modules, Clients(emulator), only)


if __name__ == "__main__":
    sys.exit(main())
