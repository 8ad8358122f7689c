"""Runs nothing: what a start of Python itself takes; speaks as `measuring.launch` says."""

import sys
import time

if __name__ == "__main__":
    print("{}", flush=True)
    sys.stdin.readline()
    print(f'{{"cpu_s": {time.process_time()}}}', flush=True)
