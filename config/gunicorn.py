"""What `gunicorn --config config/gunicorn.py wsgi:app` runs with; the PORT comes from the environment, as on platforms."""

import logging
import os
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

SHARED_MEMORY = Path("/dev/shm")  # nosec B108  # noqa: S108 - no file name of ours in it

bind = f"0.0.0.0:{os.environ.get('PORT') or 8000}"
worker_class = "gthread"
threads = 4
preload_app = True  # one import for all workers: less memory, a quicker start; see post_fork
control_socket_disable = True
accesslog = None  # paths hold customers' tokens; what matters is logged by the app, masked
forwarded_allow_ips = ""  # nobody: TRUSTED_PROXIES decides, in the app
graceful_timeout = 15
keepalive = 15
if SHARED_MEMORY.is_dir():
    worker_tmp_dir = str(SHARED_MEMORY)  # a heartbeat on a busy disk would block the worker


def post_fork(server: Any, _worker: Any) -> None:
    """A connection that parent and child both use would mix their answers: each worker opens its own."""
    components = server.app.wsgi().extensions["desk"]
    for engine in (components.writing, components.reading):
        engine.dispose(close=False)  # closing is the parent's affair


def worker_exit(server: Any, _worker: Any) -> None:
    """Refused webhooks are counted in memory, and the last of them would be forgotten."""
    server.app.wsgi().extensions["refusals"].write_down()


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801 - gunicorn is untyped, and the name is its setting's
    """Hands gunicorn's lines to the root logger, which masks and shapes all."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers[:] = []
        self.error_log.propagate = True
        logging.getLogger("gunicorn.access").handlers[:] = []
