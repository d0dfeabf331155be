"""The fault scripts, the same for every contender.

Each begins with `processes` at the same time under `faults`; where `kill` is
set, the first of them is killed when that has happened. Then the faults end and
two more processes run, one after the other, as a pipeline would run again.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Script:
    name: str
    faults: tuple = ()
    processes: int = 1
    kill: str = ""  # "created", "looked" or "locked"


def script(name, *faults, **rest):
    return Script(name, faults, **rest)


# All of them have looked before the first one creates.
LOOKS_ARE_SLOW = "list-jobs:delay-answer=1000"
ANSWER_IS_SLOW = "create:delay-answer=15000:1"

SCRIPTS = [
    script("nothing goes wrong"),
    script("503, but it was created", "create:process-then-status=503:1"),
    script("503 twice, but they were created", "create:process-then-status=503:2"),
    script("connection cut after it was created", "create:process-then-drop:1"),
    script("connection cut before", "create:drop:1"),
    script("the answer is cut short", "create:truncate:1"),
    script("a proxy's page instead of the answer", "create:process-then-html:1"),
    script("503 and nothing created", "create:status=503:1"),
    script("429 with Retry-After", "create:status=429,retry-after=1:1"),
    script("created a second after the client hung up", "create:late=1:1"),
    script("a listing is a second behind", "list:stale=1"),
    script("two at the same time", LOOKS_ARE_SLOW, processes=2),
    script("three at once, listings a second behind", "list:stale=1",
           LOOKS_ARE_SLOW, processes=3),
    script("two at once, one answer lost", "create:process-then-drop:1",
           LOOKS_ARE_SLOW, processes=2),
    script("killed after it was created", ANSWER_IS_SLOW, kill="created"),
    script("killed, and created a second later", "create:late=1:1", kill="looked"),
    script("killed with the lock or the claim in hand", "create:delay=15000:1", kill="locked"),
    script("every third request fails", "any:status=503:every-3"),
    script("one of five answers is lost", "any:process-then-drop:p0.2"),
    script("two at once, a lost answer, a late listing", "create:process-then-drop:1",
           "list:stale=1", LOOKS_ARE_SLOW, processes=2),
]
