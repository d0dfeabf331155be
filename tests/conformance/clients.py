"""Google's clients, pointed at the emulator.

The generated clients speak REST here: the emulator has no gRPC. They take an
endpoint with `http://` in it, and anonymous credentials.
"""

import functools

import requests
from google import genai
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform_v1, aiplatform_v1beta1, storage
from google.genai import types
from google.oauth2.credentials import Credentials

from harness import LOCATION, MODEL, PARENT, PROJECT, TRAIN, VALIDATION, until

MODULES = {"v1": aiplatform_v1, "v1beta1": aiplatform_v1beta1}

# By name: the enums of the two versions are different types.
ENDED = {
    "JOB_STATE_SUCCEEDED",
    "JOB_STATE_FAILED",
    "JOB_STATE_CANCELLED",
    "JOB_STATE_EXPIRED",
}


class Clients:
    """One emulator seen through every client; jobs that several checks need
    are run once."""

    def __init__(self, emulator, project=PROJECT, location=LOCATION):
        self.emulator = emulator
        self.url = emulator.url
        self.project = project
        self.location = location

    @functools.cached_property
    def http(self):
        """Plain HTTP, for what a client would never send."""
        session = requests.Session()
        session.trust_env = False
        return session

    def gapic(self, name, version="v1"):
        """A generated client: `gapic("ModelService")`."""
        return getattr(MODULES[version], f"{name}Client")(
            credentials=AnonymousCredentials(),
            transport="rest",
            client_options={"api_endpoint": self.url},
        )

    @functools.cache
    def tuning(self, version="v1"):
        return self.gapic("GenAiTuningService", version)

    @functools.cached_property
    def models(self):
        return self.gapic("ModelService")

    @functools.cached_property
    def endpoints(self):
        return self.gapic("EndpointService")

    @functools.cached_property
    def metadata(self):
        return self.gapic("MetadataService")

    @functools.cached_property
    def tensorboards(self):
        return self.gapic("TensorboardService")

    @functools.cached_property
    def genai(self):
        # google-genai refreshes credentials that have no token.
        return genai.Client(
            vertexai=True,
            project=self.project,
            location=self.location,
            credentials=Credentials(token="emulator"),
            http_options=types.HttpOptions(base_url=self.url),
        )

    @functools.cached_property
    def storage(self):
        return storage.Client(project=self.project, credentials=AnonymousCredentials())

    @functools.cached_property
    def bucket(self):
        """A bucket that checks may write to."""
        return self.storage.create_bucket("conformance")

    def create(self, version="v1", parent=PARENT, **fields):
        """Starts a supervised job; `fields` replace the usual ones, and None
        leaves one out."""
        return self.tuning(version).create_tuning_job(
            parent=parent, tuning_job=job(version, **fields)
        )

    def ended(self, name, version="v1"):
        """Waits until a job has ended."""
        client = self.tuning(version)

        def poll():
            found = client.get_tuning_job(name=name)
            return found if found.state.name in ENDED else None

        return until(poll)

    @functools.cache
    def started(self):
        """Starts the jobs below together, so that they run at the same time."""
        faults = "gs://retune-samples/faults"
        spec = {"validation_dataset_uri": VALIDATION, "hyper_parameters": {"epoch_count": 3}}
        return {
            "good": self.create(spec=spec, labels={"team": "conformance"}),
            "one-checkpoint": self.create(spec={"export_last_checkpoint_only": True}),
            "gemini-3": self.create(base_model="gemini-3.1-flash-lite"),
            "fail": self.create(spec={"training_dataset_uri": f"{faults}/fail.jsonl"}),
            "internal": self.create(spec={"training_dataset_uri": f"{faults}/internal.jsonl"}),
            "fail-with-model": self.create(
                spec={"training_dataset_uri": f"{faults}/fail-with-model.jsonl"}
            ),
            "expire": self.create(spec={"training_dataset_uri": f"{faults}/expire.jsonl"}),
        }

    @functools.cache
    def finished(self, which="good"):
        """A job of `started` at its end."""
        return self.ended(self.started()[which].name)

    @functools.cache
    def finished_preference(self):
        """A preference tuning job at its end, as JSON: the published types
        have no such spec."""
        body = {
            "baseModel": MODEL,
            "preferenceOptimizationSpec": {
                "trainingDatasetUri": "gs://retune-samples/preferences/train.jsonl",
                "hyperParameters": {"epochCount": "2", "beta": 0.1},
            },
        }
        created = self.http.post(f"{self.url}/v1/{PARENT}/tuningJobs", json=body)
        created.raise_for_status()

        def poll():
            found = self.http.get(f"{self.url}/v1/{created.json()['name']}").json()
            return found if "endTime" in found else None

        return until(poll)


def job(version="v1", spec=None, **fields):
    """A supervised tuning job, to be sent."""
    supervised = {"training_dataset_uri": TRAIN} | (spec or {})
    usual = {"base_model": MODEL, "supervised_tuning_spec": supervised}
    chosen = {name: value for name, value in (usual | fields).items() if value is not None}
    return MODULES[version].TuningJob(**chosen)
