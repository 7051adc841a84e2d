"""What cutting images and videos into patches costs a transformer: tokens, and FLOPs with and without attention."""

from __future__ import annotations

import numpy as np
import pandas as pd


def image_tokens(side: int, patch: int, frames: int = 1, frames_a_token: int = 1) -> int:
    """Tokens of `frames` pictures of `side` x `side` pixels cut into patches of `patch` x `patch` pixels.

    A token spans `frames_a_token` frames; what does not fill a patch is padded.
    """
    if min(side, patch, frames, frames_a_token) < 1:
        raise ValueError(
            f"a picture of {side} pixels, patches of {patch}, {frames} frames and {frames_a_token} a token: give "
            "whole numbers from 1 on"
        )
    return (-(-side // patch)) ** 2 * -(-frames // frames_a_token)


def by_patch(
    side: int, patches: tuple[int, ...], n_params: float, layers: int, width: int, frames: int = 1
) -> pd.DataFrame:
    """One row per size of patches: patch, tokens, flops (forward, 2 N a token and the attention of all pairs), and the
    share of attention in them.

    Attention: 4 tokens^2 width FLOPs a layer, scores and their sums over values.
    """
    tokens = np.array([image_tokens(side, patch, frames) for patch in patches], float)
    linear, attention = 2 * n_params * tokens, 4.0 * tokens**2 * width * layers
    return pd.DataFrame(
        {
            "patch": patches,
            "tokens": tokens,
            "flops": linear + attention,
            "attention": attention / (linear + attention),
        }
    )
