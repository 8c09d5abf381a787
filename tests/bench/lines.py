"""One line per figure: name, value, budget, and their ratio, with the load of the machine that measured it."""

import os


def line(name: str, value: float, budget: float | None = None, unit: str = "s", ratio: str = "") -> bool:
    """Print a figure beside its budget; whether it holds. Above 1.00 the ratio says by how much it is missed."""
    words = f"{name:<52} {value:>9.3g} {unit:<3}"
    if budget is not None:
        words += (
            f"  budget {budget:>7.3g} {unit:<3} ratio {value / budget:5.2f} {'ok' if value <= budget else 'MISSED'}"
        )
    print(words + (f"  {ratio}" if ratio else ""), flush=True)
    return budget is None or value <= budget


def load() -> None:
    """Print how busy the machine is: figures of a busy machine say little."""
    one, five, _ = os.getloadavg()
    print(f"load {one:.1f} (1 min), {five:.1f} (5 min) on {os.cpu_count()} processors", flush=True)
