"""Serve releases on this machine, so that a browser can read them by ranges.

Only files of releases are given out, only to this machine, and only under its own names, so that
no other site can reach them through the browser.
"""

import mimetypes
import socket
from dataclasses import dataclass
from typing import IO

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from onrecord.errors import ConfigurationError, NotFoundError, RefusedError
from onrecord.release.catalog import PAGE
from onrecord.release.names import is_safe
from onrecord.release.place import open_release
from onrecord.release.store import Files, LocalFiles, MissingError, open_files

HOST = "127.0.0.1"
#: Tried first, so that an address stays the same from one time to the next.
PORT = 8780
_TYPES = {".parquet": "application/vnd.apache.parquet", ".md": "text/plain; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What is served.

    Attributes:
        files: where it is.
        start: path of the page to open.
    """

    files: Files
    start: str


def find(place: str, version: str | None) -> Shown:
    """Find the page of a release.

    Args:
        place: see `open_release`.
        version: which release; the latest where None.

    Raises:
        NotFoundError: there is no such release, or it has no page.
        RefusedError: it can't be read.
    """
    release = open_release(place, version)
    try:
        release.read(PAGE)
    except MissingError:
        raise NotFoundError(
            f"{release.store.where}: release {release.version} has no page. It was made with "
            "--no-page, or before there were pages."
        ) from None
    if release.entry is None:
        if isinstance(release.store, LocalFiles):  # its neighbours, for links between versions
            root = release.store.root.resolve()
            return Shown(LocalFiles(root.parent), f"/{root.name}/{PAGE}")
        return Shown(release.store, f"/{PAGE}")
    where = release.store.where.rstrip("/").rpartition("/")[0]
    return Shown(open_files(where), f"/{release.entry.path}/{PAGE}")


def _range(asked: str, size: int) -> tuple[int, int] | None:
    """The part of a file that a ``Range`` asks for; None where it asks for none that we know.

    Raises:
        ValueError: it lies outside of the file.
    """
    unit, _, spans = asked.partition("=")
    first, dash, last = spans.strip().partition("-")
    digits = (first + last).isascii() and (first + last).isdigit()
    if unit.strip() != "bytes" or not dash or not digits:
        return None
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    if start >= end:
        raise ValueError(asked)
    return start, end


def _answer(file: IO[bytes], name: str, asked: str | None) -> Response:
    size = file.seek(0, 2)
    suffix = f".{name.rpartition('.')[2]}"
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "text/plain; charset=utf-8"
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-cache"}
    try:
        part = _range(asked, size) if asked else None
    except ValueError:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    start, end = part or (0, size)
    file.seek(start)
    body = file.read(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(body, 206 if part else 200, headers, kind)


def application(shown: Shown) -> Starlette:
    """The web application that serves what was found."""

    def give(path: str, asked: str | None) -> Response:
        name = f"{path}{PAGE}" if path.endswith("/") else path
        if not is_safe(name):
            return PlainTextResponse("no such file", 404)
        try:
            with shown.files.open(name) as file:
                response = _answer(file, name, asked)
        except (NotFoundError, RefusedError):
            return PlainTextResponse("no such file", 404)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response

    async def serve(request: Request) -> Response:
        path = request.path_params["path"]
        if not path:
            return RedirectResponse(shown.start)
        return await run_in_threadpool(give, path, request.headers.get("range"))

    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    route = Route("/{path:path}", serve, methods=["GET", "HEAD"])
    return Starlette(routes=[route], middleware=[hosts])


def listen(port: int | None) -> socket.socket:
    """A socket on this machine alone.

    Args:
        port: which; where None, `PORT`, or a free one where that is taken.

    Raises:
        ConfigurationError: the port that was asked for is taken.
    """
    for wanted in (PORT, 0) if port is None else (port,):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted))
            listener.listen(128)
        except OSError:
            listener.close()
            continue
        return listener
    raise ConfigurationError(f"--port {port}: taken, or not allowed. Choose another one.")
