"""PyTorch as its tutorials use it: an eager loop over batches of a resident tensor."""

import itertools
from collections.abc import Callable

import torch
from torch import nn
from workloads import CODE_SIZE, DECODER_FILTERS, DENSE_WIDTHS, ENCODER_FILTERS, Workload


def prepare(workload: Workload) -> Callable[[], None]:
    """Return a function that trains for one epoch."""
    images = torch.from_numpy(workload.images()).permute(0, 3, 1, 2).float().div(255).contiguous()
    model = {"dense": _dense, "conv": _conv}[workload.name]()
    optimizer = torch.optim.Adam(model.parameters())

    def run_epoch() -> None:
        order = torch.randperm(len(images))
        for step in range(workload.num_steps):
            batch = images[order[step * workload.batch_size : (step + 1) * workload.batch_size]]
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(batch), batch)
            loss.backward()
            optimizer.step()

    return run_epoch


def _dense() -> nn.Module:
    layers = [nn.Flatten()]
    for inputs, outputs in itertools.pairwise(DENSE_WIDTHS):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Unflatten(1, (1, 28, 28)))


def _conv() -> nn.Module:
    layers, channels = [], 1
    for number, filters in enumerate(ENCODER_FILTERS):
        layers += [nn.Conv2d(channels, filters, 3, stride=1 if number else 2, padding=1), nn.ReLU()]
        channels = filters
    layers += [nn.Flatten(), nn.Linear(channels * 256, CODE_SIZE), nn.Sigmoid(), nn.Unflatten(1, (1, 16, 16))]
    channels = 1
    for number, filters in enumerate(DECODER_FILTERS):
        stride, extra = (1, 0) if number else (2, 1)
        layers += [nn.ConvTranspose2d(channels, filters, 3, stride, padding=1, output_padding=extra), nn.ReLU()]
        channels = filters
    return nn.Sequential(*layers, nn.ConvTranspose2d(channels, 1, 3, padding=1), nn.Sigmoid())
