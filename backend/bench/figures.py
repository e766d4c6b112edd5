"""From what slices saw to the table: medians, ratios of turns that followed each other, verdicts."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OPERATIONS = ("inbox", "read", "create", "accept")
OURS, BARE, NO_WALLS = "service", "bare", "bare without walls"
WANTED = {"inbox": 0.5, "read": 0.5, "create": 0.4}
WANTED_AT, MOST_GROWTH = 100_000, 1.2


@dataclass(frozen=True)
class Turn:
    """One slice of one variant: requests per second, CPU milliseconds per request, latencies in milliseconds."""

    per_second: float
    app_cpu: float
    postgres_cpu: float
    p50: float
    p95: float
    count: int
    errors: int = 0


def median_turn(turns: Sequence[Turn]) -> Turn:
    return Turn(
        per_second=statistics.median(t.per_second for t in turns),
        app_cpu=statistics.median(t.app_cpu for t in turns),
        postgres_cpu=statistics.median(t.postgres_cpu for t in turns),
        p50=statistics.median(t.p50 for t in turns),
        p95=statistics.median(t.p95 for t in turns),
        count=sum(t.count for t in turns),
        errors=sum(t.errors for t in turns),
    )


def ratio(ours: Sequence[Turn], theirs: Sequence[Turn]) -> float | None:
    """The median of the rounds' ratios in requests per second: outside load hits both turns of a round alike."""
    rounds = [a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True) if b.per_second]
    return statistics.median(rounds) if rounds else None


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies; 0 without values."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def growth(small: Turn, large: Turn) -> float | None:
    """CPU of application and database for one request, large over small."""
    before, after = small.app_cpu + small.postgres_cpu, large.app_cpu + large.postgres_cpu
    return after / before if before else None


Seen = Mapping[tuple[int, str, str], Sequence[Turn]]


def report(seen: Seen, sizes: Sequence[int]) -> list[dict[str, object]]:
    """One row per size, operation and variant, with its ratio to the bare handler of the same rounds."""
    rows: list[dict[str, object]] = []
    for size in sizes:
        for operation in OPERATIONS:
            for variant in (OURS, BARE, NO_WALLS):
                turns = seen[size, operation, variant]
                middle = median_turn(turns)
                rows.append(
                    {
                        "rows": size,
                        "operation": operation,
                        "variant": variant,
                        "per_second": round(middle.per_second, 1),
                        "ratio": None if variant == BARE else _rounded(ratio(turns, seen[size, operation, BARE])),
                        "ratio_to_no_walls": _rounded(ratio(turns, seen[size, operation, NO_WALLS])),
                        "app_cpu_ms": round(middle.app_cpu, 2),
                        "postgres_cpu_ms": round(middle.postgres_cpu, 2),
                        "p50_ms": round(middle.p50, 1),
                        "p95_ms": round(middle.p95, 1),
                        "requests": middle.count,
                        "errors": middle.errors,
                    }
                )
    return rows


def growths(seen: Seen, sizes: Sequence[int]) -> dict[str, float | None]:
    """How much more CPU a request costs at the largest size than at the smallest; nothing for one size."""
    if min(sizes) == max(sizes):
        return {}
    return {
        operation: _rounded(
            growth(
                median_turn(seen[min(sizes), operation, OURS]),
                median_turn(seen[max(sizes), operation, OURS]),
            )
        )
        for operation in OPERATIONS
    }


def verdicts(rows: Sequence[Mapping[str, object]], grown: Mapping[str, float | None]) -> list[str]:
    """What was wanted, what was found, one line each."""
    lines = []
    for row in rows:
        wanted = WANTED.get(str(row["operation"]))
        found = row["ratio"]
        if row["variant"] == OURS and row["rows"] == WANTED_AT and wanted and isinstance(found, float):
            verdict = "reached" if found >= wanted else "NOT reached"
            lines.append(f"{row['operation']} at {WANTED_AT:,} rows: {found:.2f} of bare, wanted {wanted} — {verdict}")
    for operation, factor in grown.items():
        if factor is not None:
            verdict = "reached" if factor <= MOST_GROWTH else "NOT reached"
            lines.append(f"{operation}, CPU growth: x{factor:.2f}, wanted at most x{MOST_GROWTH} — {verdict}")
    return lines


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """The rows for people, in Markdown."""
    head = (
        "| rows | operation | variant | req/s | x bare | x no walls | CPU ms app + pg | p50 ms | p95 ms | errors |\n"
        "|--:|---|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    lines = [
        f"| {row['rows']:,} | {row['operation']} | {row['variant']} | {row['per_second']} | {_shown(row['ratio'])} | "
        f"{_shown(row['ratio_to_no_walls'])} | {row['app_cpu_ms']} + {row['postgres_cpu_ms']} | {row['p50_ms']} | {row['p95_ms']} | {row['errors']} |"
        for row in rows
    ]
    return "\n".join([head, *lines])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _shown(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else "1"
