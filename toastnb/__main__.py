"""`python -m toastnb` is the command `toastnb`."""

from toastnb.cli import main

if __name__ == "__main__":
    main()
