import pytest

from aepipe.evaluation.figures.style import most_columns


@pytest.mark.parametrize(("width", "columns"), [(28, 10), (64, 10), (88, 10), (128, 6), (200, 4), (1024, 4)])
def test_a_row_has_as_many_images_as_it_can_show_at_their_size(width, columns):
    assert most_columns(width, 10) == columns
