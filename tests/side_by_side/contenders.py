"""Four ways to "start this tuning run if it is not there yet", each a process.

    python contenders.py NAME URL

`naive` and `lock` speak plain HTTP, `genai` is Google's SDK with its retries
switched on. Each looks first, as a careful script does.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

PROJECT, LOCATION, MODEL_NAME = "acme-ml", "us-central1", "faq"
PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
BASE_MODEL = "gemini-3.5-flash"
TRAIN = "gs://acme-ml/faq/train.jsonl"
BUCKET = "acme-claims"
LOCK = "terraform%2Fdefault.tflock"


def call(method, url, body=None, timeout=20):
    data = json.dumps(body).encode() if body is not None else None
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.loads(answer.read() or b"{}")


def exists(url):
    """Whether a job of this display name is listed, on any page."""
    token = ""
    while True:
        page = call("GET", f"{url}/v1/{PARENT}/tuningJobs?pageSize=100&pageToken={token}")
        jobs = page.get("tuningJobs", [])
        if any(job.get("tunedModelDisplayName") == MODEL_NAME for job in jobs):
            return True
        token = page.get("nextPageToken", "")
        if not token:
            return False


def create(url):
    body = {
        "baseModel": BASE_MODEL,
        "tunedModelDisplayName": MODEL_NAME,
        "supervisedTuningSpec": {"trainingDatasetUri": TRAIN},
    }
    call("POST", f"{url}/v1/{PARENT}/tuningJobs", body)


def naive(url):
    """Look; when it is not there, send, and send again until it is accepted."""
    if exists(url):
        return
    for attempt in range(5):
        try:
            return create(url)
        except (OSError, ValueError):
            time.sleep(0.1 * 2**attempt)
    sys.exit(1)


def lock(url):
    """As Terraform's Cloud Storage backend: a lock object without an expiry,
    written if it is absent and deleted at the end; one attempt."""
    upload = f"{url}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={LOCK}"
    for _ in range(20):
        try:
            call("POST", f"{upload}&ifGenerationMatch=0", {"ID": os.getpid()})
            break
        except urllib.error.HTTPError as error:
            if error.code != 412:
                raise
            time.sleep(0.2)
    else:
        sys.exit("the state is locked")
    try:
        if not exists(url):
            create(url)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    finally:
        call("DELETE", f"{url}/storage/v1/b/{BUCKET}/o/{LOCK}")


def genai(url):
    """Google's SDK as its page on retries shows it: `HttpRetryOptions`."""
    from google import genai as sdk
    from google.genai import types
    from google.oauth2.credentials import Credentials

    options = types.HttpOptions(
        base_url=url,
        api_version="v1",
        timeout=20_000,
        retry_options=types.HttpRetryOptions(attempts=5, initial_delay=0.1, max_delay=1.0),
    )
    client = sdk.Client(
        vertexai=True,
        project=PROJECT,
        location=LOCATION,
        credentials=Credentials("emulator"),
        http_options=options,
    )
    if any(job.tuned_model_display_name == MODEL_NAME for job in client.tunings.list()):
        return
    client.tunings.tune(
        base_model=BASE_MODEL,
        training_dataset=types.TuningDataset(gcs_uri=TRAIN),
        config=types.CreateTuningJobConfig(tuned_model_display_name=MODEL_NAME),
    )


if __name__ == "__main__":
    {"naive": naive, "lock": lock, "genai": genai}[sys.argv[1]](sys.argv[2])
