"""A bucket as a zorgkas's inbox: a server that speaks S3, in its own process."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from gateway.exchange.indeling import MAX_RECEIPT
from gateway.exchange.s3 import S3Drop
from gateway.exchange.transport import HandedOver, Receipt, Refused, Unreachable
from tests.exchange.drops import CONTENT, at_once, delivery, name
from tests.support import free_port

BUCKET, PREFIX = "vsb-zorgkas-180", "berichten"
ENDPOINT = f"s3://{BUCKET}/{PREFIX}"
ID = "01999999-0000-7000-8000-000000000001"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the server."""
    port = free_port()
    log = tmp_path_factory.mktemp("s3") / "log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)


@pytest.fixture
def bucket(address: str) -> Iterator[Any]:
    """The zorgkas's own view of its empty bucket."""
    resource = boto3.resource("s3", endpoint_url=address, region_name="eu-west-1")
    made = resource.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield made
    made.objects.all().delete()
    made.delete()


@pytest.fixture
def drop(address: str, bucket: Any) -> S3Drop:
    return S3Drop(address, "eu-west-1")


def keys(bucket: Any) -> list[str]:
    return sorted(o.key.removeprefix(f"{PREFIX}/") for o in bucket.objects.all())


def leave(bucket: Any, id: str, content: bytes = b"<receipt/>") -> None:
    bucket.put_object(Key=f"{PREFIX}/ontvangst/{id}.xml", Body=content)


def test_a_delivery_lies_there_with_the_checksum_that_was_sent_with_it(bucket: Any, drop: S3Drop) -> None:
    one = delivery(ENDPOINT)
    assert drop.deliver(one) == HandedOver(reference=f"uit/{name(one)}", confirmed=False)
    assert keys(bucket) == [f"uit/{name(one)}", f"uit/{name(one)}.sha256"]
    found = bucket.Object(f"{PREFIX}/uit/{name(one)}").get(ChecksumMode="ENABLED")
    assert found["Body"].read() == CONTENT
    assert base64.b64decode(found["ChecksumSHA256"]) == one.sha256
    beside = bucket.Object(f"{PREFIX}/uit/{name(one)}.sha256").get()["Body"].read()
    assert beside == f"{one.sha256.hex()}  {name(one)}\n".encode()


def test_a_bucket_without_a_prefix_serves_too(bucket: Any, drop: S3Drop) -> None:
    one = delivery(f"s3://{BUCKET}")
    drop.deliver(one)
    assert keys(bucket) == [f"uit/{name(one)}", f"uit/{name(one)}.sha256"]


def test_the_same_delivery_again_changes_nothing(bucket: Any, drop: S3Drop) -> None:
    one = delivery(ENDPOINT)
    drop.deliver(one)
    before = bucket.Object(f"{PREFIX}/uit/{name(one)}").last_modified
    time.sleep(1.1)
    drop.deliver(one)
    assert bucket.Object(f"{PREFIX}/uit/{name(one)}").last_modified == before


def test_what_the_receiver_moved_away_is_not_put_down_again(bucket: Any, drop: S3Drop) -> None:
    one = delivery(ENDPOINT)
    drop.deliver(one)
    source = {"Bucket": BUCKET, "Key": f"{PREFIX}/uit/{name(one)}"}
    bucket.Object(f"{PREFIX}/uit/verwerkt/{name(one)}").copy_from(CopySource=source)
    bucket.Object(source["Key"]).delete()
    drop.deliver(one)
    assert f"uit/{name(one)}" not in keys(bucket)


def test_other_content_under_the_same_name_is_never_overwritten(bucket: Any, drop: S3Drop) -> None:
    one = delivery(ENDPOINT)
    bucket.put_object(Key=f"{PREFIX}/uit/{name(one)}", Body=b"another")
    with pytest.raises(Refused, match="other content"):
        drop.deliver(one)
    assert bucket.Object(f"{PREFIX}/uit/{name(one)}").get()["Body"].read() == b"another"


def test_threads_with_different_content_under_one_id_leave_the_first(bucket: Any, drop: S3Drop) -> None:
    sent = iter([delivery(ENDPOINT, bytes([n]) * 100_000, id=ID) for n in range(8)])
    results = at_once(8, lambda: drop.deliver(next(sent)))
    assert sorted(type(r).__name__ for r in results) == ["HandedOver"] + ["Refused"] * 7


