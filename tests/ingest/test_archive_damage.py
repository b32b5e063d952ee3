"""An archive that a crash or a disk has damaged: tidied, or refused in words."""

import hashlib
from pathlib import Path

import pytest

from onrecord.errors import RefusedError
from onrecord.ingest.archive import Archive

RAW = b"The ferry stopped before noon.\n"


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    Archive(tmp_path).put([RAW])
    return tmp_path / "packs"


def test_what_a_crash_left_is_removed(tmp_path: Path, packs: Path) -> None:
    whole = sorted(packs.iterdir())
    (packs / "0123.pack").write_bytes(b"no index came")
    (packs / ".new-0123.index").write_bytes(b"half a line")
    (tmp_path / ".new-key").write_bytes(b"half a key")
    archive = Archive(tmp_path)
    archive.tidy()
    assert sorted(packs.iterdir()) == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "packs"]
    assert archive.get(hashlib.sha256(RAW).hexdigest()) == RAW


@pytest.mark.parametrize("damage", ["no pack", "short pack", "bad line"])
def test_damage_is_refused_in_words(tmp_path: Path, packs: Path, damage: str) -> None:
    (pack,) = packs.glob("*.pack")
    if damage == "no pack":
        pack.unlink()
    elif damage == "short pack":
        pack.write_bytes(RAW[:-1])
    else:
        pack.with_suffix(".index").write_text("xyz\n")
    with pytest.raises(RefusedError, match="damaged"):
        Archive(tmp_path)


def test_changed_bytes_are_never_given_back(tmp_path: Path, packs: Path) -> None:
    (pack,) = packs.glob("*.pack")
    pack.write_bytes(RAW.upper())
    with pytest.raises(RefusedError, match="damaged"):
        Archive(tmp_path).get(hashlib.sha256(RAW).hexdigest())


def test_a_key_is_whole_or_refused(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    key = archive.key()
    assert len(key) == 32
    assert archive.key() == Archive(tmp_path).key() == key
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    for wrong in (b"", key[:31]):
        (tmp_path / "key").write_bytes(wrong)
        with pytest.raises(RefusedError, match=r"key .* is damaged"):
            archive.key()
