"""Log records on standard error, one a line, each with the trace it was written in."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

from opentelemetry import trace
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id

from adapters.observability.escapes import escaped

_OWN_ATTRIBUTES = {*vars(logging.makeLogRecord({})), "message", "asctime"}
_SEVERITY_NUMBERS = {"DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17, "CRITICAL": 21}


def configure_logging(level: str, log_format: Literal["json", "console"]) -> None:
    """Send every record of this level (a name of `logging`) and above to standard error, replacing other handlers."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else ConsoleFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # What these do without trouble is theirs to tell only when somebody looks for a fault.
    for chatty in ("alembic", "httpx"):
        logging.getLogger(chatty).setLevel(level if level == "DEBUG" else "WARNING")
    # What a client sends wrongly is no affair of an operator, and would be a line for each request of a flood.
    logging.getLogger("uvicorn").setLevel(level if level == "DEBUG" else "ERROR")
    # So is what a client says of brokers that are away, forty lines a second; those who use it say so once.
    logging.getLogger("aiokafka").setLevel(level if level == "DEBUG" else "CRITICAL")


class JsonFormatter(logging.Formatter):
    """The fields of OpenTelemetry's log data model; what a record was given as `extra` are its attributes."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": _timestamp(record),
            "severity_text": record.levelname,
            "severity_number": _SEVERITY_NUMBERS.get(record.levelname, 0),
            "scope": record.name,
            "body": record.getMessage(),
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            line |= {"trace_id": format_trace_id(span.trace_id), "span_id": format_span_id(span.span_id)}
        attributes = _attributes(record) | self._exception(record)
        if attributes:
            line["attributes"] = attributes
        return json.dumps(line, default=str)

    def _exception(self, record: logging.LogRecord) -> dict[str, Any]:
        if record.exc_info is None or record.exc_info[0] is None:
            return {}
        return {
            "exception.type": record.exc_info[0].__qualname__,
            "exception.message": str(record.exc_info[1]),
            "exception.stacktrace": self.formatException(record.exc_info),
        }


class ConsoleFormatter(logging.Formatter):
    """A line for people: time, level, logger, message, attributes, the trace where there is one.

    Control characters are written as escapes: what came from outside steers no terminal.
    """

    def format(self, record: logging.LogRecord) -> str:
        words = [_timestamp(record), f"{record.levelname:<8}", record.name, record.getMessage()]
        words += [f"{name}={value}" for name, value in _attributes(record).items()]
        span: SpanContext = trace.get_current_span().get_span_context()
        if span.is_valid:
            words.append(f"trace_id={format_trace_id(span.trace_id)}")
        lines = [" ".join(words)]
        if record.exc_info:
            lines += self.formatException(record.exc_info).split("\n")
        return "\n".join(escaped(line) for line in lines)


def _timestamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _attributes(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _OWN_ATTRIBUTES}
