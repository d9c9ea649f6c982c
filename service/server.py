"""Running the service: one clear message when it cannot start, JSON logs, and a shutdown that lets requests end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from service.app import create_app
from service.assessing import Reader
from service.logs import set_up
from service.settings import Settings
from service.store import Store


class ServerError(RuntimeError):
    """The server cannot start; the message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow is loaded, so that one in use is told at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise ServerError(
            f"the host {host} is not known; set --host or FOURSIGHT_HOST to an address of this machine."
        ) from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except PermissionError:
        listener.close()
        raise ServerError(
            f"port {port} needs rights that this account lacks; choose one above 1023 with --port or FOURSIGHT_PORT."
        ) from None
    except OSError as fault:
        listener.close()
        if "in use" in str(fault):
            raise ServerError(
                f"port {port} on {host} is in use; stop the other program, or choose another with --port or FOURSIGHT_PORT."
            ) from None
        raise ServerError(f"cannot listen on {host} port {port} ({fault.strerror}); set --host and --port.") from None
    listener.setblocking(False)
    return listener


def run(
    settings: Settings, store: Store, reader: Reader, listener: socket.socket, announce: Callable[[str], None]
) -> None:
    """Serve on ``listener`` until told to stop. ``announce`` gets the address once the service is ready to answer."""
    port = listener.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    set_up(settings.log_level)
    app = create_app(settings, reader, store, watch=True)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = _Announcing(config, lambda: announce(f"http://{host}:{port}"), app.state.model_watch.ask)
    server.run(sockets=[listener])
    if not server.started:
        raise ServerError("the service did not start; the log above says why.")


class _Announcing(uvicorn.Server):
    """Says where it listens when it does, not before."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], hang_up: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce, self._hang_up = announce, hang_up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            with suppress(
                NotImplementedError, RuntimeError
            ):  # Windows has no SIGHUP; outside the main thread none arrives
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up)
            self._announce()
