"""A folder as a zorgkas's inbox."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.exchange.indeling import MAX_RECEIPT
from gateway.exchange.map import DirectoryDrop
from gateway.exchange.transport import HandedOver, Receipt, Refused, Unreachable
from tests import support
from tests.exchange.drops import CONTENT, at_once, delivery, name

DROP = DirectoryDrop()
ID = "01999999-0000-7000-8000-000000000001"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A zorgkas's folder, with what the zorgkas makes in it itself."""
    (tmp_path / "kas/uit").mkdir(parents=True)
    (tmp_path / "kas/ontvangst").mkdir()
    return tmp_path / "kas"


def endpoint(root: Path) -> str:
    return f"file://{root}"


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def leave(root: Path, id: str, content: bytes = b"<receipt/>", *, age: int = 0) -> None:
    path = root / "ontvangst" / f"{id}.xml"
    path.write_bytes(content)
    os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))


def test_a_delivery_lies_there_with_a_checksum_that_sha256sum_reads(root: Path) -> None:
    one = delivery(endpoint(root))
    assert DROP.deliver(one) == HandedOver(reference=f"uit/{name(one)}", confirmed=False)
    assert (root / "uit" / name(one)).read_bytes() == CONTENT
    assert files(root / "uit") == [name(one), f"{name(one)}.sha256"]
    subprocess.run(["sha256sum", "--check", "--strict", f"{name(one)}.sha256"], cwd=root / "uit", check=True)


def test_others_than_the_receivers_group_cannot_read_a_delivery(root: Path) -> None:
    one = delivery(endpoint(root))
    DROP.deliver(one)
    assert stat.S_IMODE((root / "uit" / name(one)).stat().st_mode) & 0o007 == 0


def test_the_same_delivery_again_changes_nothing(root: Path) -> None:
    one = delivery(endpoint(root))
    DROP.deliver(one)
    before = (root / "uit" / name(one)).stat()
    assert DROP.deliver(one).reference == f"uit/{name(one)}"
    after = (root / "uit" / name(one)).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_the_receiver_moved_away_is_not_put_down_again(root: Path) -> None:
    one = delivery(endpoint(root))
    DROP.deliver(one)
    (root / "uit/verwerkt").mkdir()
    for suffix in ("", ".sha256"):
        (root / "uit" / f"{name(one)}{suffix}").rename(root / "uit/verwerkt" / f"{name(one)}{suffix}")
    DROP.deliver(one)
    assert files(root / "uit") == [f"verwerkt/{name(one)}", f"verwerkt/{name(one)}.sha256"]


@pytest.mark.parametrize("where", ["uit", "uit/verwerkt"])
def test_other_content_under_the_same_name_is_never_overwritten(root: Path, where: str) -> None:
    one = delivery(endpoint(root))
    (root / where).mkdir(exist_ok=True)
    (root / where / name(one)).write_bytes(b"another")
    with pytest.raises(Refused, match="other content"):
        DROP.deliver(one)
    assert (root / where / name(one)).read_bytes() == b"another"


def test_test_deliveries_lie_apart(root: Path) -> None:
    one = delivery(endpoint(root), test=True)
    assert DROP.deliver(one).reference == f"uit/test/{name(one)}"
    assert files(root / "uit") == [f"test/{name(one)}", f"test/{name(one)}.sha256"]


def test_nothing_is_called_delivered_when_its_folder_cannot_be_made(root: Path) -> None:
    (root / "uit/test").symlink_to("nowhere")
    with pytest.raises(Unreachable):
        DROP.deliver(delivery(endpoint(root), test=True))


def test_a_receipt_is_not_called_taken_when_its_folder_cannot_be_made(root: Path) -> None:
    leave(root, ID)
    (root / "ontvangst/verwerkt").symlink_to("nowhere")
    with pytest.raises(Unreachable):
        DROP.taken(endpoint(root), DROP.receipts(endpoint(root))[0], accepted=True)


def test_a_message_name_cannot_lead_out_of_the_folder(root: Path) -> None:
    one = delivery(endpoint(root))
    object.__setattr__(one, "message_name", "../../a b\x00é")
    assert DROP.deliver(one).reference == f"uit/------a-b--_{one.id}.xml"


def test_an_id_that_is_no_file_name_is_not_written(root: Path) -> None:
    with pytest.raises(ValueError, match="id"):
        DROP.deliver(delivery(endpoint(root), id="../elders"))
    assert files(root) == []


CRASH = """
import os, sys
from gateway.exchange import map
from tests.exchange.drops import delivery

rename = map.Path.rename
steps = int(sys.argv[3])

def dying(path, target):
    global steps
    if steps == 0:
        os._exit(9)
    steps -= 1
    return rename(path, target)

map.Path.rename = dying
map.DirectoryDrop().deliver(delivery(sys.argv[1], id=sys.argv[2]))
"""


@pytest.mark.parametrize("steps", [0, 1])
def test_a_process_that_dies_half_way_leaves_no_delivery_and_the_next_attempt_leaves_no_rest(root: Path, steps: int) -> None:
    one = delivery(endpoint(root), id=ID)
    assert subprocess.run([sys.executable, "-c", CRASH, one.endpoint, ID, str(steps)], check=False).returncode == 9
    assert len(files(root / "uit/.bezig")) == 2 - steps
    assert not (root / "uit" / name(one)).exists()
    DROP.deliver(one)
    assert (root / "uit" / name(one)).read_bytes() == CONTENT
    assert files(root / "uit") == [name(one), f"{name(one)}.sha256"]


