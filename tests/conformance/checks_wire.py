"""Every answer's JSON, parsed by Google's own types with nothing unknown
allowed, and held against the discovery document."""

from google.cloud import aiplatform_v1 as v1
from google.cloud import aiplatform_v1beta1 as v1beta1
from google.longrunning import operations_pb2
from google.protobuf import json_format
from google.rpc import status_pb2

import checks_metrics
from discovery import Discovery
from harness import MODEL, PARENT, TRAIN, VERSIONS, each, same, true

DISCOVERY = Discovery()

# In the discovery document and not in the published types.
BETA_ONLY = ("tuningJobState", "tuningJobMetadata")


def get(clients, path, version="v1", **params):
    answer = clients.http.get(f"{clients.url}/{version}/{path}", params=params)
    same(answer.status_code, 200, path)
    same(answer.headers["content-type"].lower().split(";")[0], "application/json")
    true("date" in answer.headers, "a Date header")
    return answer.json()


def strict(message, value, version="v1"):
    """Parses, and looks every name and type up in the discovery document."""
    if DISCOVERY.knows(version, message.__name__):
        same(DISCOVERY.violations(version, message.__name__, value), [])
    parsed = message.pb()() if hasattr(message, "pb") else message()
    json_format.ParseDict(published(value), parsed, ignore_unknown_fields=False)


def published(value):
    """`value` without what the published types lack."""
    value = {name: field for name, field in value.items() if name not in BETA_ONLY}
    for model in [value, *value.get("models", [])]:
        for deployed in model.get("deployedModels", []):
            # A reference from a model; an endpoint's own list has models.
            if "endpoint" in deployed:
                deployed.pop("checkpointId", None)
    return value


@each(
    **{
        which: which
        for which in (
            "good",
            "one-checkpoint",
            "gemini-3",
            "fail",
            "internal",
            "fail-with-model",
            "expire",
        )
    }
)
def check_job(clients, which):
    """a finished job in v1"""
    strict(v1.TuningJob, get(clients, clients.finished(which).name))


def check_job_v1beta1(clients):
    """a finished job in v1beta1, but for fields the published types lack"""
    strict(v1beta1.TuningJob, get(clients, clients.finished().name, "v1beta1"), "v1beta1")


def check_preference_job(clients):
    """a preference tuning job, which only the discovery document has"""
    value = clients.finished_preference()
    same(value["state"], "JOB_STATE_SUCCEEDED")
    same(DISCOVERY.violations("v1", "TuningJob", value), [])


@each(**VERSIONS)
def check_created_job(clients, version):
    """the answer to create"""
    body = {"baseModel": MODEL, "supervisedTuningSpec": {"trainingDatasetUri": TRAIN}}
    value = clients.http.post(f"{clients.url}/{version}/{PARENT}/tuningJobs", json=body).json()
    message = {"v1": v1, "v1beta1": v1beta1}[version].TuningJob
    strict(message, value, version)
    cancelled = clients.http.post(f"{clients.url}/{version}/{value['name']}:cancel", json={})
    same((cancelled.status_code, cancelled.json()), (200, {}))
    strict(message, get(clients, value["name"], version), version)


def check_job_list(clients):
    """a page of jobs"""
    clients.finished()
    # Preference tuning is not in the published types.
    supervised = {"filter": 'base_model="gemini-3.1-flash-lite"', "pageSize": 1}
    strict(v1.ListTuningJobsResponse, get(clients, f"{PARENT}/tuningJobs", **supervised))
    same(get(clients, "projects/acme/locations/us-east5/tuningJobs"), {}, "an empty list")


def check_defaults_are_absent(clients):
    """default values are left out, and int64 are strings"""
    value = get(clients, clients.finished().name)
    true("error" not in value and "description" not in value, list(value))
    same(value["supervisedTuningSpec"]["hyperParameters"]["epochCount"], "3")
    stats = value["tuningDataStats"]["supervisedTuningDataStats"]
    same(stats["tuningDatasetExampleCount"], "320")


def check_model(clients):
    """a model, and a page of models"""
    job = clients.finished("one-checkpoint")
    strict(v1.Model, get(clients, job.tuned_model.model))
    strict(v1.ListModelsResponse, get(clients, f"{PARENT}/models", pageSize=5))


