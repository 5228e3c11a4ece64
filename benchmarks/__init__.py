"""Benchmarks: toastnb side by side with what a user would write otherwise. Run them with `make bench`."""
