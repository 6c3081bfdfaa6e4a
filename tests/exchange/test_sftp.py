"""A zorgkas's SFTP server: OpenSSH itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.exchange import sftp
from gateway.exchange.indeling import MAX_RECEIPT
from gateway.exchange.sftp import SftpDrop
from gateway.exchange.transport import HandedOver, Receipt, Refused, Unreachable
from tests import support
from tests.exchange.drops import CONTENT, at_once, delivery, name
from tests.exchange.sshd import Sshd, cut_wire, private_sshd

ID = "01999999-0000-7000-8000-000000000001"


@pytest.fixture
def server() -> Iterator[Sshd]:
    with private_sshd() as running:
        yield running


@pytest.fixture
def drop(server: Sshd) -> SftpDrop:
    return SftpDrop(server.key, server.known_hosts)


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def sessions(server: Sshd) -> int:
    return (server.folder / "log").read_text().count("Accepted publickey")


def test_a_delivery_lies_there_with_a_checksum_that_sha256sum_reads(server: Sshd, drop: SftpDrop) -> None:
    one = delivery(server.endpoint())
    assert drop.deliver(one) == HandedOver(reference=f"uit/{name(one)}", confirmed=False)
    assert (server.root / "uit" / name(one)).read_bytes() == CONTENT
    assert files(server.root) == [f"uit/{name(one)}", f"uit/{name(one)}.sha256"]
    subprocess.run(["sha256sum", "--check", "--strict", f"{name(one)}.sha256"], cwd=server.root / "uit", check=True)


def test_a_large_delivery_arrives_octet_for_octet(server: Sshd, drop: SftpDrop) -> None:
    one = delivery(server.endpoint(), os.urandom(20_000_000))
    drop.deliver(one)
    assert (server.root / "uit" / name(one)).read_bytes() == one.content


def test_the_same_delivery_again_changes_nothing(server: Sshd, drop: SftpDrop) -> None:
    one = delivery(server.endpoint(), os.urandom(300_000))
    drop.deliver(one)
    before = (server.root / "uit" / name(one)).stat()
    drop.deliver(one)
    after = (server.root / "uit" / name(one)).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_the_receiver_moved_away_is_not_put_down_again(server: Sshd, drop: SftpDrop) -> None:
    one = delivery(server.endpoint())
    drop.deliver(one)
    (server.root / "uit/verwerkt").mkdir()
    for suffix in ("", ".sha256"):
        (server.root / "uit" / f"{name(one)}{suffix}").rename(server.root / "uit/verwerkt" / f"{name(one)}{suffix}")
    drop.deliver(one)
    assert files(server.root / "uit") == [f"verwerkt/{name(one)}", f"verwerkt/{name(one)}.sha256"]


def test_other_content_under_the_same_name_is_never_overwritten(server: Sshd, drop: SftpDrop) -> None:
    one = delivery(server.endpoint())
    (server.root / "uit" / name(one)).write_bytes(b"another")
    with pytest.raises(Refused, match="other content"):
        drop.deliver(one)
    assert (server.root / "uit" / name(one)).read_bytes() == b"another"


def test_test_deliveries_lie_apart(server: Sshd, drop: SftpDrop) -> None:
    one = delivery(server.endpoint(), test=True)
    assert drop.deliver(one).reference == f"uit/test/{name(one)}"
    assert files(server.root / "uit") == [f"test/{name(one)}", f"test/{name(one)}.sha256"]


def test_nothing_is_called_delivered_when_its_folder_cannot_be_made(server: Sshd, drop: SftpDrop) -> None:
    (server.root / "uit/test").symlink_to("nowhere")
    with pytest.raises(Unreachable):
        drop.deliver(delivery(server.endpoint(), test=True))


def test_a_receipt_is_not_called_taken_when_its_folder_cannot_be_made(server: Sshd, drop: SftpDrop) -> None:
    leave(server, ID)
    (server.root / "ontvangst/verwerkt").symlink_to("nowhere")
    with pytest.raises(Unreachable):
        drop.taken(server.endpoint(), drop.receipts(server.endpoint())[0], accepted=True)


def test_deliveries_share_a_connection(server: Sshd, drop: SftpDrop) -> None:
    for _ in range(5):
        drop.deliver(delivery(server.endpoint()))
    assert sessions(server) == 1


def test_threads_at_once_do_not_share_a_connection_and_all_deliver(server: Sshd, drop: SftpDrop) -> None:
    sent = [delivery(server.endpoint(), os.urandom(200_000)) for _ in range(24)]
    rest = iter(sent)
    assert [type(r) for r in at_once(4, lambda: [drop.deliver(next(rest)) for _ in range(6)])] == [list] * 4
    for one in sent:
        assert (server.root / "uit" / name(one)).read_bytes() == one.content
    assert sessions(server) <= 4


def test_two_threads_with_one_delivery_leave_one_whole_file(server: Sshd, drop: SftpDrop) -> None:
    one = delivery(server.endpoint(), os.urandom(2_000_000))
    results = at_once(4, lambda: drop.deliver(one))
    assert [type(r) for r in results] == [HandedOver] * 4, results
    assert (server.root / "uit" / name(one)).read_bytes() == one.content
    assert files(server.root / "uit") == [name(one), f"{name(one)}.sha256"]


def test_a_server_without_a_known_host_key_gets_nothing(server: Sshd, drop: SftpDrop) -> None:
    server.known_hosts.write_text("")
    with pytest.raises(Unreachable, match=r"no host key of .* in VSB_SFTP_KNOWN_HOSTS"):
        drop.deliver(delivery(server.endpoint()))
    assert server.known_hosts.read_text() == ""
    assert sessions(server) == 0


def test_a_server_whose_host_key_changed_gets_nothing(server: Sshd, drop: SftpDrop) -> None:
    drop.deliver(delivery(server.endpoint()))
    server.stop()
    server.new_host_key()
    server.start()
    with pytest.raises(Unreachable, match="not the one in VSB_SFTP_KNOWN_HOSTS"):
        drop.deliver(delivery(server.endpoint()))
    assert sessions(server) == 1
    assert len(files(server.root)) == 2
    server.trust()
    drop.deliver(delivery(server.endpoint()))


def test_a_key_that_the_server_does_not_know_is_unreachable(server: Sshd, drop: SftpDrop) -> None:
    other = server.folder / "other_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    with pytest.raises(Unreachable, match="does not accept the key"):
        SftpDrop(other, server.known_hosts).deliver(delivery(server.endpoint()))


@pytest.mark.parametrize("absent", ["key", "known_hosts"])
def test_without_its_settings_nothing_is_sent(server: Sshd, absent: str) -> None:
    settings = {"key": server.key, "known_hosts": server.known_hosts, absent: None}
    with pytest.raises(Unreachable, match="VSB_SFTP_KEY and VSB_SFTP_KNOWN_HOSTS"):
        SftpDrop(**settings).deliver(delivery(server.endpoint()))
    settings[absent] = server.folder / "absent"
    with pytest.raises(Unreachable, match="can not be read"):
        SftpDrop(**settings).deliver(delivery(server.endpoint()))


@pytest.mark.parametrize("after", [1_000, 200_000, 900_000])
def test_a_connection_cut_in_the_middle_leaves_no_delivery_and_the_next_attempt_leaves_no_rest(
    server: Sshd, drop: SftpDrop, after: int
) -> None:
    content = os.urandom(1_000_000)
    with cut_wire(server.port, after) as port:
        server.trust(port)
        with pytest.raises(Unreachable):
            drop.deliver(delivery(server.endpoint(port), content, id=ID))
    assert list((server.root / "uit").glob("*.xml")) == []
    server.trust()
    again = delivery(server.endpoint(), content, id=ID)
    drop.deliver(again)
    assert (server.root / "uit" / name(again)).read_bytes() == content
    assert files(server.root) == [f"uit/{name(again)}", f"uit/{name(again)}.sha256"]


def test_a_server_that_was_restarted_is_reached_again_at_once(server: Sshd, drop: SftpDrop) -> None:
    drop.deliver(delivery(server.endpoint()))
    server.stop()
    with pytest.raises(Unreachable):
        drop.deliver(delivery(server.endpoint()))
    server.start()
    drop.deliver(delivery(server.endpoint()))


def test_a_connection_that_the_server_closed_meanwhile_is_no_failure(server: Sshd, drop: SftpDrop) -> None:
    drop.deliver(delivery(server.endpoint()))
    server.stop()
    server.start()
    drop.deliver(delivery(server.endpoint()))


def test_a_server_that_says_nothing_is_unreachable(server: Sshd, drop: SftpDrop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp, "ANSWER", 1.0)
    monkeypatch.setattr(sftp, "CONNECT", 1.0)
    drop.deliver(delivery(server.endpoint()))
    server.freeze()
    with pytest.raises(Unreachable):
        drop.deliver(delivery(server.endpoint()))
    server.thaw()
    drop.deliver(delivery(server.endpoint()))


@pytest.fixture
def small_disk(server: Sshd) -> Iterator[Sshd]:
    """The zorgkas's folder on a file system of 1 MB."""
    with support.small_disk(server.root, 1):
        (server.root / "uit").mkdir()
        yield server


