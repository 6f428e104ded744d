"""Builds, runs and compares works of this library and of PyTorch. Uses only the standard library."""
