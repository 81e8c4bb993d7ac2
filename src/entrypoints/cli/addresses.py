"""Addresses on the command line."""

import click

DEFAULT_LISTEN = "127.0.0.1:8180"


class Address(click.ParamType[tuple[str, int]]):
    """A host or an address, and a port; 0 is any free one."""

    name = "host:port"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = str(value).rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            self.fail(f"{value!r} is no address; write it like {DEFAULT_LISTEN} or [::1]:8180.", param, ctx)
        return host.strip("[]"), int(port)
