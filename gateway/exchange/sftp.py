"""The transport `sftp`: deliveries as files on a zorgkas's SFTP server (draft-ietf-secsh-filexfer-02, OpenSSH's posix-rename).

The server's host key is known beforehand or nothing is sent; the gateway shows a key, never a password.
"""

from __future__ import annotations

import hashlib
import io
import socket
import stat
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import paramiko
from paramiko.sftp_client import SFTPClient

from gateway.exchange.indeling import BEZIG, PlaceDrop
from gateway.exchange.transport import Refused, Unreachable
from gateway.reference.adres import SftpAdres, sftp_adres

CONNECT = 10.0
"""Seconds for each of connection, greeting, login and channel."""
ANSWER = 30.0
"""Seconds that the server may be silent."""
DEADLINE = 120.0
"""Seconds to write one delivery; with the rest of a delivery shorter than the outbox's lease."""
_KEEPALIVE = 60
"""Seconds between two signs of life on an idle connection, so that a firewall between does not drop it."""
_IDLE = 8
"""Connections kept open to one server."""


class SftpDrop(PlaceDrop):
    """Puts deliveries on `sftp://user@host:port/path`.

    Args:
        key: OpenSSH or PEM private key without a passphrase.
        known_hosts: host keys in OpenSSH's form, of every server; read again at each connection.
    """

    def __init__(self, key: Path | None, known_hosts: Path | None) -> None:
        self._key = key
        self._known_hosts = known_hosts
        self._idle: defaultdict[SftpAdres, list[_Connection]] = defaultdict(list)
        self._lock = threading.Lock()

    @contextmanager
    def _place(self, endpoint: str) -> Iterator[_Remote]:
        try:
            adres = sftp_adres(endpoint)
        except ValueError as error:
            raise Unreachable(str(error)) from None
        connection = self._borrow(adres)
        usable = False
        try:
            yield _Remote(connection.sftp, adres.pad)
            usable = True
        except Refused:
            usable = True
            raise
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise Unreachable(_describe(error)) from None
        finally:
            if usable:
                self._give_back(adres, connection)
            else:
                connection.close()

    def _borrow(self, adres: SftpAdres) -> _Connection:
        while True:
            with self._lock:
                idle = self._idle[adres]
                connection = idle.pop() if idle else None
            if connection is None:
                break
            # A server closes what is idle for long; that is no failure of this delivery.
            if connection.answers(adres.pad):
                return connection
            connection.close()
        if self._key is None or self._known_hosts is None:
            raise Unreachable("VSB_SFTP_KEY and VSB_SFTP_KNOWN_HOSTS are not set")
        return _connect(adres, self._key, self._known_hosts)

    def _give_back(self, adres: SftpAdres, connection: _Connection) -> None:
        with self._lock:
            if len(self._idle[adres]) < _IDLE:
                self._idle[adres].append(connection)
                return
        connection.close()


class _Connection:
    """An open SFTP session."""

    def __init__(self, client: paramiko.SSHClient, sftp: SFTPClient) -> None:
        self._client = client
        self.sftp = sftp

    def answers(self, path: str) -> bool:
        try:
            self.sftp.stat(path)
        except (OSError, EOFError, paramiko.SSHException):
            return False
        return True

    def close(self) -> None:
        self._client.close()