def test_two_threads_with_one_delivery_leave_one_whole_file(root: Path) -> None:
    one = delivery(endpoint(root), os.urandom(2_000_000))
    results = at_once(8, lambda: DROP.deliver(one))
    assert [type(r) for r in results] == [HandedOver] * 8
    assert (root / "uit" / name(one)).read_bytes() == one.content
    assert files(root / "uit") == [name(one), f"{name(one)}.sha256"]


def test_a_reader_never_sees_a_part_of_a_file_or_a_file_without_its_checksum(root: Path) -> None:
    sent = [delivery(endpoint(root), os.urandom(400_000)) for _ in range(40)]
    done = threading.Event()
    wrong: list[str] = []

    def watch() -> None:
        while not done.is_set():
            for path in (root / "uit").glob("*.xml"):
                if path.stat().st_size != 400_000 or not path.with_name(f"{path.name}.sha256").exists():
                    wrong.append(path.name)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for one in sent:
        DROP.deliver(one)
    done.set()
    watcher.join()
    assert wrong == []


@pytest.fixture
def small_disk(root: Path) -> Iterator[Path]:
    """A zorgkas's folder on a file system of 1 MB."""
    with support.small_disk(root, 1):
        (root / "uit").mkdir()
        (root / "ontvangst").mkdir()
        yield root


def test_a_full_disk_is_unreachable_and_leaves_nothing_behind(small_disk: Path) -> None:
    with pytest.raises(Unreachable, match="No space left"):
        DROP.deliver(delivery(endpoint(small_disk), bytes(3_000_000)))
    assert files(small_disk) == []
    DROP.deliver(delivery(endpoint(small_disk), bytes(500_000)))


def test_a_mount_that_is_not_there_is_not_written_under(tmp_path: Path) -> None:
    (tmp_path / "kas").mkdir()
    with pytest.raises(Unreachable, match="uit"):
        DROP.deliver(delivery(endpoint(tmp_path / "kas")))
    with pytest.raises(Unreachable, match="uit"):
        DROP.receipts(endpoint(tmp_path / "kas"))
    assert list((tmp_path / "kas").iterdir()) == []


def test_a_read_only_folder_is_unreachable(small_disk: Path) -> None:
    leave(small_disk, ID)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(Unreachable, match=r"[Rr]ead-only"):
        DROP.deliver(delivery(endpoint(small_disk)))
    (receipt,) = DROP.receipts(endpoint(small_disk))
    with pytest.raises(Unreachable, match=r"[Rr]ead-only"):
        DROP.taken(endpoint(small_disk), receipt, accepted=True)


@pytest.mark.parametrize("wrong", ["sftp://u@h/x", "file://server/x", "file:///x/../y", "file:relative", "/x"])
def test_an_address_of_another_form_is_unreachable(wrong: str) -> None:
    with pytest.raises(Unreachable):
        DROP.deliver(delivery(wrong))


def test_receipts_come_oldest_first_and_only_files_that_can_be_receipts(root: Path) -> None:
    leave(root, "b", b"2", age=10)
    leave(root, "a", b"3")
    leave(root, "c", b"1", age=20)
    (root / "ontvangst/.half.xml").write_bytes(b"")
    (root / "ontvangst/b.xml.tmp").write_bytes(b"")
    (root / "ontvangst/verwerkt").mkdir()
    (root / "secret").write_bytes(b"of another")
    (root / "ontvangst/link.xml").symlink_to(root / "secret")
    os.mkfifo(root / "ontvangst/pipe.xml")
    assert DROP.receipts(endpoint(root)) == [
        Receipt(delivery_id="c", content=b"1"),
        Receipt(delivery_id="b", content=b"2"),
        Receipt(delivery_id="a", content=b"3"),
    ]


def test_a_receipt_of_any_length_is_read_only_in_part(root: Path) -> None:
    leave(root, ID, bytes(3_000_000))
    assert len(DROP.receipts(endpoint(root))[0].content) == MAX_RECEIPT + 1


@pytest.mark.parametrize(("accepted", "folder"), [(True, "verwerkt"), (False, "geweigerd")])
def test_a_receipt_that_was_taken_lies_apart(root: Path, accepted: bool, folder: str) -> None:
    leave(root, ID)
    (receipt,) = DROP.receipts(endpoint(root))
    DROP.taken(endpoint(root), receipt, accepted=accepted)
    DROP.taken(endpoint(root), receipt, accepted=accepted)
    assert files(root / "ontvangst") == [f"{folder}/{ID}.xml"]
    assert DROP.receipts(endpoint(root)) == []


def test_workers_that_put_one_receipt_away_at_once_all_succeed(root: Path) -> None:
    leave(root, ID)
    (receipt,) = DROP.receipts(endpoint(root))
    assert at_once(8, lambda: DROP.taken(endpoint(root), receipt, accepted=True)) == [None] * 8
    assert DROP.receipts(endpoint(root)) == []


def test_two_receipts_of_one_delivery_are_both_kept(root: Path) -> None:
    for content in (b"<first/>", b"<second/>", b"<second/>"):
        leave(root, ID, content)
        (receipt,) = DROP.receipts(endpoint(root))
        DROP.taken(endpoint(root), receipt, accepted=False)
    kept = {p.read_bytes() for p in (root / "ontvangst/geweigerd").iterdir()}
    assert kept == {b"<first/>", b"<second/>"}


def test_a_receipt_that_was_replaced_after_it_was_read_is_left_for_the_next_look(root: Path) -> None:
    leave(root, ID, b"<wrong/>")
    (receipt,) = DROP.receipts(endpoint(root))
    leave(root, ID, b"<right/>")
    DROP.taken(endpoint(root), receipt, accepted=False)
    assert DROP.receipts(endpoint(root)) == [Receipt(delivery_id=ID, content=b"<right/>")]
