"""Checks JSON against Google's discovery document."""

import json
import pathlib
import re

PATH = pathlib.Path(__file__).parents[1] / "data" / "tuning_discovery.json"
PREFIX = {"v1": "GoogleCloudAiplatformV1", "v1beta1": "GoogleCloudAiplatformV1beta1"}
INTEGER = re.compile(r"-?\d+")
JSON_TYPES = {"string": str, "boolean": bool, "object": dict, "array": list}


class Discovery:
    """The schemas of both versions."""

    def __init__(self, path=PATH):
        self.versions = json.loads(path.read_text(encoding="utf-8"))

    def knows(self, version, message):
        return PREFIX[version] + message in self.versions[version]["schemas"]

    def violations(self, version, message, value, sent=False):
        """What is wrong with `value` as a `message`. With `sent`, fields that
        only the service sets are wrong too."""
        schemas = self.versions[version]["schemas"]
        return list(_walk(schemas, {"$ref": PREFIX[version] + message}, value, "$", sent))


def _walk(schemas, schema, value, path, sent):
    if "$ref" in schema:
        schema = schemas.get(schema["$ref"], {"type": "any"})
    kind = schema.get("type", "object")
    if kind == "any":
        return
    if kind in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{path}: {value!r} is not a number"
        return
    if not isinstance(value, JSON_TYPES[kind]):
        # An int64 is a string, and proto3 JSON reads whole numbers as well.
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (sent and whole and "int64" in schema.get("format", "")):
            yield f"{path}: {value!r} is not of type {kind}"
        return
    if kind == "string":
        if "enum" in schema and value not in schema["enum"]:
            yield f"{path}: {value!r} is not one of the enum's names"
        if "int64" in schema.get("format", "") and not INTEGER.fullmatch(value):
            yield f"{path}: {value!r} is not an integer"
    elif kind == "array":
        for index, item in enumerate(value):
            yield from _walk(schemas, schema["items"], item, f"{path}[{index}]", sent)
    elif kind == "object":
        for name, item in value.items():
            field = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if field is None:
                yield f"{path}.{name}: no such field"
            elif sent and field.get("readOnly"):
                yield f"{path}.{name}: only the service sets this"
            else:
                yield from _walk(schemas, field, item, f"{path}.{name}", sent)