class _OnlyKnownHosts(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        raise Unreachable(f"no host key of {hostname} in VSB_SFTP_KNOWN_HOSTS; the server showed {key.fingerprint}")


def _connect(adres: SftpAdres, key: Path, known_hosts: Path) -> _Connection:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(_OnlyKnownHosts())
    try:
        client.load_host_keys(str(known_hosts))
        private = paramiko.PKey.from_path(key)
    except (OSError, ValueError, TypeError, paramiko.SSHException) as error:
        raise Unreachable(f"VSB_SFTP_KNOWN_HOSTS or VSB_SFTP_KEY can not be read: {type(error).__name__}") from None
    connection = None
    try:
        client.connect(
            adres.host,
            port=adres.poort,
            username=adres.gebruiker,
            pkey=private,
            allow_agent=False,
            look_for_keys=False,
            timeout=CONNECT,
            banner_timeout=CONNECT,
            auth_timeout=CONNECT,
            channel_timeout=CONNECT,
        )
        sftp = client.open_sftp()
        channel = sftp.get_channel()
        assert channel is not None  # it was opened just now
        channel.settimeout(ANSWER)
        wire = channel.get_transport().sock
        if isinstance(wire, socket.socket):
            # A delivery is many small questions: with Nagle's algorithm each write waits 40 ms for the one before.
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        channel.get_transport().set_keepalive(_KEEPALIVE)
        sftp.stat(f"{adres.pad}/uit")
        connection = _Connection(client, sftp)
    except FileNotFoundError:
        raise Unreachable("there is no folder uit/") from None
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Unreachable(_describe(error)) from None
    finally:
        if connection is None:
            client.close()
    return connection


def _describe(error: Exception) -> str:
    match error:
        case paramiko.BadHostKeyException():
            return f"the host key of {error.hostname} is not the one in VSB_SFTP_KNOWN_HOSTS; it is {error.key.fingerprint}"
        case paramiko.AuthenticationException():
            return "the server does not accept the key of VSB_SFTP_KEY"
        case OSError() if error.strerror:
            return f"SFTP: {error.strerror}"[:200]
        case _:
            return f"SFTP: {type(error).__name__} {error}"[:200].strip()


class _Remote:
    """A place on an SFTP server."""

    def __init__(self, sftp: SFTPClient, root: str) -> None:
        self._sftp = sftp
        self._root = root

    def digest(self, path: str) -> bytes | None:
        digest = hashlib.sha256()
        try:
            with self._sftp.open(f"{self._root}/{path}", "rb") as file:
                file.prefetch()
                while block := file.read(65536):
                    digest.update(block)
        except FileNotFoundError:
            return None
        return digest.digest()

    def put(self, folder: str, name: str, content: bytes, checksum: bytes) -> None:
        files = {f"{name}.sha256": checksum, name: content}
        written = {n: f"{self._root}/{BEZIG}/{n}.{uuid4().hex}" for n in files}
        self._folder(BEZIG)
        self._folder(folder)
        end = time.monotonic() + DEADLINE
        try:
            # Both are there whole before either is seen, so that a full disk leaves nothing half done.
            for n, temporary in written.items():
                self._write(temporary, files[n], end)
            for n, temporary in written.items():
                self._sftp.posix_rename(temporary, f"{self._root}/{folder}/{n}")
        except FileNotFoundError:
            # Another writer of this delivery was first, and cleared up; if not, a folder is gone.
            if self.digest(f"{folder}/{name}") is None:
                raise
        except OSError as error:
            # A silent server would make each of these wait too.
            for temporary in () if isinstance(error, TimeoutError) else written.values():
                with suppress(OSError, EOFError, paramiko.SSHException):
                    self._sftp.remove(temporary)
            raise
        for left in self._sftp.listdir(f"{self._root}/{BEZIG}"):
            # What a cut connection left of this delivery; a writer that is still busy loses nothing, as the file is there.
            if left.startswith(f"{name}."):
                with suppress(FileNotFoundError):
                    self._sftp.remove(f"{self._root}/{BEZIG}/{left}")

    def _write(self, path: str, content: bytes, end: float) -> None:
        def progress(_done: int, _whole: int) -> None:
            if time.monotonic() > end:
                raise Unreachable("writing takes too long")

        # putfo compares the file's size afterwards: a full disk says no to a write that nobody waits for.
        self._sftp.putfo(io.BytesIO(content), path, len(content), progress, confirm=True)

    def _folder(self, folder: str) -> None:
        try:
            self._sftp.stat(f"{self._root}/{folder}")
        except FileNotFoundError:
            # Another thread may make it at the same moment; if it cannot be made, writing in it says so.
            with suppress(OSError):
                self._sftp.mkdir(f"{self._root}/{folder}", 0o770)

    def names(self, folder: str) -> list[str]:
        try:
            entries = self._sftp.listdir_attr(f"{self._root}/{folder}")
        except FileNotFoundError:
            return []
        plain = [e for e in entries if e.st_mode is None or stat.S_ISREG(e.st_mode)]
        return [e.filename for e in sorted(plain, key=lambda e: (e.st_mtime or 0, e.filename))]

    def read(self, path: str, limit: int) -> bytes | None:
        try:
            with self._sftp.open(f"{self._root}/{path}", "rb") as file:
                return file.read(limit)
        except FileNotFoundError:
            return None

    def move(self, path: str, folder: str, name: str) -> None:
        self._folder(folder)
        try:
            self._sftp.posix_rename(f"{self._root}/{path}", f"{self._root}/{folder}/{name}")
        except FileNotFoundError:
            # Another worker put it away; if not, the folder could not be made.
            if self.read(path, 1) is not None:
                raise
