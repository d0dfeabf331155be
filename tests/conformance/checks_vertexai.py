"""vertexai.preview.tuning.sft, as Google's notebooks use it."""

import logging

import vertexai
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from vertexai.preview.tuning import sft

from harness import LOCATION, MODEL, TRAIN, VALIDATION, raises, same, true, until

logging.disable(logging.WARNING)


def init(clients):
    vertexai.init(
        project=clients.project,
        location=LOCATION,
        api_endpoint=clients.url,
        api_transport="rest",
        credentials=AnonymousCredentials(),
    )


def has_ended(job):
    job.refresh()
    return job.has_ended


def check_train(clients):
    """sft.train, refresh and has_succeeded"""
    init(clients)
    job = sft.train(
        source_model=MODEL,
        train_dataset=TRAIN,
        validation_dataset=VALIDATION,
        epochs=2,
        adapter_size=4,
        learning_rate_multiplier=1.0,
        tuned_model_display_name="vertexai",
        labels={"from": "sft"},
    )
    true(not job.has_ended, job.state)
    until(lambda: has_ended(job))
    true(job.has_succeeded and job.error.code == 0, job.error)
    true("/models/" in job.tuned_model_name, job.tuned_model_name)
    true("/endpoints/" in job.tuned_model_endpoint_name, job.tuned_model_endpoint_name)
    stats = job.tuning_data_statistics.supervised_tuning_data_stats
    same(stats.tuning_dataset_example_count, 320)


def check_experiment(clients):
    """a job's experiment opens with its TensorBoard"""
    init(clients)
    experiment = sft.SupervisedTuningJob(clients.finished().name).experiment
    true(experiment.name.startswith("tuning-experiment-"), experiment.name)
    board = experiment.get_backing_tensorboard_resource()
    true("/tensorboards/" in board.resource_name, board.resource_name)


def check_list(clients):
    """SupervisedTuningJob.list finds jobs, and a filter narrows it"""
    init(clients)
    every = sft.SupervisedTuningJob.list()
    done = sft.SupervisedTuningJob.list(filter='state="JOB_STATE_SUCCEEDED"')
    true(0 < len(done) < len(every), (len(done), len(every)))
    true(all(job.has_succeeded for job in done), "only succeeded jobs")


def check_cancel(clients):
    """cancel stops a job"""
    init(clients)
    job = sft.train(source_model=MODEL, train_dataset=TRAIN)
    job.cancel()
    until(lambda: has_ended(job))
    true(not job.has_succeeded, job.state)


def check_failed(clients):
    """a failed job says why"""
    init(clients)
    clients.finished("fail")
    job = sft.SupervisedTuningJob(clients.started()["fail"].name)
    true(job.has_ended and not job.has_succeeded, job.state)
    same(job.error.code, 3)
    true(job.error.message, "a message")


def check_refused(clients):
    """sft.train raises InvalidArgument's HTTP twin for a bad dataset"""
    init(clients)
    with raises(exceptions.BadRequest, "should be a GCS object of type JSONL"):
        sft.train(source_model=MODEL, train_dataset="gs://retune-samples/train.csv")
