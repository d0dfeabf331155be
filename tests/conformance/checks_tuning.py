"""GenAiTuningServiceClient in both versions: what it takes and refuses."""

from google.api_core import exceptions

from clients import MODULES
from harness import MODEL, PARENT, TRAIN, VERSIONS, each, raises, same, true, until


def fields_of(error):
    """The fields a 400 complains about."""
    bad = [detail for detail in error.details if detail["@type"].endswith("/google.rpc.BadRequest")]
    return [violation["field"] for detail in bad for violation in detail["fieldViolations"]]


@each(**VERSIONS)
def check_create(clients, version):
    """create answers with the job, everything sent and what was left open"""
    parameters = {"epoch_count": 4, "adapter_size": "ADAPTER_SIZE_EIGHT"}
    created = clients.create(
        version,
        spec={"hyper_parameters": parameters},
        tuned_model_display_name="Größe ✓",
        description="all of it",
        labels={"team": "conformance", "empty": ""},
    )
    true(created.name.startswith("projects/"), created.name)
    true(created.name.split("/")[1].isdigit(), "names carry the project's number")
    same(created.tuned_model_display_name, "Größe ✓")
    same(created.description, "all of it")
    same(dict(created.labels), {"team": "conformance", "empty": ""})
    echoed = created.supervised_tuning_spec.hyper_parameters
    same((echoed.epoch_count, echoed.adapter_size.name), (4, "ADAPTER_SIZE_EIGHT"))
    true(echoed.learning_rate_multiplier > 0, "what was left open is filled in")
    true(created.state.name in ("JOB_STATE_QUEUED", "JOB_STATE_PENDING"), created.state)
    true(created.create_time and not created.experiment, "no experiment yet")
    same(clients.tuning(version).get_tuning_job(name=created.name).name, created.name)


def check_display_name(clients):
    """a job without a display name gets one from its base model"""
    name = clients.create().tuned_model_display_name
    true(name.startswith(f"{MODEL}-"), name)


@each(**VERSIONS)
def check_other_version(clients, version):
    """a job can be read in the other version"""
    other = "v1" if version == "v1beta1" else "v1beta1"
    name = clients.create(version).name
    same(clients.tuning(other).get_tuning_job(name=name).name, name)


def check_states(clients):
    """a job goes through PENDING and RUNNING to SUCCEEDED"""
    job = clients.create()
    name, seen = job.name, [job.state.name.removeprefix("JOB_STATE_")]

    def poll():
        state = clients.tuning().get_tuning_job(name=name).state.name.removeprefix("JOB_STATE_")
        if state not in seen[-1:]:
            seen.append(state)
        return state == "SUCCEEDED"

    until(poll, pause=0.02)
    same([state for state in seen if state != "QUEUED"], ["PENDING", "RUNNING", "SUCCEEDED"])


def check_succeeded(clients):
    """a succeeded job has a model, an endpoint, checkpoints and statistics"""
    job = clients.finished()
    same(job.state.name, "JOB_STATE_SUCCEEDED")
    true(job.create_time <= job.start_time <= job.end_time <= job.update_time, "times in order")
    true(job.tuned_model.model.endswith("@1"), job.tuned_model.model)
    same([checkpoint.epoch for checkpoint in job.tuned_model.checkpoints], [1, 2, 3])
    stats = job.tuning_data_stats.supervised_tuning_data_stats
    same(stats.tuning_dataset_example_count, 320)
    true(stats.total_billable_token_count > 0 and stats.tuning_step_count > 0, "counts")
    true(not job.error.code, job.error)


def check_last_checkpoint_only(clients):
    """export_last_checkpoint_only leaves no checkpoints"""
    job = clients.finished("one-checkpoint")
    true(job.tuned_model.endpoint and not job.tuned_model.checkpoints, job.tuned_model)


