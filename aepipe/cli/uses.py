"""aepipe reconstruct and others: published models in use. Each command is a call of one function of the library."""

from typing import Annotated

import typer

from aepipe.cli.options import JsonOption, ModelChannelOption, ModelOption, StoreOption
from aepipe.cli.output import print_result, print_table, printable
from aepipe.recipes.naming import spelled_out_model


def reconstruct(
    images: Annotated[str, typer.Argument(help="A folder, a .zip, .tar or .npz file, or an s3:// prefix.")],
    model: ModelOption,
    store: StoreOption = "./store",
    channel: ModelChannelOption = "production",
    output: Annotated[str, typer.Option(help="A new or empty folder.")] = "./reconstructions",
    batch_size: Annotated[int, typer.Option(min=1, help="Images that are in memory at a time.")] = 64,
    as_json: JsonOption = False,
) -> None:
    """Reconstruct images with a published model: a PNG for each, and errors.csv."""
    from aepipe.inference.reconstruction import reconstruct_images

    done = reconstruct_images(images, output, store, spelled_out_model(model), channel, batch_size)
    if not as_json:
        rows = [[printable(error.file), error.mse_per_pixel, error.psnr_db] for error in done.worst()]
        print_table("The largest errors", ["file", "MSE", "PSNR (dB)"], rows)
    print_result(as_json, done.summary(), *done.lines())
