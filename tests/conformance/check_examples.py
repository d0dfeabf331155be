"""Checks tests/data/examples against Google's types.

    python tests/conformance/check_examples.py [directory]

Each file must parse as its message with nothing unknown in it, and fit the
discovery document where that has the message. Files in `discovery_only` use
fields that the published types lack. Exits with 1 on any violation.
"""

import json
import pathlib
import sys

import google.rpc.error_details_pb2  # noqa: F401  (registers the details of errors)
from google.cloud import aiplatform_v1 as v1
from google.cloud import aiplatform_v1beta1 as v1beta1
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2, json_format
from google.rpc import status_pb2

from discovery import Discovery

EXAMPLES = pathlib.Path(__file__).parents[1] / "data" / "examples"

# By the start of the file's name; the first that fits.
MESSAGES = [
    ("v1beta1.tuning_job.", v1beta1.TuningJob),
    ("tuning_job.", v1.TuningJob),
    ("list_tuning_jobs.", v1.ListTuningJobsResponse),
    ("cancel_response", empty_pb2.Empty),
    ("contexts.list.", v1.ListContextsResponse),
    ("context.", v1.Context),
    ("tensorboard.timeSeries.list", v1.ListTensorboardTimeSeriesResponse),
    ("tensorboard.batchRead", v1.BatchReadTensorboardTimeSeriesDataResponse),
    ("model.", v1.Model),
    ("endpoint.", v1.Endpoint),
    ("operation.", operations_pb2.Operation),
    ("generate_content.", v1.GenerateContentResponse),
    ("count_tokens.", v1.CountTokensResponse),
    ("error.", status_pb2.Status),
]


def parse(message, value):
    """Parses strictly; returns the violation, if any."""
    parsed = message.pb()() if hasattr(message, "pb") else message()
    try:
        json_format.ParseDict(value, parsed, ignore_unknown_fields=False)
    except json_format.ParseError as error:
        return [f"protobuf: {error}"]
    return []


def violations(path, discovery):
    value = json.loads(path.read_text(encoding="utf-8"))
    message = next((m for start, m in MESSAGES if path.name.startswith(start)), None)
    if message is None:
        return ["no message is known for this name"]
    if message is status_pb2.Status:
        # Over HTTP a status has its name and the HTTP code; the message has
        # the number of the name.
        error = value["error"]
        return parse(message, {key: error[key] for key in error if key not in ("code", "status")})
    found = [] if path.parent.name == "discovery_only" else parse(message, value)
    version = "v1beta1" if path.name.startswith("v1beta1.") else "v1"
    if discovery.knows(version, message.__name__):
        found += discovery.violations(version, message.__name__, value)
    return found


def main():
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES
    discovery = Discovery()
    count = failed = 0
    for path in sorted(directory.rglob("*.json")):
        count += 1
        found = violations(path, discovery)
        failed += bool(found)
        print("FAIL" if found else "ok  ", path.relative_to(directory))
        for violation in found:
            print(f"     {violation}")
    print(f"{count - failed} passed, {failed} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
