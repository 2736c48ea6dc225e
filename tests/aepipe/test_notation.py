import pytest

from aepipe.notation import choose_notation, counted, decimals, duration, fixed, moment, plain, significant


def test_a_column_is_written_in_one_notation():
    write = choose_notation([0.00575, 0.0123, 0.000812, 0.0])
    assert [write(value) for value in (0.00575, 0.0123, 0.000812, 0.0)] == ["0.00575", "0.0123", "0.000812", "0"]


def test_one_tiny_value_takes_the_whole_column_to_exponents():
    write = choose_notation([0.00575, 3.1e-7])
    assert [write(0.00575), write(3.1e-7)] == ["5.75e-03", "3.10e-07"]


def test_what_is_no_number_is_never_written_as_one():
    write = choose_notation([0.00575, None, float("nan"), float("inf")])
    assert write(None) == "\N{EN DASH}"
    assert write(float("nan")) == write(float("inf")) == "not finite"
    assert decimals(None, 2) == duration(None) == "\N{EN DASH}"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0099961, "0.0100"), (0.9996, "1.00"), (184.6, "185"), (12345.6, "12,346"), (-0.0271, "-0.0271")],
)
def test_three_significant_digits_after_rounding(value, text):
    assert fixed(value, 3) == significant(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.71, "0.7 s"), (9.4, "9.4 s"), (9.6, "10 s"), (59.6, "1 min 0 s"), (72.3, "1 min 12 s"), (3721, "1 h 2 min")],
)
def test_durations_are_words(seconds, text):
    assert duration(seconds) == text


def test_moments_keep_their_time_zone():
    assert moment("2025-03-01T06:00:12+00:00") == "2025-03-01 06:00 UTC"
    assert moment("2025-03-01T06:00:12+02:00") == "2025-03-01 06:00 UTC+02:00"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "yes"),
        (255.0, "255"),
        (1e-07, "1e-07"),
        ((392, 196), "392, 196"),
        ({}, "none"),
        ({"kind": "gaussian", "level": 0.2}, "kind gaussian, level 0.2"),
        ([{"batch_size": 1}, {"batch_size": 2}], "batch size 1; batch size 2"),
    ],
)
def test_settings_are_words(value, text):
    assert plain(value) == text


def test_one_is_counted_as_one():
    assert [counted(number, "image") for number in (0, 1, 2)] == ["0 images", "1 image", "2 images"]
    assert counted(2, "copy is", "copies are") == "2 copies are"
    assert counted(20_000, "picture") == "20,000 pictures"