def test_a_full_disk_is_unreachable_and_leaves_nothing_behind(small_disk: Sshd, drop: SftpDrop) -> None:
    with pytest.raises(Unreachable):
        drop.deliver(delivery(small_disk.endpoint(), bytes(3_000_000)))
    assert files(small_disk.root) == []
    drop.deliver(delivery(small_disk.endpoint(), bytes(500_000)))


def test_a_folder_that_is_not_there_is_unreachable(server: Sshd, drop: SftpDrop) -> None:
    (server.root / "uit").rmdir()
    with pytest.raises(Unreachable, match="no folder uit/"):
        drop.deliver(delivery(server.endpoint()))


@pytest.mark.parametrize("wrong", ["sftp://host/x", "sftp://user:secret@host/x", "sftp://user@host", "sftp://u@h:99999/x"])
def test_an_address_of_another_form_is_unreachable(drop: SftpDrop, wrong: str) -> None:
    with pytest.raises(Unreachable) as caught:
        drop.deliver(delivery(wrong))
    assert "secret" not in str(caught.value)


def leave(server: Sshd, id: str, content: bytes = b"<receipt/>", *, age: int = 0) -> None:
    path = server.root / "ontvangst" / f"{id}.xml"
    path.write_bytes(content)
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))


def test_receipts_come_oldest_first_and_only_files_that_can_be_receipts(server: Sshd, drop: SftpDrop) -> None:
    leave(server, "b", b"2", age=10)
    leave(server, "a", b"3")
    leave(server, "c", bytes(3_000_000), age=20)
    (server.root / "ontvangst/.half.xml").write_bytes(b"")
    (server.root / "ontvangst/verwerkt").mkdir()
    assert drop.receipts(server.endpoint()) == [
        Receipt(delivery_id="c", content=bytes(MAX_RECEIPT + 1)),
        Receipt(delivery_id="b", content=b"2"),
        Receipt(delivery_id="a", content=b"3"),
    ]


def test_no_folder_for_receipts_means_no_receipts(server: Sshd, drop: SftpDrop) -> None:
    (server.root / "ontvangst").rmdir()
    assert drop.receipts(server.endpoint()) == []


@pytest.mark.parametrize(("accepted", "folder"), [(True, "verwerkt"), (False, "geweigerd")])
def test_a_receipt_that_was_taken_lies_apart(server: Sshd, drop: SftpDrop, accepted: bool, folder: str) -> None:
    leave(server, ID)
    (receipt,) = drop.receipts(server.endpoint())
    drop.taken(server.endpoint(), receipt, accepted=accepted)
    drop.taken(server.endpoint(), receipt, accepted=accepted)
    assert files(server.root / "ontvangst") == [f"{folder}/{ID}.xml"]


def test_two_receipts_of_one_delivery_are_both_kept(server: Sshd, drop: SftpDrop) -> None:
    for content in (b"<first/>", b"<second/>"):
        leave(server, ID, content)
        drop.taken(server.endpoint(), drop.receipts(server.endpoint())[0], accepted=False)
    assert {p.read_bytes() for p in (server.root / "ontvangst/geweigerd").iterdir()} == {b"<first/>", b"<second/>"}
