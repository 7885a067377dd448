"""Setting up, signing in, staying signed in and signing out over HTTP."""

from typing import Any

from limits import RateLimitItemPerMinute
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.accounts.bearer import read_claims
from parlour.accounts.cookies import cookie_name, from_dashboard, refresh_cookie
from parlour.accounts.errors import SessionExpired
from parlour.accounts.models import User
from parlour.accounts.queries import get_signed_in, has_users
from parlour.accounts.schemas import SessionRead, SetupRead, SignIn, SignUp, UserRead
from parlour.accounts.service import AccountService, Device, SignedIn
from parlour.accounts.tokens import AccessTokens
from parlour.kit.clock import now
from parlour.kit.crypto import hash_token
from parlour.kit.runtime import Runtime

PER_ACCOUNT = RateLimitItemPerMinute(5, 15, "sign-in-account")
PER_ADDRESS = RateLimitItemPerMinute(20, 15, "sign-in-address")
PER_TOKEN = RateLimitItemPerMinute(30, 1, "refresh")

AppRequest = Request[Any, Any, State]


async def provide_user(request: AppRequest, session: NamedDependency[AsyncSession]) -> User:
    """Find the user who asks."""
    return await get_signed_in(session, read_claims(request))


async def provide_accounts(session: NamedDependency[AsyncSession]) -> AccountService:
    """Make the service of this transaction."""
    return AccountService(session)


class SetupController(Controller):
    """What a browser asks before anybody has signed in."""

    path = "/setup"
    tags = ["Accounts"]

    @get(operation_id="getSetup")
    async def get_setup(self, session: NamedDependency[AsyncSession]) -> SetupRead:
        """Tell whether the server still waits for its first account."""
        return SetupRead(needs_setup=not await has_users(session))


class AuthController(Controller):
    """Sessions: beginning, going on, ending."""

    path = "/auth"
    tags = ["Accounts"]
    dependencies = {"accounts": Provide(provide_accounts)}

    @post("/sign-up", operation_id="signUp")
    async def sign_up(
        self,
        request: AppRequest,
        runtime: NamedDependency[Runtime],
        accounts: NamedDependency[AccountService],
        data: JSONBody[SignUp],
    ) -> Response[SessionRead]:
        """Create the server's first account, and sign it in."""
        await runtime.limiter.hit(PER_ADDRESS, _address(request))
        device = _device(request)
        signed_in = await accounts.sign_up_first(data.email, data.name, data.password, device)
        return _session(request, signed_in, status_code=201)

    @post("/sign-in", operation_id="signIn", status_code=200)
    async def sign_in(
        self,
        request: AppRequest,
        runtime: NamedDependency[Runtime],
        accounts: NamedDependency[AccountService],
        data: JSONBody[SignIn],
    ) -> Response[SessionRead]:
        """Begin a session."""
        await runtime.limiter.hit(PER_ADDRESS, _address(request))
        await runtime.limiter.hit(PER_ACCOUNT, hash_token(data.email.lower()).hex())
        signed_in = await accounts.sign_in(data.email, data.password, _device(request))
        return _session(request, signed_in, status_code=200)

    @post("/refresh", operation_id="refreshSession", status_code=200, guards=[from_dashboard])
    async def refresh(
        self, request: AppRequest, runtime: NamedDependency[Runtime]
    ) -> Response[SessionRead]:
        """Go on with a session: a new access token, and the next refresh token in the cookie."""
        token = request.cookies.get(cookie_name(request))
        if not token:
            raise SessionExpired
        await runtime.limiter.hit(PER_TOKEN, hash_token(token).hex())
        # A transaction of its own: the refusal must not roll the end of a stolen session back.
        async with runtime.database.transaction() as session:
            signed_in = await AccountService(session).refresh(token)
        if signed_in is None:
            raise SessionExpired
        return _session(request, signed_in, status_code=200)

    @post("/sign-out", operation_id="signOut", status_code=204, guards=[from_dashboard])
    async def sign_out(
        self, request: AppRequest, accounts: NamedDependency[AccountService]
    ) -> Response[None]:
        """End the session of this browser."""
        if token := request.cookies.get(cookie_name(request)):
            await accounts.sign_out(token)
        return Response(None, status_code=204, cookies=[refresh_cookie(request, "", now())])


class MeController(Controller):
    """The user who asks."""

    path = "/me"
    tags = ["Accounts"]

    @get(operation_id="getMe")
    async def get_me(self, user: NamedDependency[User]) -> UserRead:
        """Return the signed-in user."""
        return UserRead.of(user)


def _session(
    request: AppRequest, signed_in: SignedIn, *, status_code: int
) -> Response[SessionRead]:
    tokens: AccessTokens = request.app.state.access_tokens
    access_token, expires_at = tokens.mint(signed_in.user.id, signed_in.family_id)
    cookie = refresh_cookie(request, signed_in.refresh_token, signed_in.refresh_expires_at)
    return Response(
        SessionRead(access_token, expires_at, UserRead.of(signed_in.user)),
        status_code=status_code,
        cookies=[cookie],
        headers={"Cache-Control": "no-store"},
    )


def _address(request: AppRequest) -> str:
    return request.client.host if request.client else "unknown"


def _device(request: AppRequest) -> Device:
    return Device(_address(request), request.headers.get("User-Agent", "")[:300] or None)
