"""A small decoder in the manner of GPT-2, which reads and writes text byte by byte."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data import IGNORED


class Block(nn.Module):
    """Causal self-attention, then an MLP on each token, both with a residual connection."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.attention_in = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, 4 * width)
        self.mlp_out = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attend(self.attention_norm(x))
        return x + self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(x))))

    def attend(self, x: Tensor) -> Tensor:
        """Causal self-attention: each token looks at itself and those before it.

        Takes and returns (batch, length, width).
        """
        # query, key and value, each (batch, heads, length, width / heads)
        parts = self.attention_in(x).chunk(3, dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        values = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.attention_out(values.transpose(1, 2).flatten(2))


class GPT(nn.Module):
    """A stack of blocks with tied input and output embedding.

    `context` is the largest number of tokens that it sees at once. Raises ValueError where `width`
    is no multiple of `heads`.
    """

    def __init__(
        self, layers: int = 4, heads: int = 4, width: int = 128, context: int = 64
    ) -> None:
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of heads {heads}")
        super().__init__()
        self.context = context
        self.tokens = nn.Embedding(256, width)  # of every byte
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        for name, parameter in self.named_parameters():
            if name.endswith("_out.weight"):
                # GPT-2: the sum over all blocks has the variance of one
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers))
            elif parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, tokens: Tensor) -> Tensor:
        """The logits (batch, length, 256) of what follows each token (batch, length)."""
        if tokens.shape[1] > self.context:
            raise ValueError(f"{tokens.shape[1]} tokens; the model's context is {self.context}")
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.blocks(self.tokens(tokens) + self.positions(positions))
        return F.linear(self.norm(x), self.tokens.weight)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.loss_and_count(batch)

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return self.loss_and_count(batch)

    def loss_and_count(self, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """The mean cross-entropy of the tokens, and how many there are."""
        tokens, targets = batch
        logits = self(tokens).flatten(0, 1)
        loss = F.cross_entropy(logits, targets.flatten(), ignore_index=IGNORED)
        return {"loss": loss, "num_tokens": (targets != IGNORED).sum()}

    def predict_step(self, batch: tuple[Tensor, Tensor]) -> dict[str, list[str]]:
        """The texts of the batch, and how the model continues each."""
        tokens, _ = batch
        length = tokens.shape[1]
        longer = self.generate(tokens, 100)
        return {"text": as_text(longer[:, :length]), "next": as_text(longer[:, length:])}

    def on_train_end(self, log: Any) -> None:
        """Print and log a short sample of generated text."""
        self.eval()
        start = torch.full((1, 1), ord("\n"), device=self.tokens.weight.device)
        (text,) = as_text(self.generate(start, 100))
        log.text("sample", text)
        print(text)

    @torch.no_grad()
    def generate(self, tokens: Tensor, number: int, temperature: float = 0.8) -> Tensor:
        """The tokens (batch, length), followed by `number` that are sampled from the model."""
        for _ in range(number):
            logits = self(tokens[:, -self.context :])[:, -1] / temperature
            sampled = torch.multinomial(logits.float().softmax(dim=-1), num_samples=1)
            tokens = torch.cat([tokens, sampled], dim=1)
        return tokens


def as_text(tokens: Tensor) -> list[str]:
    """The tokens (batch, length) as texts, a token a byte."""
    return [bytes(row).decode(errors="replace") for row in tokens.tolist()]
