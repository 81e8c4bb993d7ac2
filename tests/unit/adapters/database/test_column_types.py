"""What is read of columns that hold values as JSON."""

from sqlalchemy.engine import make_url

from adapters.database.column_types import Typed


def test_a_text_that_seldom_changes_is_read_once_and_another_anew() -> None:
    dialect = make_url("sqlite://").get_dialect()()
    again, anew = (
        Typed(tuple[int, ...], remembered=remembered).result_processor(dialect, None) for remembered in (1, 0)
    )
    first = again("[1, 2]")
    assert again("[1, 2]") is first == anew("[1, 2]") == (1, 2)
    assert anew("[1, 2]") is not anew("[1, 2]")
    assert (again("[3]"), again("[1, 2]"), again(None)) == ((3,), first, None)