def check_multi_region(clients):
    """Gemini 3 is tuned in a region and served from a multi-region"""
    job = clients.finished("gemini-3")
    true("/locations/us-central1/" in job.name, job.name)
    true("/locations/us/models/" in job.tuned_model.model, job.tuned_model)
    true("/locations/us/endpoints/" in job.tuned_model.endpoint, job.tuned_model)


@each(
    dataset=("fail", "JOB_STATE_FAILED", 3, False),
    internal=("internal", "JOB_STATE_FAILED", 13, False),
    endpoint=("fail-with-model", "JOB_STATE_FAILED", 13, True),
    expired=("expire", "JOB_STATE_EXPIRED", 0, False),
)
def check_faults(clients, case):
    """a sample fault ends a job its own way"""
    which, state, code, has_model = case
    job = clients.finished(which)
    same((job.state.name, job.error.code), (state, code))
    same((bool(job.tuned_model.model), bool(job.tuned_model.endpoint)), (has_model, False))


@each(**VERSIONS)
def check_list_pages(clients, version):
    """list pages through all jobs, newest first"""
    clients.started()
    client = clients.tuning(version)
    request = MODULES[version].ListTuningJobsRequest(parent=PARENT, page_size=3)
    pages = [list(page.tuning_jobs) for page in client.list_tuning_jobs(request=request).pages]
    true(len(pages) > 2 and all(len(page) == 3 for page in pages[:-1]), [len(p) for p in pages])
    jobs = [job for page in pages for job in page]
    same(len({job.name for job in jobs}), len(jobs), "no job twice")
    times = [job.create_time for job in jobs]
    same(times, sorted(times, reverse=True))


@each(
    label=('labels.team="conformance"', lambda job: job.labels.get("team") == "conformance"),
    label_exists=("labels.team:*", lambda job: "team" in job.labels),
    state=('state="JOB_STATE_FAILED"', lambda job: job.state.name == "JOB_STATE_FAILED"),
    both=(
        'labels.team="conformance" AND state="JOB_STATE_SUCCEEDED"',
        lambda job: (
            job.labels.get("team") == "conformance" and job.state.name == "JOB_STATE_SUCCEEDED"
        ),
    ),
)
def check_list_filter(clients, case):
    """list filters"""
    text, wanted = case
    clients.finished(), clients.finished("fail")
    request = MODULES["v1"].ListTuningJobsRequest(parent=PARENT, filter=text)
    found = list(clients.tuning().list_tuning_jobs(request=request))
    true(found and all(map(wanted, found)), [job.name for job in found])


def check_list_elsewhere(clients):
    """another region has no jobs"""
    same(list(clients.tuning().list_tuning_jobs(parent="projects/acme/locations/us-east4")), [])


@each(
    filter={"filter": "state=="},
    token={"page_token": "no such page"},
    page_size={"page_size": -1},
)
def check_list_refused(clients, fields):
    """list refuses what makes no sense"""
    request = MODULES["v1"].ListTuningJobsRequest(parent=PARENT, **fields)
    with raises(exceptions.BadRequest):
        list(clients.tuning().list_tuning_jobs(request=request))


@each(**VERSIONS)
def check_cancel(clients, version):
    """cancel is asynchronous and ends in CANCELLED with code 1"""
    client = clients.tuning(version)
    name = clients.create(version).name
    client.cancel_tuning_job(name=name)
    state = client.get_tuning_job(name=name).state.name
    true(state in ("JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"), state)
    job = clients.ended(name, version)
    same((job.state.name, job.error.code), ("JOB_STATE_CANCELLED", 1))


@each(**VERSIONS)
def check_cancel_finished(clients, version):
    """a finished job cannot be cancelled"""
    with raises(exceptions.BadRequest, "cannot be cancelled") as refused:
        clients.tuning(version).cancel_tuning_job(name=clients.finished().name)
    same(refused.error.response.json()["error"]["status"], "FAILED_PRECONDITION")


@each(get="get_tuning_job", cancel="cancel_tuning_job")
def check_missing(clients, method):
    """a job that is not there is NotFound"""
    with raises(exceptions.NotFound):
        getattr(clients.tuning(), method)(name=f"{PARENT}/tuningJobs/123")


