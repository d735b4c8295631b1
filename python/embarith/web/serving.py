"""Serve a page on loopback, to the browser of the person at this machine and to nobody else."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import webbrowser
from importlib.util import find_spec
from typing import TYPE_CHECKING

from embarith.errors import DataError, OptionError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS = "127.0.0.1"
TOKEN = "x-embarith-token"

# Nothing is loaded from anywhere else, and no other page may show or read these.
_HEADERS = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def require() -> None:
    """Check that what serves pages is installed.

    Raises
    ------
    DataError
        It is not; names the extra.
    """
    for module in ("starlette", "uvicorn", "jinja2"):
        if find_spec(module) is None:
            raise DataError(f"this takes {module}: pip install 'embarith[web]'")


def new_token() -> str:
    """Return a token that pages of this run send along with what they change."""
    return secrets.token_urlsafe(24)


def guarded(application: Starlette, token: str) -> ASGIApp:
    """Return the application behind its guards.

    A request for another host is refused: a page elsewhere may have its name point to loopback
    (DNS rebinding). What is no GET or HEAD needs the token of this run, which other pages cannot
    read. Every answer forbids the browser to load anything from elsewhere.

    Parameters
    ----------
    application : Starlette
    token : str
        As of `new_token`.
    """
    from starlette.datastructures import Headers, MutableHeaders
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import PlainTextResponse

    async def with_token(scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).get(TOKEN, "")
        changing = scope["method"] not in ("GET", "HEAD")
        if changing and not secrets.compare_digest(given.encode(), token.encode()):
            refusal = PlainTextResponse("not from a page of this run", status_code=403)
            await refusal(scope, receive, send)
        else:
            await application(scope, receive, send)

    for_us = TrustedHostMiddleware(with_token, allowed_hosts=[ADDRESS, "localhost"])

    async def with_headers(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await for_us(scope, receive, send_headed)

    return with_headers


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback.

    Parameters
    ----------
    port : int
        0 for any that is free.

    Raises
    ------
    OptionError
        The port cannot be had.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # After a crash the same port can be had again at once.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
        listening.listen()
    except OSError as fault:
        listening.close()
        raise OptionError(
            f"port {port} cannot be had ({fault.strerror}); name another with --port, or 0 for any"
        ) from None
    return listening


def address(listening: socket.socket) -> str:
    """Return the address of the page."""
    return f"http://{ADDRESS}:{listening.getsockname()[1]}/"


def open_browser(url: str) -> None:
    """Open the address in the person's browser, if there is a screen to show one on."""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        # Some browsers keep their caller waiting until they are closed.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def serve(application: ASGIApp, listening: socket.socket) -> None:
    """Serve until a signal ends it, after open requests were answered.

    Raises
    ------
    KeyboardInterrupt
        It was Ctrl-C.
    """
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            application,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
    server.run(sockets=[listening])
