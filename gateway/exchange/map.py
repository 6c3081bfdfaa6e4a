"""The transport `map`: deliveries as files in a folder of this machine, such as a mounted share."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from uuid import uuid4

from gateway.exchange.indeling import BEZIG, PlaceDrop
from gateway.exchange.transport import Unreachable
from gateway.reference.adres import map_adres

_FILE_MODE, _FOLDER_MODE = 0o640, 0o770
"""The receiver reads by its group; nobody else does."""


class DirectoryDrop(PlaceDrop):
    """Puts deliveries in `file:///path`; the folder and its `uit` must be there, so that an absent mount is not written under."""

    @contextmanager
    def _place(self, endpoint: str) -> Iterator[_Folder]:
        try:
            root = Path(map_adres(endpoint))
        except ValueError as error:
            raise Unreachable(str(error)) from None
        try:
            if not (root / "uit").is_dir():
                raise Unreachable("there is no folder uit/")
            yield _Folder(root)
        except OSError as error:
            raise Unreachable(error.strerror or type(error).__name__) from None


class _Folder:
    """A place on a file system."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def digest(self, path: str) -> bytes | None:
        file = _open(self._root / path)
        if file is None:
            return None
        with file:
            return hashlib.file_digest(file, "sha256").digest()

    def put(self, folder: str, name: str, content: bytes, checksum: bytes) -> None:
        target, aside = self._root / folder, self._root / BEZIG
        for needed in (target, aside):
            needed.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        files = {f"{name}.sha256": checksum, name: content}
        written = {n: aside / f"{n}.{uuid4().hex}" for n in files}
        try:
            # Both are on disk before either is seen, so that a full disk leaves nothing half done.
            for n, temporary in written.items():
                _write(temporary, files[n])
            for n, temporary in written.items():
                temporary.rename(target / n)
        except FileNotFoundError:
            # Another writer of this delivery was first, and cleared up; if not, a folder is gone.
            if self.digest(f"{folder}/{name}") is None:
                raise
        finally:
            for temporary in written.values():
                temporary.unlink(missing_ok=True)
        _sync(target)
        for left in aside.glob(f"{name}.*"):
            # What a crash left of this delivery; a writer that is still busy loses nothing, as the file is there.
            left.unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        found: list[tuple[int, str]] = []
        with suppress(FileNotFoundError), os.scandir(self._root / folder) as entries:
            found += [(e.stat(follow_symlinks=False).st_mtime_ns, e.name) for e in entries if e.is_file(follow_symlinks=False)]
        return [name for _, name in sorted(found)]

    def read(self, path: str, limit: int) -> bytes | None:
        file = _open(self._root / path)
        if file is None:
            return None
        with file:
            return file.read(limit)

    def move(self, path: str, folder: str, name: str) -> None:
        target = self._root / folder
        target.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        # Not there: another worker put it away.
        with suppress(FileNotFoundError):
            (self._root / path).rename(target / name)
        _sync(target)


def _open(path: Path) -> BufferedReader | None:
    try:
        # A pipe would block this thread for ever, and a link could point at any file of this machine.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreachable(f"{path.name} is not a plain file")
    return open(descriptor, "rb")


def _write(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
