"""A private OpenSSH server with SFTP, and a wire to it that can be cut."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/client_key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
"""


@dataclass(kw_only=True)
class Sshd:
    """A running server; `root` is the folder of the zorgkas on it."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        return self.folder / "kas"

    @property
    def key(self) -> Path:
        return self.folder / "client_key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def endpoint(self, port: int | None = None) -> str:
        return f"sftp://{getpass.getuser()}@127.0.0.1:{port or self.port}{self.root}"

    def trust(self, port: int | None = None) -> None:
        """Write the server's own host key in known_hosts, for a port."""
        kind, key, *_ = (self.folder / "host_key.pub").read_text().split()
        self.known_hosts.write_text(f"[127.0.0.1]:{port or self.port} {kind} {key}\n")

    def new_host_key(self) -> None:
        for path in self.folder.glob("host_key*"):
            path.unlink()
        _keygen(self.folder / "host_key")

    def start(self) -> None:
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise RuntimeError("sshd is not installed: make debian-test")
        if os.geteuid() == 0:
            # Where sshd locks up its unprivileged half.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        command = [program, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"sshd did not come up:\n{(self.folder / 'log').read_text()}")

    def stop(self) -> None:
        """Stop the server and every session on it."""
        if self.process is not None:
            self.thaw()
            deadline = time.monotonic() + 10
            # While the server lives it takes leave of its sessions; a session may miss a gentler signal.
            while (sessions := _children(self.process.pid)) and time.monotonic() < deadline:
                for pid in sessions:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(0.01)
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def freeze(self) -> None:
        """Let the server and its sessions hang: the wires stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.process is not None:
            for pid in (self.process.pid, *_children(self.process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)


def _children(pid: int) -> list[int]:
    try:
        found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        # It ended between two looks.
        return []
    return found + [grandchild for child in found for grandchild in _children(child)]


def _keygen(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)


@contextmanager
def private_sshd() -> Iterator[Sshd]:
    """A server whose host key stands in `known_hosts`, with a zorgkas's folder on it."""
    folder = Path(tempfile.mkdtemp(prefix="vsb-sshd-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Sshd(port=int(probe.getsockname()[1]), folder=folder)
    _keygen(folder / "host_key")
    _keygen(server.key)
    (folder / "sshd_config").write_text(_CONFIG.format(port=server.port, folder=folder))
    for made in ("uit", "ontvangst"):
        (server.root / made).mkdir(parents=True)
    server.trust()
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def cut_wire(port: int, after: int) -> Iterator[int]:
    """A port that passes on to another and is cut for good once so many octets went there.

    Yields:
        The port to connect to.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    left = after
    open_: list[socket.socket] = []

    def cut() -> None:
        for wire in open_:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def back(client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while octets := server.recv(65536):
                client.sendall(octets)
        cut()

    def run() -> None:
        nonlocal left
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
                open_.extend((client, server))
                threading.Thread(target=back, args=(client, server), daemon=True).start()
                while left > 0 and (octets := client.recv(min(left, 65536))):
                    server.sendall(octets)
                    left -= len(octets)
                cut()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        cut()
