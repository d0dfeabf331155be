"""google-cloud-storage through STORAGE_EMULATOR_HOST."""

import base64
import io
import json
import os
import struct

import google_crc32c
from google.api_core import exceptions
from google.cloud.storage import transfer_manager

from harness import TRAIN, each, raises, same, true

MIB = 1024 * 1024
CHUNK = 256 * 1024


def put(clients, name, content=b"0123456789", **arguments):
    blob = clients.bucket.blob(name)
    blob.upload_from_string(content, **arguments)
    return blob


def check_buckets(clients):
    """buckets: create, get, list, exists, delete"""
    name = "conformance-buckets"
    bucket = clients.storage.create_bucket(name)
    true(bucket.exists() and clients.storage.get_bucket(name).name == name, "it is there")
    true(name in [found.name for found in clients.storage.list_buckets()], "it is listed")
    with raises(exceptions.Conflict):
        clients.storage.create_bucket(name)
    bucket.delete()
    true(not bucket.exists(), "it is gone")
    with raises(exceptions.NotFound):
        clients.storage.get_bucket(name)


def check_upload_and_download(clients):
    """multipart upload, metadata, and download with checksums"""
    blob = clients.bucket.blob("dir/train set ü.jsonl")
    blob.metadata = {"owner": "faq"}
    blob.upload_from_string("{}\n", content_type="application/jsonl", checksum="crc32c")
    found = clients.bucket.get_blob(blob.name)
    same(
        (found.size, found.content_type, found.metadata), (3, "application/jsonl", {"owner": "faq"})
    )
    crc = base64.b64encode(struct.pack(">I", google_crc32c.value(b"{}\n"))).decode()
    same(found.crc32c, crc)
    same(found.download_as_bytes(checksum="md5"), b"{}\n")
    same(found.download_as_text(), "{}\n")


def check_empty_object(clients):
    """an empty object"""
    blob = put(clients, "empty", b"")
    same((clients.bucket.get_blob("empty").size, blob.download_as_bytes()), (0, b""))


@each(first=(0, 3, b"0123"), middle=(4, 6, b"456"), open=(7, None, b"789"), beyond=(8, 99, b"89"))
def check_ranges(clients, case):
    """a download of a range"""
    start, end, wanted = case
    same(put(clients, "ranges").download_as_bytes(start=start, end=end), wanted)


def check_suffix_range(clients):
    """a download of the last bytes"""
    same(put(clients, "ranges").download_as_bytes(start=-4), b"6789")


def check_range_beyond(clients):
    """a range that starts beyond the end is refused"""
    with raises(exceptions.RequestRangeNotSatisfiable):
        put(clients, "ranges").download_as_bytes(start=10)


def check_chunked_reader(clients):
    """blob.open reads in ranges and writes in chunks"""
    content = os.urandom(MIB + 17)
    blob = clients.bucket.blob("opened")
    with blob.open("wb", chunk_size=CHUNK) as file:
        file.write(content)
    with blob.open("rb", chunk_size=CHUNK) as file:
        same(file.read(100), content[:100])
        file.seek(MIB)
        same(file.read(), content[MIB:])


def check_resumable(clients):
    """a resumable upload of known size in chunks"""
    content = os.urandom(2 * MIB + 3)
    blob = clients.bucket.blob("resumable", chunk_size=CHUNK)
    blob.upload_from_file(io.BytesIO(content), size=len(content), content_type="a/b")
    same((blob.size, blob.content_type), (len(content), "a/b"))
    same(blob.download_as_bytes(), content)


def check_resumable_unknown_size(clients):
    """a resumable upload whose size is known at its end"""
    content = os.urandom(MIB)

    class Stream(io.RawIOBase):
        source = io.BytesIO(content)

        def read(self, size=-1):
            return self.source.read(size)

        def tell(self):
            return self.source.tell()

    blob = clients.bucket.blob("streamed", chunk_size=CHUNK)
    blob.upload_from_file(Stream())
    same(clients.bucket.blob("streamed").download_as_bytes(), content)


def check_resumable_single_request(clients):
    """a session that takes everything in one request"""
    blob = clients.bucket.blob("session")
    session = blob.create_resumable_upload_session(content_type="text/plain", size=5)
    true(session.startswith(clients.url), session)
    answer = clients.http.put(session, data=b"hello")
    same((answer.status_code, answer.json()["contentType"]), (200, "text/plain"))


