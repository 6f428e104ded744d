"""Builds and runs this library's works and their peers in turn, and compares them. Standard library only."""
