"""Requests to the servers of others: named, in turn, patient, and never more than they allow."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session
    from urllib3 import HTTPResponse

# Seconds between two requests to a host. Openverse allows 20 a minute, Wikimedia asks searches to
# come one after the other, and of downloads two at a time at most.
PAUSES = {"api.openverse.org": 3.1, "commons.wikimedia.org": 1.0}
PAUSE = 0.5
# Seconds without a byte, and of a whole answer, headers and all, before it counts as lost.
TIMEOUT = 30.0
LONGEST = 300.0
ATTEMPTS = 5
BACKOFF = 1.0
# A host that asks for a longer wait in seconds is not asked again by this client.
PATIENCE = 600.0
MAX_BYTES = 64 << 20
_MAX_JSON = 16 << 20
_CHUNK = 1 << 16
_PASSING = (408, 425, 429, 500, 502, 503, 504)


class LostError(Exception):
    """No answer; `final` where asking again is no use."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


class ClosedError(Exception):
    """The client was closed meanwhile."""


class Client:
    """Asks servers, from any number of threads.

    Every request, those of redirects too, waits for its host's turn; a host that asks for a wait
    gets it from all threads. What fails in passing (lost connections, statuses 408, 425, 429 and
    5xx) is asked again up to `ATTEMPTS` times, an answer that takes longer than `LONGEST` is not.

    Addresses and redirects come from strangers. So no connection is used that leads to this
    machine, a private network or anything else that is not public, unless to a host of `own`.
    It is judged by the address that it reached, so that a name cannot resolve to another between
    the look and the use. Behind a proxy, which connects by itself, this is the proxy's to decide.

    Parameters
    ----------
    contact : str
        A mail address or page for the operators of the servers, who ask for one.
    own : collection of str
        Hosts that may lie in a local network: those of the sources themselves.
    """

    def __init__(self, contact: str = "", own: Collection[str] = ()) -> None:
        from importlib.metadata import version

        from embarith import __version__

        self._hosts = _Hosts()
        self._limit = _Limit()
        self._session = _session(self._hosts, self._limit, own)
        about = f"({contact}) " if contact else ""
        self._session.headers["User-Agent"] = (
            f"embarith/{__version__} {about}requests/{version('requests')}"
        )

    def close(self) -> None:
        """Let all threads that wait here end with `ClosedError`."""
        self._hosts.closed.set()

    def json(self, url: str, parameters: Mapping[str, str | int]) -> Any:
        """Return what a server answers as JSON.

        Raises
        ------
        LostError
            No answer, or one that is no JSON.
        """
        body = self._get(url, parameters, _MAX_JSON)
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            start = body[:60].decode(errors="replace")
            raise LostError(f"the answer is no JSON: {start!r}", final=True) from None

    def file(self, url: str) -> bytes:
        """Return what lies at an address.

        Raises
        ------
        LostError
            It could not be had, or is larger than `MAX_BYTES`.
        """
        return self._get(url, {}, MAX_BYTES)

    def _get(self, url: str, parameters: Mapping[str, str | int], most: int) -> bytes:
        from requests import TooManyRedirects

        reason, host = "", _host(url)
        for attempt in range(ATTEMPTS):
            body = None
            try:
                with self._session.get(
                    url, params=parameters, stream=True, timeout=TIMEOUT
                ) as response:
                    status = response.status_code
                    if response.ok:
                        body = self._body(response, most)
                    else:
                        reason = f"the server answers {status}{_detail(response)}"
                        if status not in _PASSING:
                            raise LostError(reason, final=True)
                        wait = _wait(response)
                        if wait > PATIENCE:
                            raise LostError(
                                f"{reason} and asks to wait {_shown(wait)}", final=False
                            )
            except TooManyRedirects:
                raise LostError("too many redirects", final=True) from None
            except ValueError:  # what urllib3 and requests say of an address, or a redirect to one
                raise LostError("the address is none", final=True) from None
            except OSError as fault:  # all that requests raises else
                reason = _said(fault)
            finally:
                late = self._limit.stop()
            # Cut short, an answer that does not say its length looks whole.
            if late:
                raise LostError(f"not whole after {LONGEST:.0f} s", final=False)
            if body is not None:
                return body
            self._hosts.delay(host, BACKOFF * 2**attempt)
        raise LostError(f"{reason}, {ATTEMPTS} times in a row", final=False)

    def _body(self, response: Response, most: int) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > most:
                raise LostError(f"larger than {most >> 20} MiB", final=True)
            if self._hosts.closed.is_set():
                raise ClosedError
        return bytes(body)


