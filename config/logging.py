"""One line per event, without phone numbers, tokens or secrets, whoever wrote it: us, a library or a traceback."""

import logging
import sys
import threading
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.masking import mask

TALKATIVE_LIBRARIES = {
    "apscheduler": logging.ERROR,
    "twilio": logging.WARNING,
    "urllib3": logging.WARNING,
    "alembic.runtime.plugins": logging.WARNING,
}
"""From which level on they are heard: they tell every step, twilio with the number it texts; apscheduler warns of every
tick that is not begun a second time while it still runs, which is what we ask of it."""


def configure(log_format: str, stream: TextIO | None = None) -> None:
    """Once per process, by whoever starts it: replaces every handler of the root logger. `log_format`: text or json."""
    handler = LineHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(log_format))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.INFO)
    for name, level in TALKATIVE_LIBRARIES.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    structlog.configure(
        processors=[*_common(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


class LineHandler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Python's own would print the arguments, unmasked."""
        self.stream.write(f"A log line was lost at {record.pathname}:{record.lineno}.\n")


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(log_format: str) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_common(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _mask_event,
            structlog.processors.JSONRenderer() if log_format == "json" else _as_text,
        ],
    )


def _mask_event(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return {str(_without_secrets(key)): _without_secrets(value) for key, value in event.items()}


def _without_secrets(value: Any) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        masked = mask(str(value))
        return value if masked == str(value) else masked
    if isinstance(value, dict):
        return {str(_without_secrets(key)): _without_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets(item) for item in value]
    return mask(value if isinstance(value, str) else str(value))


def _as_text(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    """Nobody writes a second line into the log by a line break in a name; a traceback alone may have several."""
    traces = [event.pop(name) for name in ("exception", "stack") if name in event]
    line = f"{event.pop('timestamp')} {event.pop('level'):8} {_printable(str(event.pop('event')))}"
    fields = [f"{_printable(key)}={_quoted(value)}" for key, value in event.items()]
    return "\n".join([" ".join([line, *fields]), *traces])


def _quoted(value: Any) -> str:
    text = str(value)
    return text if text.isprintable() and not set(" ='\"") & set(text) else repr(text)


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)[1:-1]


def _log_uncaught(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, where)
    else:
        structlog.get_logger("uncaught").critical("process:uncaught", exc_info=(kind, error, where))


def _log_uncaught_in_thread(hooked: threading.ExceptHookArgs) -> None:
    if hooked.exc_value and not isinstance(hooked.exc_value, SystemExit):
        _log_uncaught(hooked.exc_type, hooked.exc_value, hooked.exc_traceback)
