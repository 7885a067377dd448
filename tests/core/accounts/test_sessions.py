"""Signing up, in and out, and staying signed in."""

import asyncio

import httpx
import pytest
from tests.parlour import PASSWORD, Parlour

FROM_DASHBOARD = {"X-Parlour": "1"}
ANA = {"email": "ana@example.com", "name": "Ana", "password": PASSWORD}


async def refresh(parlour: Parlour, cookie: str, **headers: str) -> httpx.Response:
    sent = {**FROM_DASHBOARD, **headers, "Cookie": f"parlour={cookie}"}
    async with httpx.AsyncClient(base_url=parlour.url) as http:
        return await http.post("/api/auth/refresh", headers=sent)


async def sign_up(parlour: Parlour) -> str:
    """Create the first account; return its refresh token."""
    async with httpx.AsyncClient(base_url=parlour.url) as http:
        answer = await http.post("/api/auth/sign-up", json=ANA)
    assert answer.status_code == 201
    assert "plr_" not in answer.text
    assert "httponly" in answer.headers["Set-Cookie"].lower()
    assert "samesite=strict" in answer.headers["Set-Cookie"].lower()
    return answer.cookies["parlour"]


async def test_only_the_first_of_many_signs_up(parlour: Parlour) -> None:
    answers = await asyncio.gather(
        *(
            parlour.http.post("/api/auth/sign-up", json={**ANA, "email": f"a{number}@example.com"})
            for number in range(6)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [201, *[403] * 5]
    assert len(await parlour.sql('SELECT FROM "user"')) == 1


async def test_a_wrong_password_and_an_unknown_address_look_the_same(parlour: Parlour) -> None:
    await sign_up(parlour)

    wrong, unknown = [
        await parlour.http.post("/api/auth/sign-in", json={"email": email, "password": "wrong"})
        for email in ("ana@example.com", "nobody@example.com")
    ]

    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    assert wrong.content == unknown.content


async def test_too_many_wrong_passwords_are_told_to_wait(parlour: Parlour) -> None:
    await sign_up(parlour)
    attempt = {"email": "ana@example.com", "password": "wrong"}

    answers = [await parlour.http.post("/api/auth/sign-in", json=attempt) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [*[401] * 5, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 900


async def test_a_refresh_token_is_used_once_and_its_parent_is_excused_for_a_moment(
    parlour: Parlour,
) -> None:
    first = await sign_up(parlour)

    second = (await refresh(parlour, first)).cookies["parlour"]
    tabs = await asyncio.gather(*(refresh(parlour, first) for _ in range(8)))

    assert second != first
    assert {tab.cookies["parlour"] for tab in tabs} == {second}


async def test_a_stolen_refresh_token_ends_the_session_at_once(parlour: Parlour) -> None:
    first = await sign_up(parlour)
    second = (await refresh(parlour, first)).cookies["parlour"]
    answer = await refresh(parlour, second)
    token, third = answer.json()["access_token"], answer.cookies["parlour"]

    stolen = await refresh(parlour, first)

    assert (stolen.status_code, stolen.json()["code"]) == (401, "session_expired")
    assert (await refresh(parlour, third)).status_code == 401
    me = await parlour.http.get("/api/me", headers={"Authorization": f"Bearer {token}"})
    assert (me.status_code, me.json()["code"]) == (401, "session_expired")


@pytest.mark.parametrize(
    "headers",
    [{"X-Parlour": "0"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_another_website_cannot_use_the_cookie(
    parlour: Parlour, headers: dict[str, str]
) -> None:
    cookie = await sign_up(parlour)

    answer = await refresh(parlour, cookie, **headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_request")


async def test_signing_out_ends_the_access_token_too(parlour: Parlour) -> None:
    cookie = await sign_up(parlour)
    token = (await refresh(parlour, cookie)).json()["access_token"]
    sent = {**FROM_DASHBOARD, "Cookie": f"parlour={cookie}"}
    async with httpx.AsyncClient(base_url=parlour.url) as http:
        assert (await http.post("/api/auth/sign-out", headers=sent)).status_code == 204

    me = await parlour.http.get("/api/me", headers={"Authorization": f"Bearer {token}"})

    assert me.status_code == 401
    assert (await refresh(parlour, cookie)).status_code == 401
