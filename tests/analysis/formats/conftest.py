"""Settings of the format tests."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tensors here are small: on a busy machine torch's threads would wait for each other longer than they compute."""
    torch.set_num_threads(1)
