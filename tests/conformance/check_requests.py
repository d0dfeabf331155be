"""Checks captured create requests against Google's types.

    python tests/conformance/check_requests.py requests.jsonl

Each line is `{"version": "v1", "body": {…}}`. A body must parse as a TuningJob
with nothing unknown in it, and fit the discovery document. Preference tuning
is in the discovery document only: the published types do not have it. Exits
with 1 on any violation, and when there is nothing to check.
"""

import collections
import json
import sys

from google.cloud import aiplatform_v1, aiplatform_v1beta1
from google.protobuf import json_format

from discovery import Discovery

JOBS = {"v1": aiplatform_v1.TuningJob, "v1beta1": aiplatform_v1beta1.TuningJob}


def violations(discovery, version, body):
    if version not in JOBS:
        return [f"there is no version {version!r}"]
    found = discovery.violations(version, "TuningJob", body, sent=True)
    if "preferenceOptimizationSpec" not in body:
        try:
            json_format.ParseDict(body, JOBS[version].pb()(), ignore_unknown_fields=False)
        except json_format.ParseError as error:
            found.append(f"protobuf: {str(error).splitlines()[0]}")
    return found


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    discovery = Discovery()
    counts = collections.Counter()
    with open(sys.argv[1], encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            counts["requests"] += 1
            try:
                request = json.loads(line)
                version, body = request["version"], request["body"]
                found = violations(discovery, version, body)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                found = [f"not a captured request: {error!r}"]
            else:
                kind = "preference" if "preferenceOptimizationSpec" in body else "supervised"
                counts[f"{version} {kind}"] += 1
            for violation in found:
                counts["violations"] += 1
                print(f"FAIL line {number}: {violation}")
    for what, count in sorted(counts.items()):
        print(f"{count:5} {what}")
    if not counts["requests"]:
        print("there are no requests to check")
    return 1 if counts["violations"] or not counts["requests"] else 0


if __name__ == "__main__":
    sys.exit(main())
