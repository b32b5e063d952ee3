"""Signatures of releases: made with a key, checked against those who may sign."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.errors import ConfigurationError
from onrecord.release import signing
from onrecord.release.verify import Depth, Folder, verify

MakeSource = Callable[..., Path]

pytestmark = pytest.mark.skipif(
    not shutil.which("ssh-keygen"), reason="ssh-keygen is missing: apt-get install openssh-client"
)


def _key(folder: Path, name: str) -> Path:
    path = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def _allowed(folder: Path, who: str, key: Path, options: str = "") -> Path:
    path = folder / f"allowed-{key.name}"
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    path.write_text(f"{who} {options}{public}", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("signing")


@pytest.fixture(scope="module")
def key(folder: Path) -> Path:
    return _key(folder, "key-of-ours")


@pytest.fixture(scope="module")
def signed(folder: Path, key: Path, make_source: MakeSource) -> Path:
    """A signed release. Not to be written to."""
    make_source(folder / "seeds", "news", {"a.txt": b"One paragraph.\n"})
    command = ["release", str(folder / "seeds"), "--data", str(folder / "data")]
    done = CliRunner().invoke(app, command, env={signing.VARIABLE: str(key)})
    assert done.exit_code == 0, done.output
    return folder / "data" / "releases" / "1.0.0"


def _codes(root: Path, allowed: Path | None) -> list[str]:
    report = verify(Folder(root), depth=Depth.SUMS, signers=allowed)
    return [problem.code for problem in report.problems]


def test_a_signed_release_is_verified_against_allowed_signers(
    signed: Path, folder: Path, key: Path
) -> None:
    allowed = _allowed(folder, "data@example.org", key, 'namespaces="onrecord-release" ')
    report = verify(Folder(signed), signers=allowed)
    assert report.problems == []
    assert report.signature == "data@example.org"
    done = CliRunner().invoke(app, ["verify", str(signed), "--allowed-signers", str(allowed)])
    assert done.exit_code == 0
    assert "signed by data@example.org" in done.stdout
    anyone = verify(Folder(signed), depth=Depth.SUMS)
    assert anyone.problems == []
    assert "SHA256:" in str(anyone.signature)


def test_the_key_is_recorded_nowhere(signed: Path, key: Path) -> None:
    for path in signed.rglob("*"):
        if path.is_file() and path.name != "SHA256SUMS.sig":
            assert key.name.encode() not in path.read_bytes()
            assert b"sign_key" not in path.read_bytes()


def test_another_signer_or_purpose_is_not_accepted(signed: Path, folder: Path, key: Path) -> None:
    other = _allowed(folder, "x@example.org", _key(folder, "another-key"))
    assert _codes(signed, other) == ["signature-error"]
    purpose = _allowed(folder, "data@example.org", key, 'namespaces="git" ')
    assert _codes(signed, purpose) == ["signature-error"]


def test_a_missing_signature_is_a_problem_where_one_is_asked_for(
    signed: Path, folder: Path, key: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(signed, tmp_path / "copy"))
    (copy / "SHA256SUMS.sig").unlink()
    assert _codes(copy, None) == []
    assert _codes(copy, _allowed(folder, "data@example.org", key)) == ["signature-missing"]


def test_a_signature_of_other_sums_does_not_hold(signed: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(signed, tmp_path / "copy"))
    sums = (copy / "SHA256SUMS").read_text(encoding="utf-8").splitlines(keepends=True)
    (copy / sums[0].split()[1]).unlink()
    (copy / "SHA256SUMS").write_text("".join(sums[1:]), encoding="utf-8")
    assert "signature-error" in _codes(copy, None)


@pytest.mark.parametrize("change", [b" ", b"\n"])
def test_a_signature_has_one_form(change: bytes, signed: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(signed, tmp_path / "copy"))
    path = copy / "SHA256SUMS.sig"
    path.write_bytes(path.read_bytes() + change)
    assert _codes(copy, None) == ["signature-error"]


def test_without_ssh_keygen_it_is_said(
    signed: Path, folder: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = _allowed(folder, "data@example.org", key)
    monkeypatch.setenv("PATH", "/nowhere")
    report = verify(Folder(signed), depth=Depth.SUMS)
    assert report.problems == []
    assert any("apt-get install openssh-client" in line for line in report.notes)
    with pytest.raises(signing.UnavailableError, match="openssh-client"):
        verify(Folder(signed), depth=Depth.SUMS, signers=allowed)
    with pytest.raises(signing.UnavailableError):
        signing.signing_key(key)


def test_a_key_that_is_not_there_is_wrong_usage(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such signing key"):
        signing.signing_key(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="allowed-signers"):
        signing.check(b"", b"", tmp_path / "none")


def test_a_withdrawal_signs_what_it_reissues(
    tmp_path: Path, key: Path, make_source: MakeSource
) -> None:
    files = {"a.txt": b"One paragraph that nobody asks back.\n", "b.txt": b"Another one stays.\n"}
    make_source(tmp_path / "seeds", "news", files)
    data, sign = tmp_path / "data", ["--sign-key", str(key)]
    run = CliRunner()
    made = run.invoke(app, ["release", str(tmp_path / "seeds"), "--data", str(data), *sign])
    assert made.exit_code == 0, made.output
    document = pl.read_csv(data / "releases/1.0.0/csv/documents.csv")["document_id"][0]
    command = ["withdraw", document, "--category", "privacy", "--data", str(data), "--yes", *sign]
    done = run.invoke(app, command)
    assert done.exit_code == 0, done.output
    allowed = _allowed(tmp_path, "press@example.org", key)
    assert _codes(data / "releases" / "1.0.0_w1", allowed) == []
