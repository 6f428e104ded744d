"""Sets the threads of PyTorch's own loops and those of OpenBLAS."""

import ctypes

import torch


def use(setting):
    """Sets the threads: "2+1" means two threads for PyTorch's own loops and one for OpenBLAS.

    Idle threads of both keep their processors busy, so more threads for both can be slower than for one of them.
    """
    own, blas = map(int, setting.split("+"))
    torch.set_num_threads(own)
    ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(blas)
