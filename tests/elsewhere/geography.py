"""Somebody else's API, with a key of its own; it tells what it was sent."""

import socket
import sys

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request

KEY = "a key of the bazaar's"

app = FastAPI()

COUNTRIES = {"London": "GB", "Berlin": "DE"}


@app.get("/api/cities/{city}")
async def find(city: str, request: Request, lang: str = "en", x_api_key: str = Header("")) -> dict[str, str]:
    """The country of a city."""
    if x_api_key != KEY:
        raise HTTPException(401, "no key")
    told = sorted(name for name in request.headers if name.startswith("atoll-") and name != "atoll-timeout")
    if told:
        raise HTTPException(400, f"somebody tells me what is not mine to know: {told}")
    return {"country": COUNTRIES.get(city, "XX"), "lang": lang}


HEARD: list[dict[str, object]] = []


@app.post("/api/hooks", status_code=202)
async def hear(request: Request, x_api_key: str = Header("")) -> None:
    """An event of somebody's."""
    HEARD.append({"headers": dict(request.headers), "body": await request.json(), "key": x_api_key})


@app.get("/api/heard")
async def heard() -> list[dict[str, object]]:
    """All of them."""
    return HEARD


class _Announced(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)


if __name__ == "__main__":
    _Announced(uvicorn.Config(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")).run()
