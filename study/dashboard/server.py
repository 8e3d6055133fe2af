"""The server of optuna-dashboard, in this process: no URL with a password leaves it."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from optuna.artifacts import FileSystemArtifactStore

from study.config import DashboardConfig
from study.dashboard import NOT_INSTALLED, is_installed
from study.errors import ConfigError
from study.storage import open_for_showing

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

logger = logging.getLogger(__name__)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        logger.debug(format, *args)


@contextmanager
def listening(config: DashboardConfig) -> Iterator[WSGIServer]:
    """Open the database and the port; `serve_forever` of what this gives answers the browser.

    Raises:
        ConfigError: If optuna-dashboard is not installed or the port cannot be listened on.
        StorageError: If the database is not there or cannot be read.
    """
    if not is_installed():
        raise ConfigError(NOT_INSTALLED)
    import optuna_dashboard

    folder = config.artifact_dir
    store = None if folder is None else FileSystemArtifactStore(folder)
    with open_for_showing(config.storage_url) as storage:
        app = optuna_dashboard.wsgi(storage, artifact_store=store)
        with _bound(config, app) as server:
            yield server


def _bound(config: DashboardConfig, app: WSGIApplication) -> WSGIServer:
    try:
        return make_server(
            config.host, config.port, app, server_class=_Server, handler_class=_Handler
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"Port {config.port} of {config.host} is taken; name another with --port."
            ) from None
        raise ConfigError(
            f"The dashboard cannot listen on {config.host}, port {config.port} "
            f"({error.strerror}); name others with --host and --port."
        ) from None
