"""The emulator as a process: the queue, restarts, and who may call."""

import tempfile

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from clients import Clients
from harness import PARENT, SPEED, Emulator, each, same, true, until


def check_queue(clients):
    """with one slot, a second job waits as QUEUED and is run afterwards"""
    with Emulator(clients.emulator.binary, "--speed", SPEED, "--concurrent-jobs", 1) as emulator:
        alone = Clients(emulator)
        first, second = alone.create().name, alone.create().name
        same(alone.tuning().get_tuning_job(name=second).state.name, "JOB_STATE_QUEUED")
        ended = alone.ended(first)
        after = alone.ended(second)
        same(after.state.name, "JOB_STATE_SUCCEEDED")
        true(after.start_time >= ended.end_time, (ended.end_time, after.start_time))


def check_queue_cancel(clients):
    """a queued job can be cancelled"""
    with Emulator(clients.emulator.binary, "--speed", SPEED, "--concurrent-jobs", 1) as emulator:
        alone = Clients(emulator)
        alone.create()
        waiting = alone.create().name
        alone.tuning().cancel_tuning_job(name=waiting)
        job = alone.ended(waiting)
        same(job.state.name, "JOB_STATE_CANCELLED")
        true(not job.start_time, "it never started")


def check_restart(clients):
    """with a directory, jobs and objects survive a restart"""
    with tempfile.TemporaryDirectory() as directory:
        arguments = ("--speed", SPEED, "--data-dir", directory)
        with Emulator(clients.emulator.binary, *arguments) as emulator:
            before = Clients(emulator)
            job = before.ended(before.create().name)
            kept(emulator).create_bucket("kept").blob("a/b").upload_from_string("text")
            generation = kept(emulator).bucket("kept").get_blob("a/b").generation
        with Emulator(clients.emulator.binary, *arguments) as emulator:
            same(Clients(emulator).tuning().get_tuning_job(name=job.name), job)
            blob = kept(emulator).bucket("kept").get_blob("a/b")
            same((blob.download_as_text(), blob.generation), ("text", generation))


def kept(emulator):
    return storage.Client(
        project="acme",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": emulator.url},
    )


def check_same_seed(clients):
    """the same seed names jobs and draws samples alike"""

    def world(seed):
        with Emulator(clients.emulator.binary, "--seed", seed) as emulator:
            name = Clients(emulator).create().name
            return name, kept(emulator).bucket("retune-samples").get_blob(
                "summaries/train.jsonl"
            ).crc32c

    same(world(7), world(7))
    true(all(one != other for one, other in zip(world(7), world(8))), "another seed differs")


def check_assume_datasets(clients):
    """--assume-datasets takes datasets in unknown buckets to exist"""
    with Emulator(clients.emulator.binary, "--assume-datasets") as emulator:
        job = Clients(emulator).create(spec={"training_dataset_uri": "gs://elsewhere/train.jsonl"})
        true(job.name, job)


@each(
    foreign_host={"Host": "example.com"},
    foreign_origin={"Origin": "http://example.com"},
)
def check_foreign_page(clients, headers):
    """a page of another site is refused, at every service"""
    for path in (f"v1/{PARENT}/tuningJobs", "storage/v1/b", f"v1/{PARENT}/tensorboards"):
        same(clients.http.get(f"{clients.url}/{path}", headers=headers).status_code, 403)


def check_loopback_only(clients):
    """an address that others can reach is refused"""
    try:
        emulator = Emulator(clients.emulator.binary, "--listen", "0.0.0.0:0")
    except RuntimeError:
        return
    emulator.stop()
    raise AssertionError("it listens")


def check_stop(clients):
    """SIGTERM ends it with 0"""
    same(Emulator(clients.emulator.binary).stop(), 0)
    with Emulator(clients.emulator.binary) as emulator:
        until(lambda: requests.get(f"{emulator.url}/storage/v1/b", timeout=5).ok)