def check_resumable_status(clients):
    """a session says how far it is, and takes up from there"""
    session = clients.bucket.blob("resumed").create_resumable_upload_session(size=CHUNK + 2)
    put_range = lambda text, data=b"": clients.http.put(
        session, data=data, headers={"Content-Range": text}, allow_redirects=False
    )
    same(put_range(f"bytes */{CHUNK + 2}").headers.get("Range"), None)
    answer = put_range(f"bytes 0-{CHUNK - 1}/{CHUNK + 2}", b"a" * CHUNK)
    same((answer.status_code, answer.headers["Range"]), (308, f"bytes=0-{CHUNK - 1}"))
    same(put_range(f"bytes */{CHUNK + 2}").headers["Range"], f"bytes=0-{CHUNK - 1}")
    same(put_range(f"bytes {CHUNK}-{CHUNK + 1}/{CHUNK + 2}", b"bb").status_code, 200)
    # Asked again after the end, the session answers with the object.
    same(put_range(f"bytes */{CHUNK + 2}").json()["size"], str(CHUNK + 2))


def check_resumable_granularity(clients):
    """a chunk that is not a multiple of 256 KiB is refused"""
    session = clients.bucket.blob("odd").create_resumable_upload_session()
    headers = {"Content-Range": "bytes 0-999/*"}
    same(clients.http.put(session, data=b"x" * 1000, headers=headers).status_code, 400)


def check_checksum_mismatch(clients):
    """content that differs from its checksum is refused"""
    headers = {"Content-Type": "multipart/related; boundary=b"}
    metadata = json.dumps({"name": "wrong", "crc32c": "AAAAAA=="})
    body = f"--b\r\nContent-Type: application/json\r\n\r\n{metadata}\r\n--b\r\n\r\nx\r\n--b--"
    url = f"{clients.url}/upload/storage/v1/b/{clients.bucket.name}/o?uploadType=multipart"
    answer = clients.http.post(url, data=body, headers=headers)
    same(answer.status_code, 400)
    true(not clients.bucket.blob("wrong").exists(), "nothing was stored")


def check_create_only(clients):
    """if_generation_match=0 creates once"""
    put(clients, "once", if_generation_match=0)
    with raises(exceptions.PreconditionFailed):
        put(clients, "once", if_generation_match=0)
    same(clients.bucket.blob("once").download_as_bytes(), b"0123456789")


def check_compare_and_swap(clients):
    """if_generation_match lets one of two writers win"""
    blob = put(clients, "claim", b"one")
    seen = blob.generation
    put(clients, "claim", b"two", if_generation_match=seen)
    with raises(exceptions.PreconditionFailed):
        put(clients, "claim", b"three", if_generation_match=seen)
    same(clients.bucket.blob("claim").download_as_bytes(), b"two")


def check_generations(clients):
    """generations grow, and an old one cannot be read"""
    first = put(clients, "generations", b"one").generation
    second = put(clients, "generations", b"two").generation
    true(second > first, (first, second))
    old = clients.bucket.blob("generations", generation=first)
    with raises(exceptions.NotFound):
        old.download_as_bytes()
    same(clients.bucket.blob("generations", generation=second).download_as_bytes(), b"two")


@each(
    match=({"if_generation_match": 1}, exceptions.PreconditionFailed),
    metageneration=({"if_metageneration_match": 9}, exceptions.PreconditionFailed),
)
def check_read_conditions(clients, case):
    """a read under a condition that does not hold"""
    conditions, kind = case
    with raises(kind):
        put(clients, "conditions").download_as_bytes(**conditions)


def check_not_modified(clients):
    """a read of what one has already is 304"""
    blob = put(clients, "modified")
    with raises(exceptions.NotModified):
        blob.reload(if_generation_not_match=blob.generation)


def check_patch(clients):
    """patch changes metadata and its metageneration, not the generation"""
    blob = put(clients, "patched")
    before = blob.generation
    blob.metadata = {"a": "b"}
    blob.content_type = "text/x"
    blob.patch()
    blob = clients.bucket.get_blob("patched")
    same((blob.generation, blob.metageneration), (before, 2))
    same((blob.metadata, blob.content_type), ({"a": "b"}, "text/x"))


