"""Reports made of results that no work was done for, and pages as their elements, text and tables."""

from dataclasses import replace
from html.parser import HTMLParser

from results import done, result

from aepipe.gate.measured import Measured
from aepipe.gate.rules import Demands, judge
from aepipe.gate.settings import PublishSettings
from aepipe.pages.report import Report
from aepipe.recipes import RECIPES
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.stages.outcome import Done, Outcome
from aepipe.stages.results import DataResult, EvaluationResult, NoiseResult, SplitResult, TrainedResult

HOSTILE = "<script>alert(1)</script><img src=http://example.org/x onerror=alert(2)>\"'&amp;"
VOID = {"meta", "br", "img", "input"}

OLD = Measured("20250201T060000Z-abcdef", 1.0)


def outcome(name: str, data: str = "mnist", mse: float = 0.00285, **changes) -> Done:
    plan = plan_training(name, "tuned", "full", Overrides(), RECIPES[name].native_shape)
    facts = {
        "mse_per_pixel": mse,
        "mse_in_source_unit": mse * 255**2,
        "source_unit": 255.0,
        "psnr_db": 25.43,
        "ssim": 0.9312,
        "pca_mse_per_pixel": 0.00575,
        "mean_image_mse_per_pixel": 0.0672,
        "code_size": plan.model.code_size,
        "compression_ratio": 8.0,
        "collapsed": False,
        "code_mean": 0.01,
        "code_standard_deviation": 1.2,
        "code_zero_share": 0.34,
        "num_test_images": 10000,
        **changes,
    }
    return done(
        name,
        plan=plan,
        data=result(DataResult, data, name=data, data_set=data),
        split=result(SplitResult, data, name=f"{data}-official"),
        noisy=result(NoiseResult, data),
        trained=result(TrainedResult, name, train_mse=mse, validation_mse=None),
        evaluated=result(EvaluationResult, name, **facts),
    )


def report_of(*outcomes: Outcome, **changes) -> Report:
    report = Report(
        release_id="20250301T060000Z-abcdef",
        store_url="s3://models/aepipe",
        created="2025-03-01T06:00:00+00:00",
        setting="tuned",
        preset="full",
        parameters={"recipes": [one.recipe for one in outcomes], "overrides": {"epochs": None}},
        git_commit="164e25a9c2d4",
        packages={"keras": "3.15.0"},
        hardware="a fine GPU",
        seconds=3721.0,
        outcomes=outcomes,
        verdicts=tuple(judge(one, None, OLD, Demands(False, True), PublishSettings()) for one in outcomes),
        figures={},
        noisy_sets=[],
    )
    return replace(report, **changes)


class Page(HTMLParser):
    """A page's elements, its text, and its tables as rows of cells; it fails where tags are not closed."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.tables: list[list[list[str]]] = []
        self.pieces: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.pieces.append(data)
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def column(self, heading: str) -> list[str]:
        """The cells of the first table under a heading."""
        headings, *rows = self.tables[0]
        return [row[headings.index(heading)] for row in rows if len(row) == len(headings)]
