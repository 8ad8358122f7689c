"""All campaigns in turn: `python -m tests.campaigns --size full` sends a hundred thousand requests in each."""

import argparse
import sys

from tests.campaigns import killing, rolling

REQUESTS = {"small": 10_000, "full": 100_000}


def main() -> int:
    """Run them; 0 where nothing has failed that must not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=REQUESTS, default="small")
    requests = REQUESTS[parser.parse_args().size]
    return rolling.campaign(requests, per_s=600) | killing.campaign(requests, per_s=500)


if __name__ == "__main__":
    sys.exit(main())
