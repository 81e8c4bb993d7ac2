"""Tables for people, and what stands in their cells. Power in kW, one unit in all of them."""

from rich.table import Table

from adapters.observability.escapes import escaped


def new_table(*headings: str) -> Table:
    """One without lines; figures stand to the right."""
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for heading in headings:
        table.add_column(heading, justify="right" if heading.endswith(("kW", "kWh", "cycle")) else "left")
    return table


def kw(watts: int | None) -> str:
    """Watts as kilowatts, `-` where they are not known."""
    return "-" if watts is None else f"{watts / 1000:,.1f}"


def figure(number: int | None) -> str:
    """A count, `-` where there is none."""
    return "-" if number is None else f"{number:,}"


def shown(value: object) -> str:
    """Any value, `none` where nothing is stated."""
    return "none" if value is None else f"{value:,}" if type(value) is int else escaped(str(value))
