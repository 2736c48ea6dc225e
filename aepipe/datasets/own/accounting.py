"""Accounting: what was taken of a data set of one's own and what was left out, from the rows of its index."""

from collections import Counter
from collections.abc import Sequence

from aepipe.datasets.account import Account, Losses
from aepipe.datasets.formats.fitting import Form, Size, cut_share
from aepipe.datasets.own.rows import ON_WHITE, TURNED, UPPER_BITS, Row, file_of
from aepipe.datasets.own.values import COLOR, DEEP, Values, deep_bits
from aepipe.datasets.picture_settings import size_text
from aepipe.datasets.tally import Tally

MAX_SHOWN, MAX_PAIRS = 20, 3
LEFT_TO_SPLIT = "left to the split"


def account_of(
    images: Sequence[Row],
    duplicates: Sequence[str],
    tally: Tally,
    num_files: int,
    form: Form,
    values: Values,
    notes: Sequence[str],
) -> Account:
    """Return the account of images.

    Args:
        images: Their rows.
        duplicates: A sentence for each that another one comes before.
        tally: What gave none.
        num_files: What lies there, whatever it is.
        form: What the pictures were brought to.
        values: What all of them have.
        notes: How the place was understood.
    """
    sizes = Counter((row["height"], row["width"]) for row in images)
    pages = [file_of(row) for row in images if row["page"] is not None]
    with_frames, classes = set(pages), [row["class"] for row in images if row.get("class") is not None]
    by_class = Counter(classes if len(classes) == len(images) else ())
    has_parts = any(row.get("part") for row in images)
    return Account(
        num_files=num_files,
        num_taken=len(images) - len(pages) + len(with_frames),
        num_images=len(images),
        num_with_frames=len(with_frames),
        image_shape=(*form.size, values.channels),
        left_out=tally.left_out(),
        sizes={size_text(size): count for size, count in sizes.most_common(MAX_SHOWN)},
        modes=dict(Counter(row["mode"] for row in images if row.get("mode")).most_common(MAX_SHOWN)),
        losses=_losses(images, sizes, form, values),
        num_duplicates=len(duplicates),
        duplicates=tuple(duplicates[:MAX_PAIRS]),
        classes=dict(by_class.most_common(MAX_SHOWN)),
        num_classes=len(by_class),
        parts=dict(Counter(row.get("part") or LEFT_TO_SPLIT for row in images)) if has_parts else {},
        notes=(*notes, *(["all images are equal"] if len(duplicates) == len(images) - 1 else [])),
    )


def _losses(images: Sequence[Row], sizes: Counter[Size], form: Form, values: Values) -> Losses:
    cut = {size: cut_share(size, form.size, form.fit) for size in sizes}
    num_cut = sum(number for size, number in sizes.items() if cut[size])
    larger = {size for size in sizes if size[0] > form.size[0] or size[1] > form.size[1]}
    done = Counter(words for row in images if row["treatment"] for words in row["treatment"].split(", "))
    deep = [row for row in images if row["depth"] == DEEP]
    return Losses(
        num_cropped=num_cut,
        share_cropped=round(sum(cut[size] * number for size, number in sizes.items()) / max(1, num_cut), 4),
        num_reduced=sum(sizes[size] for size in larger),
        num_enlarged=sum(number for size, number in sizes.items() if size not in larger and size != form.size),
        num_deep=len(deep),
        deep_bits=max(deep_bits(images)) if deep else None,
        bulk_bits=max(row["bulk_bits"] for row in deep) if deep else None,
        num_deep_color=done[UPPER_BITS],
        deep_color_bits=max((row["bits"] for row in images if UPPER_BITS in (row["treatment"] or "")), default=None),
        num_negative=done[TURNED],
        num_transparent=done[ON_WHITE],
        num_made_color=sum(row["channels"] == 1 for row in images) if values.channels == COLOR else 0,
    )
