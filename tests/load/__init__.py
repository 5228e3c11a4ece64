"""The sandbox, in a process of its own, under many clients at once."""