def test_threads_with_one_delivery_all_succeed(bucket: Any, drop: S3Drop) -> None:
    one = delivery(ENDPOINT, os.urandom(1_000_000))
    assert [type(r) for r in at_once(8, lambda: drop.deliver(one))] == [HandedOver] * 8
    assert bucket.Object(f"{PREFIX}/uit/{name(one)}").get()["Body"].read() == one.content


def test_test_deliveries_lie_apart(bucket: Any, drop: S3Drop) -> None:
    one = delivery(ENDPOINT, test=True)
    assert drop.deliver(one).reference == f"uit/test/{name(one)}"
    assert keys(bucket) == [f"uit/test/{name(one)}", f"uit/test/{name(one)}.sha256"]


def test_what_a_crash_left_half_done_is_finished(bucket: Any, drop: S3Drop) -> None:
    one = delivery(ENDPOINT)
    bucket.put_object(Key=f"{PREFIX}/uit/{name(one)}.sha256", Body=b"half")
    drop.deliver(one)
    assert bucket.Object(f"{PREFIX}/uit/{name(one)}").get()["Body"].read() == CONTENT
    assert bucket.Object(f"{PREFIX}/uit/{name(one)}.sha256").get()["Body"].read() != b"half"


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_unreachable(drop: S3Drop) -> None:
    with pytest.raises(Unreachable, match="NoSuchBucket"):
        drop.deliver(delivery("s3://another-bucket"))


def test_a_store_that_does_not_answer_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="EndpointConnectionError"):
        S3Drop(f"http://127.0.0.1:{free_port()}", "eu-west-1").deliver(delivery(ENDPOINT))


def test_without_credentials_nothing_is_sent(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Unreachable, match="NoCredentials"):
        S3Drop(address, "eu-west-1").deliver(delivery(ENDPOINT))


def test_a_setting_that_is_no_address_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="endpoint"):
        S3Drop("not an address", "eu-west-1").deliver(delivery(ENDPOINT))


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    script = """
import sys
sys.modules["boto3"] = None
from gateway.exchange.s3 import S3Drop
from tests.exchange.drops import delivery
S3Drop().deliver(delivery("s3://bucket"))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'vsb-gateway[s3]'" in done.stderr.splitlines()[-1]


def test_receipts_come_oldest_first_and_only_files_that_can_be_receipts(bucket: Any, drop: S3Drop) -> None:
    for id, content in (("c", bytes(3_000_000)), ("b", b"2"), ("a", b"3")):
        leave(bucket, id, content)
        time.sleep(1.1)
    bucket.put_object(Key=f"{PREFIX}/ontvangst/.half.xml", Body=b"")
    bucket.put_object(Key=f"{PREFIX}/ontvangst/verwerkt/d.xml", Body=b"")
    assert drop.receipts(ENDPOINT) == [
        Receipt(delivery_id="c", content=bytes(MAX_RECEIPT + 1)),
        Receipt(delivery_id="b", content=b"2"),
        Receipt(delivery_id="a", content=b"3"),
    ]


@pytest.mark.parametrize(("accepted", "folder"), [(True, "verwerkt"), (False, "geweigerd")])
def test_a_receipt_that_was_taken_lies_apart(bucket: Any, drop: S3Drop, accepted: bool, folder: str) -> None:
    leave(bucket, ID)
    (receipt,) = drop.receipts(ENDPOINT)
    drop.taken(ENDPOINT, receipt, accepted=accepted)
    drop.taken(ENDPOINT, receipt, accepted=accepted)
    assert keys(bucket) == [f"ontvangst/{folder}/{ID}.xml"]


def test_workers_that_put_one_receipt_away_at_once_all_succeed(bucket: Any, drop: S3Drop) -> None:
    leave(bucket, ID)
    (receipt,) = drop.receipts(ENDPOINT)
    assert at_once(8, lambda: drop.taken(ENDPOINT, receipt, accepted=True)) == [None] * 8
    assert drop.receipts(ENDPOINT) == []


def test_two_receipts_of_one_delivery_are_both_kept(bucket: Any, drop: S3Drop) -> None:
    for content in (b"<first/>", b"<second/>"):
        leave(bucket, ID, content)
        drop.taken(ENDPOINT, drop.receipts(ENDPOINT)[0], accepted=False)
    assert {o.get()["Body"].read() for o in bucket.objects.all()} == {b"<first/>", b"<second/>"}
