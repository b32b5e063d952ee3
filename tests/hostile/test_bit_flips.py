"""A single bit that flips in any file of a release is found."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from onrecord.release.verify import Depth, Folder, find, verify
from tests.hostile.harness import Zygote

pytestmark = pytest.mark.hostile

FLIPS, FULL = 500, 50


@pytest.fixture
def signed(zygotes: list[Zygote], seeds: Path, tmp_path: Path) -> Path:
    """A data folder with a release of the seeds, signed where that can be done."""
    key = tmp_path / "key"
    options: list[str | Path] = []
    if shutil.which("ssh-keygen"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(command, check=True)
        options = ["--sign-key", key]
    done = zygotes[0].run("release", seeds, "--data", tmp_path / "data", *options)
    assert done.code == 0, done.output
    return tmp_path / "data"


def _flip(path: Path, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


def test_every_flipped_bit_is_found(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(20)
    place = find(str(signed))
    ((files, entry),) = place.releases(None, False)
    root = signed / "releases" / files.name
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    sizes = [path.stat().st_size for path in paths]
    everywhere = sorted({*paths})
    missed = []
    for i in range(FLIPS):
        # Half of them in a file that is picked by its size, half in any file.
        path = chance.choices(paths, sizes)[0] if i % 2 else chance.choice(paths)
        bit = chance.randrange(path.stat().st_size * 8)
        _flip(path, bit)
        depth = Depth.FULL if i % (FLIPS // FULL) == 0 else Depth.SUMS
        # Without the index: the release alone must show it.
        report = verify(Folder(root), depth=depth)
        if not report.problems:
            missed.append(f"{path.relative_to(root)}, bit {bit}")
        _flip(path, bit)
    assert not verify(files, place.index, entry).problems
    with capsys.disabled():
        counted = f"{FLIPS} ({FULL} by the full check), in {len(everywhere)} files"
        print(f"\nbits flipped: {counted}, not found: {len(missed)}")
    assert not missed, "\n".join(missed)


def test_every_flipped_bit_of_the_index_is_found(
    signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missed = []
    tried = 0
    for name in ("index.json", "latest.json", "feed.atom"):
        path = signed / "releases" / name
        for bit in range(0, path.stat().st_size * 8, 5):
            tried += 1
            _flip(path, bit)
            place = find(str(signed))
            problems = list(place.problems)
            if place.index and not problems:
                for files, entry in place.releases(None, True):
                    problems += verify(files, place.index, entry, Depth.SUMS).problems
            if not problems:
                missed.append(f"{name}, bit {bit}")
            _flip(path, bit)
    with capsys.disabled():
        print(f"\nbits flipped in the index: {tried}, not found: {len(missed)}")
    assert not missed, "\n".join(missed)
