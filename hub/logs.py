"""Logs: one event a line on standard error, readable on a terminal, JSON elsewhere; never a payload."""

import logging
import sys

import structlog

# uvicorn says this at ERROR whenever a handshake is refused before it is accepted, which is no error.
REFUSED_HANDSHAKE = "ASGI callable returned without completing handshake."


class _Refusals(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Drop exactly that one line."""
        return record.getMessage() != REFUSED_HANDSHAKE


def set_up_logs(level: str) -> None:
    """Send everything, the libraries' lines too, through one formatter."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    on_terminal = sys.stderr.isatty()
    # Plain: the pretty tracebacks show local variables, passwords among them.
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer: structlog.typing.Processor = console if on_terminal else structlog.processors.JSONRenderer()
    closing: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if not on_terminal:
        closing.append(structlog.processors.format_exc_info)
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*closing, renderer])
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.error").addFilter(_Refusals())
    # httpcore2 writes out addresses and headers of web pushes, which are as good as passwords.
    for chatty in ("alembic", "aiosqlite", "asyncio", "httpcore2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # At DEBUG it writes out requests and the frames of sockets: cookies, digits, PINs.
    logging.getLogger("uvicorn.error").setLevel(max(logging.INFO, root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
