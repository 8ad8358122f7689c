"""Who asks at the edge: the development key, an API key, or a token of the issuer that was configured."""

import asyncio
import logging

from atoll import Clock, Unauthenticated, Unavailable
from atoll.edge import ApiKeys, Issuer, IssuerKeys, Keys, NoKeySet, Principal, Refused, bearer_in, issuer_keys, key_set
from atoll.gateway.settings import GatewaySettings

_log = logging.getLogger("atoll.access")

_HINT = "send `Authorization: Bearer <key>` with an API key of this application"

METRICS = "metrics"
"""What a key has to open, as `gateway.metrics`, for whoever reads the figures."""

FRESH_S = 600.0
"""For how long the keys of an issuer are not asked for again."""

AGAIN_S = 10.0
"""How soon they are, where somebody presents a token by a key that is not among them."""


class Callers:
    """Tells who asks. Owns the keys of the issuer, as they were when it was asked last."""

    def __init__(self, keys: Keys, api_keys: ApiKeys, clock: Clock, settings: GatewaySettings) -> None:
        self._keys = keys
        self._api_keys = api_keys
        self._clock = clock
        self._issuer = Issuer(settings.issuer, settings.issuer_audience, clock) if settings.issuer else None
        self._place = settings.issuer_keys
        self._known: IssuerKeys = {}
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def principal_of(self, authorization: str | None) -> Principal:
        """Who sends this header.

        Raises:
            Unauthenticated: nobody knows.
            Unavailable: the keys of the issuer cannot be had, so that nobody could tell.
        """
        user = self._keys.user_of(authorization)
        if user is not None:
            return Principal(user, "the development key", frozenset({"*", f"gateway.{METRICS}"}))
        presented = bearer_in(authorization)
        if presented is None:
            raise Unauthenticated(reason=_HINT)
        principal = self._api_keys.principal_of(presented)
        if principal is not None:
            return principal
        if self._issuer is None or presented.count(".") != 2:
            raise Unauthenticated(reason=_HINT)
        return await self._by_token(self._issuer, presented)

    async def _by_token(self, issuer: Issuer, token: str) -> Principal:
        try:
            keys = await self._keys_for(issuer.key_id(token))
            return issuer.principal_of(token, keys)
        except Refused as refused:
            raise Unauthenticated(reason=str(refused)) from None

    async def _keys_for(self, key_id: str) -> IssuerKeys:
        """The keys of the issuer; asked for again when they are old, or when this one is not among them."""
        async with self._asking:  # one asks, the others wait for what he is told
            age_s = self._clock.monotonic() - self._asked_at
            if age_s < (FRESH_S if key_id in self._known else AGAIN_S):
                return self._known
            self._asked_at = self._clock.monotonic()
            try:
                self._known = issuer_keys(await key_set(self._place))
            except (NoKeySet, Refused) as error:
                _log.warning("the keys of the issuer are kept as they were: %s", error)
            if not self._known:
                raise Unavailable(service="gateway", reason="the keys of the issuer cannot be had")
            return self._known
