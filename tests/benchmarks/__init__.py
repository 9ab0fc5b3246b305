"""How fast minidl is beside PyTorch: `python -m tests.benchmarks`."""