def check_delete(clients):
    """delete, conditionally and for good"""
    blob = put(clients, "deleted")
    with raises(exceptions.PreconditionFailed):
        blob.delete(if_generation_match=1)
    blob.delete(if_generation_match=blob.generation)
    true(not blob.exists(), "it is gone")
    with raises(exceptions.NotFound):
        clients.bucket.blob("deleted").delete()


def check_missing(clients):
    """objects and buckets that are not there"""
    same(clients.bucket.get_blob("none"), None)
    with raises(exceptions.NotFound, "No such object"):
        clients.bucket.blob("none").download_as_bytes()
    with raises(exceptions.NotFound):
        clients.storage.bucket("no-such-bucket").blob("x").upload_from_string("x")


def check_list(clients):
    """list with prefix, delimiter and pages"""
    for name in ("list/a", "list/b/1", "list/b/2", "list/c"):
        put(clients, name)
    names = lambda **arguments: [blob.name for blob in clients.bucket.list_blobs(**arguments)]
    same(names(prefix="list/", page_size=1), ["list/a", "list/b/1", "list/b/2", "list/c"])
    same(names(prefix="list/", max_results=2), ["list/a", "list/b/1"])
    same(names(start_offset="list/b/2", end_offset="list/c"), ["list/b/2"])
    found = clients.bucket.list_blobs(prefix="list/", delimiter="/")
    same([blob.name for blob in found], ["list/a", "list/c"])
    same(found.prefixes, {"list/b/"})


def check_compose(clients):
    """compose puts objects together"""
    parts = [put(clients, f"part{n}", text) for n, text in enumerate((b"one ", b"two"))]
    whole = clients.bucket.blob("whole")
    whole.compose(parts)
    same((whole.download_as_bytes(), whole.md5_hash), (b"one two", None))


def check_copy(clients):
    """copy_blob and rewrite keep the content and its type"""
    source = put(clients, "original", b"text", content_type="text/plain")
    copy = clients.bucket.copy_blob(source, clients.bucket, "copies/one")
    same((copy.content_type, copy.crc32c), (source.content_type, source.crc32c))
    token, done, total = clients.bucket.blob("copies/two").rewrite(source)
    same((token, done, total), (None, 4, 4))


def check_transfer_manager(clients):
    """transfer_manager downloads a sample in concurrent ranges"""
    bucket, _, name = TRAIN.removeprefix("gs://").partition("/")
    blob = clients.storage.bucket(bucket).get_blob(name)
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"conformance-{os.getpid()}.jsonl")
    try:
        transfer_manager.download_chunks_concurrently(
            blob, path, chunk_size=32 * 1024, worker_type=transfer_manager.THREAD
        )
        with open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
    finally:
        os.unlink(path)
    same(len(rows), 320)


def check_samples(clients):
    """every sample is JSON lines of contents, and read-only"""
    count = 0
    for bucket in ("cloud-samples-data", "retune-samples"):
        for blob in clients.storage.list_blobs(bucket):
            rows = [json.loads(line) for line in blob.download_as_text().splitlines()]
            true(100 <= len(rows) <= 500, (blob.name, len(rows)))
            true(all(row["contents"] for row in rows), blob.name)
            count += 1
    same(count, 20)
    with raises(exceptions.Forbidden):
        clients.storage.bucket("retune-samples").blob("x").upload_from_string("x")


def check_permissions(clients):
    """testPermissions grants what is asked for"""
    asked = ["storage.objects.get", "storage.objects.create"]
    same(clients.bucket.test_iam_permissions(asked), asked)


def check_own_dataset(clients):
    """a job can be tuned on an uploaded dataset"""
    row = {"contents": [{"role": role, "parts": [{"text": "hi"}]} for role in ("user", "model")]}
    lines = "".join(json.dumps(row) + "\n" for _ in range(24))
    put(clients, "own/train.jsonl", lines, content_type="application/jsonl")
    uri = f"gs://{clients.bucket.name}/own/train.jsonl"
    job = clients.ended(clients.create(spec={"training_dataset_uri": uri}).name)
    stats = job.tuning_data_stats.supervised_tuning_data_stats
    same((job.state.name, stats.tuning_dataset_example_count), ("JOB_STATE_SUCCEEDED", 24))


def check_fields(clients):
    """fields brings what it names and nothing else"""
    put(clients, "fields")
    url = f"{clients.url}/storage/v1/b/{clients.bucket.name}/o/fields?fields=name,size"
    same(clients.http.get(url).json(), {"name": "fields", "size": "10"})