SUPERVISED = "tuning_job.supervised_tuning_spec"
BAD = {
    "uri_suffix": (
        {"spec": {"training_dataset_uri": "gs://b/train.csv"}},
        f"{SUPERVISED}.training_dataset_uri",
    ),
    "uri_scheme": (
        {"spec": {"training_dataset_uri": "train.jsonl"}},
        f"{SUPERVISED}.training_dataset_uri",
    ),
    "uri_missing": ({"spec": {"training_dataset_uri": ""}}, f"{SUPERVISED}.training_dataset_uri"),
    "object_missing": (
        {"spec": {"training_dataset_uri": "gs://retune-samples/none.jsonl"}},
        f"{SUPERVISED}.training_dataset_uri",
    ),
    "validation_uri": (
        {"spec": {"validation_dataset_uri": "gs://retune-samples/none.jsonl"}},
        f"{SUPERVISED}.validation_dataset_uri",
    ),
    "label_upper": ({"labels": {"Team": "x"}}, "tuning_job.labels"),
    "label_value": ({"labels": {"team": "a b"}}, "tuning_job.labels"),
    "label_long": ({"labels": {"team": "x" * 64}}, "tuning_job.labels"),
    "label_digit": ({"labels": {"1team": "x"}}, "tuning_job.labels"),
    "label_count": ({"labels": {f"k{n}": "" for n in range(65)}}, "tuning_job.labels"),
    "display_name": (
        {"tuned_model_display_name": "x" * 129},
        "tuning_job.tuned_model_display_name",
    ),
    "no_source": ({"base_model": None}, "tuning_job.source_model"),
    "no_spec": ({"supervised_tuning_spec": None}, "tuning_job.tuning_spec"),
    "epochs": (
        {"spec": {"hyper_parameters": {"epoch_count": -1}}},
        f"{SUPERVISED}.hyper_parameters.epoch_count",
    ),
    "multiplier": (
        {"spec": {"hyper_parameters": {"learning_rate_multiplier": -0.5}}},
        f"{SUPERVISED}.hyper_parameters.learning_rate_multiplier",
    ),
}


@each(**{f"{case}, {version}": (version, *BAD[case]) for case in BAD for version in VERSIONS})
def check_field_violations(clients, case):
    """create names the bad field"""
    version, fields, field = case
    with raises(exceptions.BadRequest) as refused:
        clients.create(version, **fields)
    true(field in fields_of(refused.error), (fields_of(refused.error), str(refused.error)))


def check_all_violations(clients):
    """create names all bad fields at once"""
    with raises(exceptions.BadRequest) as refused:
        clients.create(labels={"Team": "x"}, spec={"training_dataset_uri": "x"})
    same(
        sorted(fields_of(refused.error)),
        ["tuning_job.labels", f"{SUPERVISED}.training_dataset_uri"],
    )


@each(
    unknown_model=({"base_model": "gemini-9"}, exceptions.BadRequest, "INVALID_ARGUMENT"),
    retired_model=({"base_model": "gemini-1.5-pro-002"}, exceptions.NotFound, "NOT_FOUND"),
    adapter_size=(
        {"spec": {"hyper_parameters": {"adapter_size": "ADAPTER_SIZE_THIRTY_TWO"}}},
        exceptions.BadRequest,
        "INVALID_ARGUMENT",
    ),
    adapter_of_pro=(
        {
            "base_model": "gemini-2.5-pro",
            "spec": {"hyper_parameters": {"adapter_size": "ADAPTER_SIZE_SIXTEEN"}},
        },
        exceptions.BadRequest,
        "INVALID_ARGUMENT",
    ),
    global_location=(
        {"parent": "projects/acme/locations/global"},
        exceptions.BadRequest,
        "FAILED_PRECONDITION",
    ),
    region_of_gemini_3=(
        {"parent": "projects/acme/locations/asia-east1", "base_model": "gemini-3.1-flash-lite"},
        exceptions.BadRequest,
        "FAILED_PRECONDITION",
    ),
    missing_parent_model=(
        {"base_model": None, "pre_tuned_model": {"tuned_model_name": f"{PARENT}/models/7@1"}},
        exceptions.NotFound,
        "NOT_FOUND",
    ),
    key_elsewhere=(
        {
            "encryption_spec": {
                "kms_key_name": "projects/p/locations/asia-east1/keyRings/r/cryptoKeys/k"
            }
        },
        exceptions.BadRequest,
        "INVALID_ARGUMENT",
    ),
)
def check_refused(clients, case):
    """create is refused"""
    fields, kind, status = case
    with raises(kind) as refused:
        clients.create(**fields)
    same(refused.error.response.json()["error"]["status"], status)


