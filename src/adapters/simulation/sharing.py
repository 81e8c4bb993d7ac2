"""How a charge point shares a power among its connectors."""

from collections.abc import Sequence


def shared(total_w: int, wanted_w: Sequence[int], minimums_w: Sequence[int]) -> list[int]:
    """Split a power among those who want some: equally where it is scarce, nobody between 0 and the own minimum.

    Where the minimums do not fit, the last one goes without. All in watts; the result is in the order given.
    """
    wanted = [want if want >= least else 0 for want, least in zip(wanted_w, minimums_w, strict=True)]
    while sum(wanted) > total_w:
        given = _equally(total_w, wanted)
        short = [index for index, want in enumerate(wanted) if want and given[index] < minimums_w[index]]
        if not short:
            return given
        wanted[short[-1]] = 0
    return wanted


def _equally(total_w: int, wanted_w: Sequence[int]) -> list[int]:
    given = [0] * len(wanted_w)
    for taken, index in enumerate(sorted(range(len(wanted_w)), key=wanted_w.__getitem__)):
        given[index] = min(wanted_w[index], total_w // (len(wanted_w) - taken))
        total_w -= given[index]
    return given
