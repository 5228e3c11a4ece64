"""`python -m toastnb.cli`."""

from toastnb.cli import main

if __name__ == "__main__":
    main()
