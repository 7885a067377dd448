"""Access tokens: short-lived JWTs (RFC 9068, EdDSA) that say who, and nothing of what they may."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from parlour.accounts.errors import SessionExpired
from parlour.kit.clock import now
from parlour.kit.crypto import Keyring
from parlour.kit.errors import Unauthenticated
from parlour.kit.ids import new_id

LIFETIME = timedelta(minutes=10)
LEEWAY = timedelta(seconds=30)
_ALGORITHM = "EdDSA"
_TYPE = "at+jwt"
_PURPOSE = "access-token"


@dataclass(frozen=True)
class AccessClaims:
    """What an access token proves: a user, in a session, until then."""

    user_id: UUID
    family_id: UUID
    expires_at: datetime


class AccessTokens:
    """Mints and verifies the access tokens of one installation."""

    def __init__(self, keyring: Keyring, issuer: str) -> None:
        self._keys = keyring.signing_keys(_PURPOSE)
        self._newest = keyring.newest
        self._issuer = issuer

    def mint(self, user_id: UUID, family_id: UUID) -> tuple[str, datetime]:
        """Return a token and when it expires."""
        issued_at = now()
        expires_at = issued_at + LIFETIME
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": str(user_id),
            "sid": str(family_id),
            "jti": str(new_id()),
            "iat": issued_at,
            "exp": expires_at,
        }
        headers = {"kid": self._newest, "typ": _TYPE}
        return jwt.encode(claims, self._keys[self._newest], _ALGORITHM, headers), expires_at

    def verify(self, token: str) -> AccessClaims:
        """Return what a token proves.

        Raises:
            SessionExpired: Its time is over.
            Unauthenticated: It was not made here, or not for this.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != _TYPE:
                raise Unauthenticated
            key = self._keys[header["kid"]].public_key()
            claims = jwt.decode(
                token,
                key,
                [_ALGORITHM],
                issuer=self._issuer,
                audience=self._issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "sub", "sid", "jti"]},
            )
            return AccessClaims(
                UUID(claims["sub"]),
                UUID(claims["sid"]),
                datetime.fromtimestamp(claims["exp"], UTC),
            )
        except jwt.ExpiredSignatureError as error:
            raise SessionExpired from error
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
            raise Unauthenticated from error