def check_endpoint(clients):
    """an endpoint, and a page of endpoints"""
    strict(v1.Endpoint, get(clients, clients.finished("one-checkpoint").tuned_model.endpoint))
    strict(v1.ListEndpointsResponse, get(clients, f"{PARENT}/endpoints", pageSize=5))


def check_metrics(clients):
    """every answer on the way to the metrics"""
    experiment = clients.finished().experiment
    strict(v1.Context, get(clients, experiment))
    contexts = experiment.rpartition("/")[0]
    strict(v1.ListContextsResponse, get(clients, contexts, pageSize=3))
    run = checks_metrics.run_of(clients, experiment)
    board = checks_metrics.board_of(clients, experiment)
    strict(v1.Tensorboard, get(clients, board))
    strict(v1.ListTensorboardsResponse, get(clients, f"{PARENT}/tensorboards"))
    strict(v1.ListTensorboardExperimentsResponse, get(clients, f"{board}/experiments"))
    strict(v1.TensorboardExperiment, get(clients, run.rpartition("/runs/")[0]))
    strict(v1.TensorboardRun, get(clients, run))
    strict(v1.ListTensorboardRunsResponse, get(clients, run.rpartition("/")[0]))
    listed = get(clients, f"{run}/timeSeries")
    strict(v1.ListTensorboardTimeSeriesResponse, listed)
    name = listed["tensorboardTimeSeries"][0]["name"]
    strict(v1.TensorboardTimeSeries, get(clients, name))
    strict(v1.ReadTensorboardTimeSeriesDataResponse, get(clients, f"{name}:read"))
    data = get(clients, f"{board}:batchRead", timeSeries=[name])
    strict(v1.BatchReadTensorboardTimeSeriesDataResponse, data)


def check_prompt(clients):
    """the answers of a tuned endpoint, whole, in a stream and counted"""
    url = f"{clients.url}/v1/{clients.finished('one-checkpoint').tuned_model.endpoint}"
    body = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    post = lambda method: clients.http.post(f"{url}:{method}", json=body).json()
    strict(v1.GenerateContentResponse, post("generateContent"))
    strict(v1.CountTokensResponse, post("countTokens"))
    chunks = post("streamGenerateContent")
    true(isinstance(chunks, list) and len(chunks) > 1, "a JSON array of chunks")
    for chunk in chunks:
        strict(v1.GenerateContentResponse, chunk)


def check_operation(clients):
    """an operation, pending and done"""
    job = clients.ended(clients.create(spec={"export_last_checkpoint_only": True}).name)
    endpoint = get(clients, job.tuned_model.endpoint)
    body = {"deployedModelId": endpoint["deployedModels"][0]["id"]}
    url = f"{clients.url}/v1/{endpoint['name']}:undeployModel"
    operation = clients.http.post(url, json=body).json()
    strict(operations_pb2.Operation, operation)
    strict(operations_pb2.Operation, get(clients, operation["name"]))


@each(
    missing=("GET", f"{PARENT}/tuningJobs/1", 404, "NOT_FOUND"),
    no_method=("GET", f"{PARENT}/nothing", 404, "NOT_FOUND"),
    bad_request=("POST", f"{PARENT}/tuningJobs", 400, "INVALID_ARGUMENT"),
    metrics=("GET", f"{PARENT}/tensorboards/1", 404, "NOT_FOUND"),
)
def check_error(clients, case):
    """an error is a google.rpc.Status with the HTTP code"""
    method, path, code, status = case
    answer = clients.http.request(method, f"{clients.url}/v1/{path}", json={})
    error = answer.json()["error"]
    same((answer.status_code, error["code"], error["status"]), (code, code, status))
    rest = {name: field for name, field in error.items() if name not in ("code", "status")}
    json_format.ParseDict(rest, status_pb2.Status(), ignore_unknown_fields=False)


def check_storage_error(clients):
    """an error of Cloud Storage has its own form"""
    answer = clients.http.get(f"{clients.url}/storage/v1/b/retune-samples/o/none")
    error = answer.json()["error"]
    same((answer.status_code, error["code"]), (404, 404))
    same((error["errors"][0]["domain"], error["errors"][0]["reason"]), ("global", "notFound"))
