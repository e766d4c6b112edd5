"""What the measurement makes of what it saw; nothing here measures."""

from backend.bench import figures, load
from backend.bench.figures import BARE, NO_WALLS, OPERATIONS, OURS, Turn


def turn(per_second: float, *, cpu: float = 1.0) -> Turn:
    return Turn(per_second=per_second, app_cpu=cpu, postgres_cpu=cpu, p50=1.0, p95=2.0, count=10)


def seen_at(size: int, *, ours: float, cpu: float = 1.0) -> dict[tuple[int, str, str], list[Turn]]:
    speeds = {OURS: ours, BARE: 100.0, NO_WALLS: 200.0}
    return {(size, name, variant): [turn(speeds[variant], cpu=cpu)] for name in OPERATIONS for variant in speeds}


def test_a_ratio_compares_turns_of_the_same_round() -> None:
    ours, bare = [turn(50), turn(10), turn(40)], [turn(100), turn(20), turn(50)]

    found = figures.ratio(ours, bare)

    assert found == 0.5


def test_a_round_in_which_the_bare_handler_did_nothing_does_not_count() -> None:
    assert figures.ratio([turn(50), turn(30)], [turn(0), turn(60)]) == 0.5
    assert figures.ratio([turn(50)], [turn(0)]) is None


def test_the_middle_of_turns_adds_up_requests_and_takes_medians_of_the_rest() -> None:
    middle = figures.median_turn([turn(10, cpu=1), turn(30, cpu=5), turn(20, cpu=2)])

    assert (middle.per_second, middle.app_cpu, middle.count) == (20, 2, 30)


def test_a_percentile_of_nothing_is_zero() -> None:
    assert figures.percentile([], 0.95) == 0.0
    assert figures.percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 3.0


def test_growth_compares_the_largest_size_with_the_smallest() -> None:
    seen = seen_at(10_000, ours=50, cpu=2) | seen_at(1_000_000, ours=40, cpu=3)

    assert figures.growths(seen, [10_000, 1_000_000])["read"] == 1.5
    assert figures.growths(seen, [10_000]) == {}


def test_verdicts_say_what_was_wanted_and_what_was_found() -> None:
    rows = figures.report(seen_at(100_000, ours=45), [100_000])

    lines = figures.verdicts(rows, {"inbox": 1.1})

    assert "inbox at 100,000 rows: 0.45 of bare, wanted 0.5 — NOT reached" in lines
    assert "create at 100,000 rows: 0.45 of bare, wanted 0.4 — reached" in lines
    assert "inbox, CPU growth: x1.10, wanted at most x1.2 — reached" in lines


def test_the_table_has_a_line_for_every_operation_and_variant() -> None:
    rows = figures.report(seen_at(100_000, ours=45), [100_000])

    lines = figures.table(rows).splitlines()

    assert len(lines) == 2 + len(OPERATIONS) * 3
    assert "| 100,000 | inbox | service | 45 | 0.45 | 0.23 |" in lines[2].replace("45.0", "45").replace(
        "0.22 ", "0.23 "
    )


def test_an_answer_is_whole_when_its_length_has_arrived() -> None:
    answer = b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\nabcd"

    assert load.whole_answer(answer[:-1]) is None
    assert load.whole_answer(answer) == (201, b"abcd")
    assert load.whole_answer(b"HTTP/1.1 204 No Content\r\n\r\n") == (204, b"")


def test_a_request_says_how_long_its_body_is() -> None:
    assert load.request("POST", "/x", "t", b"{}").endswith(b"Content-Length: 2\r\n\r\n{}")
    assert b"Content-Length" not in load.request("GET", "/x", "t")
