"""The charts: their shapes have the sizes of the numbers, in a fixed order, and no text is inside the drawing."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kue.stats.series import Numbers
from kue.web.charts.chart import HEIGHT, WIDTH, Chart, Slots
from kue.web.charts.latency import latency
from kue.web.charts.sparkline import sparkline
from kue.web.charts.steps import decades, step_for, steps_to
from kue.web.charts.throughput import throughput

MINUTE = 60_000
BEGIN = 1_795_000_020_000


def slots(*numbers: Numbers) -> Slots:
    return Slots(BEGIN, MINUTE, numbers)


def shapes(svg: str, tag: str, name: str) -> list[dict[str, str]]:
    return [one.attrib for one in ElementTree.fromstring(svg).iter(tag) if one.attrib["class"].split()[0] == name]


def bars(path: str) -> list[list[float]]:
    """The left, top, width and height of each bar of a path."""
    found = re.findall(r"M(\S+) (\S+?)h(\S+?)v(\S+?)h-(\S+?)z", path)
    assert "".join("M{} {}h{}v{}h-{}z".format(*each) for each in found) == path
    assert all(each[2] == each[4] for each in found)
    return [list(map(float, each[:4])) for each in found]


def test_slots_without_numbers_are_filled() -> None:
    filled = Slots.fill([(BEGIN + MINUTE, Numbers(completed=3)), (BEGIN - MINUTE, Numbers())], BEGIN, MINUTE, 3)
    assert [one.completed for one in filled.numbers] == [0, 3, 0]
    assert filled.starts(labels=4) == [BEGIN, BEGIN + MINUTE, BEGIN + 2 * MINUTE, BEGIN + 3 * MINUTE]


class TestThroughput:
    CHART = throughput(slots(Numbers(completed=100, failed=10, retried=20, created=150), Numbers(completed=50)))

    def test_completed_jobs_rise_from_zero_and_the_others_hang_below_it(self) -> None:
        (zero,) = shapes(self.CHART.svg, "polyline", "zero")
        y = float(zero["points"].split(",")[1].split()[0])
        completed = shapes(self.CHART.svg, "rect", "complete")[0]
        failed = shapes(self.CHART.svg, "rect", "failed")[0]
        retried = shapes(self.CHART.svg, "rect", "retried")[0]
        assert float(completed["y"]) + float(completed["height"]) == pytest.approx(y, abs=0.02)
        assert float(failed["y"]) == pytest.approx(y, abs=0.02)
        assert float(retried["y"]) == pytest.approx(y + float(failed["height"]), abs=0.02)
        assert float(completed["height"]) == pytest.approx(10 * float(failed["height"]), abs=0.1)

    def test_the_labels_are_the_numbers_of_the_lines(self) -> None:
        assert self.CHART.levels == ["150", "100", "50", "0", "50"]
        assert len(shapes(self.CHART.svg, "polyline", "grid")) == 4
        assert self.CHART.moments[0] == BEGIN and self.CHART.moments[-1] == BEGIN + 2 * MINUTE

    def test_the_running_slot_is_fainter_and_no_part_of_the_line_of_created_jobs(self) -> None:
        assert ["running" in one["class"] for one in shapes(self.CHART.svg, "rect", "complete")] == [False, True]
        (created,) = shapes(self.CHART.svg, "polyline", "created")
        assert len(created["points"].split()) == 1

    def test_it_says_what_happened_in_words_and_as_a_table(self) -> None:
        assert self.CHART.sentence == "150 jobs completed, 10 failed; failures rose to 10 a minute at"
        assert self.CHART.at == BEGIN
        assert self.CHART.rows[1] == (BEGIN + MINUTE, ["50", "0", "0", "0"])
        assert self.CHART.totals == {"completed": "150", "failed": "10", "retried": "20", "created": "150"}

    def test_without_failures_it_says_so(self) -> None:
        chart = throughput(slots(Numbers(completed=1)))
        assert (chart.sentence, chart.at) == ("1 job completed, none failed.", None)

    def test_without_any_job_it_says_so(self) -> None:
        chart = throughput(slots(Numbers(), Numbers()))
        assert chart.is_empty and chart.sentence == "No job ended in this time." and chart.rows == []


class TestLatency:
    def test_a_tenth_is_a_step_lower(self) -> None:
        chart = latency(slots(Numbers(p50=10, p95=1000), Numbers(p50=100, p95=1000)), Numbers(p50=50.0))
        assert chart.levels == ["1 s", "100 ms", "10 ms"]
        (line,) = shapes(chart.svg, "polyline", "run-p50")
        assert [float(point.split(",")[1]) for point in line["points"].split()] == [HEIGHT, HEIGHT / 2]
        assert chart.totals == {"run p50": "50 ms", "run p95": "—", "wait p95": "—"}

    def test_a_line_is_cut_where_nothing_ran(self) -> None:
        chart = latency(slots(Numbers(p50=10), Numbers(), Numbers(p50=10), Numbers(p50=20)), Numbers())
        assert [len(line["points"].split()) for line in shapes(chart.svg, "polyline", "run-p50")] == [2, 2]

    def test_without_any_run_it_says_so(self) -> None:
        chart = latency(slots(Numbers()), Numbers())
        assert chart.is_empty and chart.sentence == "No job ran in this time."


def test_the_bars_of_a_type_fill_their_place_and_few_jobs_can_be_seen() -> None:
    drawn = sparkline([Numbers(completed=1000), Numbers(failed=1), Numbers()])
    paths = [one["d"] for one in shapes(drawn, "path", "complete") + shapes(drawn, "path", "failed")]
    assert [[height for *_, height in bars(path)] for path in paths] == [[22], [1.5]]


@pytest.mark.parametrize(
    ("greatest", "step"), [(0, 1), (3, 1), (4, 2), (30, 10), (31, 20), (151, 100), (10**9, 5 * 10**8)]
)
def test_three_round_steps_reach_the_greatest_number(greatest: int, step: int) -> None:
    assert step_for(greatest) == step
    assert steps_to(greatest, step) <= 3


def test_the_decades_hold_all_values() -> None:
    assert decades([15, 900]) == (1, 3)
    assert decades([]) == (0, 2)
    assert decades([0.2, 0.4]) == (0, 2)


counts = st.integers(0, 10**12)
waits = st.none() | st.floats(0, 1e12)
numbers = st.builds(
    Numbers, completed=counts, failed=counts, retried=counts, created=counts, p50=waits, p95=waits, wait_p95=waits
)


@given(st.lists(numbers, max_size=40))
def test_every_shape_is_inside_its_drawing_and_no_text_is(series: list[Numbers]) -> None:
    charts: list[Chart] = [throughput(slots(*series)), latency(slots(*series), Numbers())]
    for svg in [*(chart.svg for chart in charts), sparkline(series)]:
        root = ElementTree.fromstring(svg)
        assert "".join(root.itertext()) == "" and "style" not in svg
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for one in root.iter("rect"):
            x, y, wide, high = (float(one.attrib[name]) for name in ("x", "y", "width", "height"))
            assert x >= -0.1 and x + wide <= width + 0.1 and y >= -0.1 and y + high <= height + 0.1
        for path in root.iter("path"):
            for x, y, wide, high in bars(path.attrib["d"]):
                assert x >= -0.1 and x + wide <= width + 0.1 and y >= -0.1 and y + high <= height + 0.1
        for one in root.iter("polyline"):
            points = [tuple(map(float, point.split(","))) for point in one.attrib["points"].split()]
            assert all(-0.1 <= x <= width + 0.1 and -0.1 <= y <= height + 0.1 for x, y in points)
    assert all(re.fullmatch(r"[\d,.]+( [kMGT])?", level) for level in charts[0].levels)
    assert WIDTH == 1000
