"""The two teams of threads under PyTorch: its own loops' and OpenBLAS's."""

import ctypes

import torch


def use(setting):
    """Takes "2+1" for two threads to PyTorch's own loops and one to OpenBLAS.

    Both teams wait on their processors, so that together they may be worse than one of them.
    """
    own, blas = map(int, setting.split("+"))
    torch.set_num_threads(own)
    ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(blas)
