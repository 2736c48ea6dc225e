"""Each rule on an index of its own: what breaks it, what does not, and what is said."""

import numpy as np
import pytest
from indices import index_of, row

from aepipe.checks import rules
from aepipe.checks.measures import Measured
from aepipe.checks.rules import Before, Comparison
from aepipe.checks.settings import CheckSettings
from aepipe.datasets.account import Account
from aepipe.datasets.index import make_index
from aepipe.datasets.tally import LeftOut

LIMITS = CheckSettings()


def compare(now, before=None, **account) -> Comparison:
    account = {"num_files": len(now), "num_taken": len(now), "num_images": len(now), **account}
    known = None if before is None else Before("20250101T000000Z-abcdef", before, None)
    return Comparison(Account(image_shape=(8, 8, 1), **account), now, known)


def test_broken_files_are_a_share_of_what_looks_like_pictures():
    broken = (LeftOut(reason="broken", count=3, names=("x",)), LeftOut(reason="no picture", count=50))
    line = rules.check_files(compare(index_of(range(7)), left_out=broken), 0.1)
    assert (line.holds, line.found, line.setting) == (False, pytest.approx(0.3), "data.most_left_out")
    assert line.says == "3 of 10 files that look like pictures gave none: 3 broken"
    assert rules.check_files(compare(index_of(range(7)), left_out=broken), 0.3).holds


def test_fewer_images_than_the_release_has():
    before = index_of(range(100))
    line = rules.check_count(compare(index_of(range(60)), before), LIMITS)
    assert (line.holds, line.found, line.allows) == (False, pytest.approx(0.4), 0.4)
    assert line.says == "had 100 images in release 20250101T000000Z-abcdef, has 60"
    assert line.line.endswith("; --set data.checks.most_fewer=0.4 allows it")
    assert rules.check_count(compare(index_of(range(180)), before), LIMITS).found == 0


@pytest.mark.parametrize("num_left", range(3, 80, 7))
def test_what_is_said_to_allow_it_does(num_left):
    """Rounded down it would not."""
    now, before = index_of(range(num_left)), index_of(range(1003))
    said = rules.check_count(compare(now, before), LIMITS).way_out
    limits = CheckSettings(most_fewer=float(said.removeprefix("data.checks.most_fewer=").split()[0]))
    assert rules.check_count(compare(now, before), limits).holds


def test_files_that_give_no_image_do_not_count():
    before = index_of(range(100))
    rows = [row(number, state="ok" if number < 60 else "broken") for number in range(100)]
    assert not rules.check_count(compare(make_index(rows), before), LIMITS).holds


def test_classes_that_vanish_and_appear():
    before, now = index_of(range(10)), index_of(range(10), **{"class": "b"})
    vanished, appeared = rules.check_classes(compare(now, before), LIMITS)
    assert (vanished.holds, vanished.found, vanished.says) == (False, 1, "a")
    assert (appeared.holds, appeared.says) == (True, "none")
    vanished, appeared = rules.check_classes(compare(before, now), LIMITS)
    assert (vanished.holds, appeared.holds, appeared.says) == (True, False, "a")
    assert all(line.holds for line in rules.check_classes(compare(before, now), CheckSettings(most_new_classes=1)))


def test_constant_images_are_counted_among_the_new_ones():
    def measured(contrasts):
        values = np.array(contrasts, np.float32)
        return Measured((8, 8, 1), {"brightness": values, "contrast": values, "sharpness": values})

    comparison = compare(index_of(range(30)), index_of(range(20)))
    assert comparison.new_rows.tolist() == rows_of(comparison, range(20, 30))
    line = rules.check_constant(comparison, measured([0.0] * 2 + [0.2] * 8), LIMITS)
    assert (line.holds, line.says) == (False, "2 of 10 new images of one value all over")
    assert rules.check_constant(comparison, measured([0.2] * 10), LIMITS).holds
    assert rules.check_constant(compare(index_of(range(9)), index_of(range(9))), measured([]), LIMITS).found is None


def rows_of(comparison, numbers) -> list[int]:
    paths = {row(number)["path"] for number in numbers}
    return [at for at, path in enumerate(comparison.given.images["path"]) if path in paths]


def test_a_camera_that_sends_a_known_black_image_again_sends_new_images():
    """Its pixels are known; the files are not."""
    before = index_of(range(10))
    now = make_index([row(number) for number in range(10)] + [row(0, path="c/1.png", state="duplicate")])
    comparison = compare(now, before)
    assert comparison.new_rows.tolist() == [10]
    assert comparison.new_pixels.tolist() == []


def test_images_of_the_users_own_parts_that_share_pixels():
    rows = [row(number, part="train") for number in range(8)] + [row(number, part="test") for number in range(8, 16)]
    assert rules.check_shared(compare(make_index(rows)), LIMITS).holds
    rows.append(row(3, part="test", path="test/again.png", state="duplicate"))
    line = rules.check_shared(compare(make_index(rows)), LIMITS)
    assert (line.holds, line.found) == (False, pytest.approx(1 / 9))
    assert "test/again.png" in line.says
    # Copies within one part are no leak, and without parts of the user's own there is nothing to share.
    rows[-1] = row(3, part="train", path="train/again.png", state="duplicate")
    assert rules.check_shared(compare(make_index(rows)), LIMITS).holds
    assert rules.check_shared(compare(index_of(range(9))), LIMITS).found is None


def test_new_images_of_another_size():
    before = index_of(range(40))
    now = make_index([row(number) for number in range(40)] + [row(n, height=9, width=16) for n in range(40, 65)])
    line = rules.check_sizes(compare(now, before), LIMITS)
    assert (line.holds, line.found) == (False, 1)
    assert line.says == "25 of 25 new images, where most were 8x8: 9x16"
    few = make_index([row(number) for number in range(40)] + [row(n, height=9) for n in range(40, 45)])
    assert rules.check_sizes(compare(few, before), LIMITS).says == "5 new images, too few to tell: that takes 20"


def test_sizes_that_always_varied_are_no_change():
    before = make_index(row(number, height=50 + number) for number in range(40))
    now = make_index(row(number, height=90 + number) for number in range(40, 80))
    assert rules.check_sizes(compare(now, before), LIMITS).found is None


def test_the_first_run_has_nothing_to_compare_with():
    comparison = compare(index_of(range(30)))
    lines = [rules.check_count(comparison, LIMITS), *rules.check_classes(comparison, LIMITS)]
    lines.append(rules.check_sizes(comparison, LIMITS))
    assert {(line.holds, line.found, line.says) for line in lines} == {(True, None, "nothing to compare with yet")}


def test_hostile_names_stay_on_their_line():
    rows = [row(1, part="train"), row(1, part="test", path="test/\x1b[2J\nforged.png", state="duplicate")]
    line = rules.check_shared(compare(make_index(rows)), LIMITS)
    assert line.line.isprintable()
