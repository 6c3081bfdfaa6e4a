"""The transport `s3`: deliveries as objects in a bucket, at AWS or at any store that speaks S3 and has conditional writes.

Needs the extra `s3`. Credentials come from where boto3 looks for them (AWS_ACCESS_KEY_ID and the rest).
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateway.exchange.indeling import PlaceDrop
from gateway.exchange.transport import Refused, Unreachable
from gateway.reference.adres import S3Adres, s3_adres

_ABSENT = frozenset({"NoSuchKey", "404"})
_CONNECT, _READ = 5, 30
"""Seconds to connect, and between two reads; with two attempts shorter than the outbox's lease."""


class S3Drop(PlaceDrop):
    """Puts deliveries in `s3://bucket/prefix`.

    Args:
        endpoint_url: address of the store; none: AWS.
        region: for the signature; none: as the AWS environment says.
    """

    def __init__(self, endpoint_url: str = "", region: str = "") -> None:
        self._endpoint_url = endpoint_url
        self._region = region
        self._made: Any = None
        self._lock = threading.Lock()

    @contextmanager
    def _place(self, endpoint: str) -> Iterator[_Bucket]:
        try:
            adres = s3_adres(endpoint)
        except ValueError as error:
            raise Unreachable(str(error)) from None
        client = self._client()
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield _Bucket(client, adres)
        except ClientError as error:
            raise Unreachable(f"S3: {_code(error)}") from None
        except BotoCoreError as error:
            raise Unreachable(f"S3: {type(error).__name__}") from None

    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = _make(self._endpoint_url or None, self._region or None)
            return self._made


def _make(endpoint_url: str | None, region: str | None) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError:
        raise Unreachable("levering s3 needs boto3: pip install 'vsb-gateway[s3]'") from None
    config = Config(
        connect_timeout=_CONNECT,
        read_timeout=_READ,
        retries={"total_max_attempts": 2, "mode": "standard"},
        max_pool_connections=64,
        # Stores other than AWS's often know no bucket in the host name, and no checksum that was not asked for.
        s3={"addressing_style": "path"} if endpoint_url else {},
        request_checksum_calculation="when_required",
    )
    try:
        return boto3.session.Session().client("s3", endpoint_url=endpoint_url, region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise Unreachable(f"S3: {error}"[:200]) from None


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))[:60]


class _Bucket:
    """A place in a bucket."""

    def __init__(self, client: Any, adres: S3Adres) -> None:
        self._client = client
        self._bucket = adres.bucket
        self._prefix = adres.prefix

    def digest(self, path: str) -> bytes | None:
        body = self._get(path)
        if body is None:
            return None
        digest = hashlib.sha256()
        for block in body.iter_chunks(65536):
            digest.update(block)
        return digest.digest()

    def put(self, folder: str, name: str, content: bytes, checksum: bytes) -> None:
        self._put(f"{folder}/{name}.sha256", checksum, "text/plain")
        try:
            # A put is whole or not at all, and never goes over what another worker put there.
            self._put(f"{folder}/{name}", content, "application/xml", IfNoneMatch="*")
        except self._client.exceptions.ClientError as error:
            if _code(error) != "PreconditionFailed":
                raise
            if self.digest(f"{folder}/{name}") != hashlib.sha256(content).digest():
                raise Refused(f"{folder}/{name} holds other content") from None

    def names(self, folder: str) -> list[str]:
        start = f"{self._prefix}{folder}/"
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start, Delimiter="/")
        found = [(o["LastModified"], o["Key"].removeprefix(start)) for page in pages for o in page.get("Contents", ())]
        return [name for _, name in sorted(found)]

    def read(self, path: str, limit: int) -> bytes | None:
        body = self._get(path)
        if body is None:
            return None
        with body:
            octets: bytes = body.read(limit)
        return octets

    def move(self, path: str, folder: str, name: str) -> None:
        source, target = f"{self._prefix}{path}", f"{self._prefix}{folder}/{name}"
        try:
            self._client.copy_object(Bucket=self._bucket, Key=target, CopySource={"Bucket": self._bucket, "Key": source})
        except self._client.exceptions.ClientError as error:
            if _code(error) not in _ABSENT:
                raise
            # Not there: another worker put it away.
            return
        self._client.delete_object(Bucket=self._bucket, Key=source)

    def _get(self, path: str) -> Any:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{path}")["Body"]
        except self._client.exceptions.ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise

    def _put(self, path: str, content: bytes, content_type: str, **condition: str) -> None:
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        self._client.put_object(
            Bucket=self._bucket,
            Key=f"{self._prefix}{path}",
            Body=content,
            ContentType=content_type,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=digest,
            **condition,
        )
