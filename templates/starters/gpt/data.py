"""The language reference that every Python ships with pydoc: some 470,000 bytes of English."""

from pydoc_data.topics import topics

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset, Subset

BLOCK_SIZE = 64  # tokens that the model sees at once
IGNORED = -1  # the target of what stands behind the text's end


class Reference:
    """Its topics by name, each byte a token; the last tenth is for validation."""

    def __init__(self) -> None:
        text = "\n\n".join(topics[name] for name in sorted(topics))
        tokens = torch.tensor(list(text.encode()))
        size = len(tokens) * 9 // 10
        # training sees a window at every token, validation each token once
        self.train = Windows(tokens[:size], stride=1)
        self.val = Windows(tokens[size:], stride=BLOCK_SIZE)

    def train_dataset(self) -> Dataset[tuple[Tensor, Tensor]]:
        return self.train

    def val_dataset(self) -> Dataset[tuple[Tensor, Tensor]]:
        return self.val

    def predict_dataset(self) -> Dataset[tuple[Tensor, Tensor]]:
        return Subset(self.val, range(4))


class Windows(Dataset[tuple[Tensor, Tensor]]):
    """Windows of a text, one every `stride` tokens: its tokens, and for each the one behind it."""

    def __init__(self, tokens: Tensor, stride: int) -> None:
        self.tokens = tokens
        self.starts = range(0, len(tokens) - 1, stride)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        start = self.starts[index]
        window = self.tokens[start : start + BLOCK_SIZE + 1]
        if len(window) <= BLOCK_SIZE:  # the text ends here
            window = F.pad(window, (0, BLOCK_SIZE + 1 - len(window)), value=IGNORED)
        return window[:-1].clamp(min=0), window[1:]
