"""The same handler as a FastAPI application on uvicorn, without protection: `overload_fastapi`."""

from fastapi import FastAPI

from benchmarks.measuring.speaking import end_of_input, run_program, say_ready
from benchmarks.subjects.overload_atoll import ground
from benchmarks.subjects.uvicorns import served

APP = FastAPI()


@APP.get("/grind")
async def grind() -> str:
    """Compute on the loop."""
    return ground()


async def main() -> None:
    """Serve until the end of the input."""
    async with served(APP) as url:
        say_ready(f"{url}/grind")
        await end_of_input()


if __name__ == "__main__":
    run_program(main())
