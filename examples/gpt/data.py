"""The language reference that every Python ships with pydoc: some 470,000 bytes of English.

It is the text of the Python that runs the script: losses differ between versions of Python.
"""

from pydoc_data.topics import topics

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset, Subset

IGNORED = -1  # the target at places past the end of the text


class Reference:
    """Its topics by name, each byte a token; the last tenth is for validation.

    `block_size` is how many tokens a sample has.
    """

    def __init__(self, block_size: int = 64) -> None:
        text = "\n\n".join(topics[name] for name in sorted(topics))
        tokens = torch.tensor(list(text.encode()))
        size = len(tokens) * 9 // 10
        # training sees a window at every token, validation each token once
        self.train = Windows(tokens[:size], block_size, stride=1)
        self.val = Windows(tokens[size:], block_size, stride=block_size)

    def train_dataset(self) -> Dataset[tuple[Tensor, Tensor]]:
        return self.train

    def val_dataset(self) -> Dataset[tuple[Tensor, Tensor]]:
        return self.val

    def predict_dataset(self) -> Dataset[tuple[Tensor, Tensor]]:
        return Subset(self.val, range(4))


class Windows(Dataset[tuple[Tensor, Tensor]]):
    """Windows of a text, one every `stride` tokens: its tokens, and the one that follows each."""

    def __init__(self, tokens: Tensor, block_size: int, stride: int) -> None:
        self.tokens = tokens
        self.block_size = block_size
        self.starts = range(0, len(tokens) - 1, stride)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        start = self.starts[index]
        window = self.tokens[start : start + self.block_size + 1]
        if len(window) <= self.block_size:  # the text ends here
            window = F.pad(window, (0, self.block_size + 1 - len(window)), value=IGNORED)
        return window[:-1].clamp(min=0), window[1:]