class _Hosts:
    """When each host may be asked next."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def take_turn(self, host: str) -> None:
        while True:
            with self._lock:
                now = time.monotonic()
                wait = self._next.get(host, now) - now
                if wait <= 0:
                    self._next[host] = now + PAUSES.get(host, PAUSE)
                    break
            if wait > PATIENCE:
                raise LostError(f"{host} asks to wait {_shown(wait)}", final=False)
            if self.closed.wait(wait):
                break
        if self.closed.is_set():
            raise ClosedError

    def delay(self, host: str, seconds: float) -> None:
        with self._lock:
            later = time.monotonic() + seconds
            self._next[host] = max(later, self._next.get(host, later))


class _Limit(threading.local):
    """Cuts the answer that this thread waits for when its time is up: timeouts are of a byte."""

    _timer: threading.Timer | None = None

    def start(self, connected: socket.socket) -> None:
        self.stop()
        self._late = threading.Event()
        self._timer = threading.Timer(LONGEST, _cut, (connected, self._late))
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> bool:
        """Stop the clock, and return whether the time was up."""
        if self._timer is None:
            return False
        self._timer.cancel()
        self._timer = None
        return self._late.is_set()


def _cut(connected: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):  # it is closed already
        # Not its own method: that of TLS takes away what the reading thread needs.
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _public(connected: socket.socket, host: str, own: Collection[str]) -> socket.socket:
    """Return a connection that leads to a public address or a host of one's own.

    Raises
    ------
    LostError
        It leads elsewhere, and is closed.
    """
    reached = ip_address(connected.getpeername()[0].partition("%")[0])
    reached = getattr(reached, "ipv4_mapped", None) or reached
    if not reached.is_global and host not in own:
        connected.close()
        raise LostError(f"{host} is no public address, but {reached}", final=True)
    return connected


def _session(hosts: _Hosts, limit: _Limit, own: Collection[str]) -> Session:
    from requests import Session
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _public(super()._new_conn(), self.host, own)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
            limit.start(self.sock)
            return super().getresponse()

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _public(super()._new_conn(), self.host, own)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
            limit.start(self.sock)
            return super().getresponse()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Polite(HTTPAdapter):
        """Comes by for every request, those of redirects too."""

        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

        def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
            host = _host(request.url or "")
            hosts.take_turn(host)
            response = super().send(request, *args, **options)
            if not response.ok:
                hosts.delay(host, _wait(response))
            return response

    session = Session()
    session.max_redirects = 5
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for scheme in ("http://", "https://"):
        session.mount(scheme, Polite(pool_maxsize=8))
    return session


def _wait(response: Response) -> float:
    """Return the seconds of `Retry-After`, given as such or as a date; 0 without."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isdecimal():
        return float(given)
    try:
        return max(0.0, (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _detail(response: Response) -> str:
    """Return what an API says about its refusal."""
    if "json" not in response.headers.get("Content-Type", ""):
        return ""
    try:
        detail = json.loads(next(response.iter_content(1000), b""))["detail"]
    except (OSError, ValueError, TypeError, KeyError):
        return ""
    return f" ({' '.join(str(detail).split())[:200]})"


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        raise LostError("the address is none", final=True) from None


def _shown(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds > 5400 else f"{seconds / 60:.0f} min"


def _said(fault: Exception) -> str:
    import requests

    if isinstance(fault, requests.Timeout):
        return f"no answer in {TIMEOUT:.0f} s"
    if isinstance(fault, requests.ConnectionError):
        return "no connection, or it was lost"
    if isinstance(fault, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut"
    return str(fault) or type(fault).__name__
