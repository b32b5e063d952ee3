"""``python -m bench.quality.natural``: score the engine on the judged pairs."""

from bench.quality.natural.check import main

if __name__ == "__main__":
    main()
