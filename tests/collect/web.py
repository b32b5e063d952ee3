"""A web site on loopback that does as each test says, and a clock that only pretends to wait."""

import datetime
import json
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onrecord.collect.custody import Custody, Visit
from onrecord.collect.pace import Clock
from onrecord.collect.run import Outcome, collect


def answer(
    body: bytes = b"", status: str = "200 OK", length: int | None = None, **headers: str
) -> bytes:
    """A response as it goes over the wire; underscores in names of headers are hyphens."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body


@dataclass
class Request:
    """What a client asked for."""

    path: str
    headers: dict[str, str]


Reply = bytes | Callable[[Request, Any], bytes | None]


@dataclass
class Site:
    """A server; `routes` says what it answers, `requests` what it was asked."""

    port: int
    routes: dict[str, Reply | list[Reply]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]


def certify(host: str, folder: Path) -> Path:
    """Make a certificate that nobody signed, with its key, as one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(private + certificate.public_bytes(pem))
    return file


@contextmanager
def serve(certificate: Path | None = None) -> Iterator[Site]:
    """Run a site; over TLS with a certificate."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while b"\r\n\r\n" not in head:
                try:
                    more = self.request.recv(65536)
                except OSError:  # no handshake came about
                    return
                if not more:
                    return
                head += more
            first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in lines)}
            request = Request(first.split()[1], headers)
            found.requests.append(request)
            reply = found.routes.get(request.path, answer(b"nothing here", "404 Not Found"))
            if isinstance(reply, list):
                reply = reply.pop(0) if len(reply) > 1 else reply[0]
            try:
                raw = reply if isinstance(reply, bytes) else reply(request, self.request)
                if raw:
                    self.request.sendall(raw)
            except OSError:
                pass  # the client has gone

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        found = Site(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


class PretendedClock(Clock):
    """Waits at once, and keeps account of it."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._lock = threading.Lock()
        self._time = 0.0

    def now(self) -> float:
        return self._time

    def utc(self) -> datetime.datetime:
        start = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
        return start + datetime.timedelta(seconds=self._time)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            if seconds > 0:
                self.waits.append(seconds)
            self._time += seconds


@dataclass
class Collection:
    """A source that is collected from a site."""

    seeds: Path
    data: Path
    clock: PretendedClock = field(default_factory=PretendedClock)

    def source(self, name: str = "web", within: dict[str, Any] | None = None, **keys: Any) -> None:
        """Write (or write anew) a source.yml; `keys` are those of `collect:`."""
        limits = {
            "contact": "someone@example.org",
            "allow_private": True,
            "delay": 0,
            "backoff": 0,
            "attempts": 1,
            **keys,
        }
        described = {
            "title": "The web",
            "origin": "a test",
            "publication": "full",
            "basis": "made by a test",
            "language": "en",
            "collect": {key: value for key, value in limits.items() if value is not None},
            **(within or {}),
        }
        folder = self.seeds / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "source.yml").write_text(json.dumps(described), encoding="utf-8")

    def run(self, **options: Any) -> Outcome:
        return collect(self.seeds, self.data, clock=self.clock, **options)

    def visits(self, role: str = "page") -> list[Visit]:
        return [v for v in Custody(self.data / "archive").visits() if v.role == role]

    def fetch(self, *urls: str, **keys: Any) -> Visit:
        """Collect some pages; the last visit to the last of them."""
        self.source(urls=list(urls), **keys)
        self.run()
        return next(v for v in reversed(self.visits()) if v.url == urls[-1])