@each(**VERSIONS)
def check_adapter_sizes_by_number(clients, version):
    """enum numbers are not adapter sizes: 4 is SIXTEEN"""
    body = {
        "baseModel": MODEL,
        "supervisedTuningSpec": {
            "trainingDatasetUri": TRAIN,
            "hyperParameters": {"adapterSize": 4},
        },
    }
    created = clients.http.post(f"{clients.url}/{version}/{PARENT}/tuningJobs", json=body)
    parameters = created.json()["supervisedTuningSpec"]["hyperParameters"]
    same(parameters["adapterSize"], "ADAPTER_SIZE_SIXTEEN")


RAW = {
    "unknown field": {"epochs": 3},
    "unknown nested field": {
        "supervisedTuningSpec": {"trainingDatasetUri": TRAIN, "epochCount": 3}
    },
    "wrong type": {"supervisedTuningSpec": "gs://x/y.jsonl"},
    "unknown enum": {
        "supervisedTuningSpec": {
            "trainingDatasetUri": TRAIN,
            "hyperParameters": {"adapterSize": "FOUR"},
        }
    },
    "fractional epochs": {
        "supervisedTuningSpec": {
            "trainingDatasetUri": TRAIN,
            "hyperParameters": {"epochCount": 4.5},
        }
    },
    "two specs": {
        "preferenceOptimizationSpec": {
            "trainingDatasetUri": "gs://retune-samples/preferences/train.jsonl"
        }
    },
    "label that is a number": {"labels": {"team": 7}},
}


@each(**{f"{case}, {version}": (version, RAW[case]) for case in RAW for version in VERSIONS})
def check_strict_json(clients, case):
    """create refuses JSON that the service's parser refuses"""
    version, fields = case
    body = {"baseModel": MODEL, "supervisedTuningSpec": {"trainingDatasetUri": TRAIN}} | fields
    refused = clients.http.post(f"{clients.url}/{version}/{PARENT}/tuningJobs", json=body)
    same(refused.status_code, 400)
    same(refused.json()["error"]["status"], "INVALID_ARGUMENT")


@each(
    snake_case={"base_model": MODEL, "supervised_tuning_spec": {"training_dataset_uri": TRAIN}},
    int64_as_text={
        "baseModel": MODEL,
        "supervisedTuningSpec": {
            "trainingDatasetUri": TRAIN,
            "hyperParameters": {"epochCount": "2"},
        },
    },
    nulls={
        "baseModel": MODEL,
        "labels": None,
        "supervisedTuningSpec": {"trainingDatasetUri": TRAIN},
    },
)
def check_lenient_json(clients, body):
    """create takes the other spellings that proto3 JSON allows"""
    created = clients.http.post(f"{clients.url}/v1/{PARENT}/tuningJobs", json=body)
    same(created.status_code, 200)
    same(created.json()["supervisedTuningSpec"]["trainingDatasetUri"], TRAIN)


@each(delete="DELETE", patch="PATCH")
def check_no_such_method(clients, method):
    """tuning jobs cannot be changed or deleted"""
    url = f"{clients.url}/v1/{clients.finished().name}"
    same(clients.http.request(method, url, json={}).status_code, 404)
