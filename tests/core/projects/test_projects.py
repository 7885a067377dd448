"""Projects over HTTP: who may see and change them."""

import asyncio
from typing import Any

import pytest
from tests.parlour import Agent, Parlour, until

from parlour.kit.ids import new_id


async def seat(owner: Agent, project: str, name: str, role: str = "agent") -> Any:
    return await owner.http.post(
        f"/api/projects/{project}/members", json={"email": f"{name}@example.com", "role": role}
    )


async def test_a_project_is_its_creators_to_manage(parlour: Parlour) -> None:
    ana = await parlour.owner()

    made = await ana.http.post("/api/projects", json={"name": " Shop ", "domains": ["A.example"]})

    project = made.json()
    assert made.status_code == 201
    assert (project["name"], project["role"]) == ("Shop", "manager")
    assert project["domains"] == ["a.example"]
    assert (await ana.http.get(f"/api/projects/{project['id']}")).json() == project
    assert (await ana.http.get("/api/projects")).json() == {"items": [project]}


async def test_a_manager_changes_a_project_and_its_members_hear(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    socket = await ana.socket(project)
    path = f"/api/projects/{project}"

    named = await ana.http.patch(path, json={"name": "Store"})
    moved = await ana.http.patch(path, json={"domains": ["b.example", "B.example"]})

    assert named.json()["domains"] == ["*.example.com"]
    assert (moved.json()["name"], moved.json()["domains"]) == ("Store", ["b.example"])
    heard = await socket.heard("project.updated", 2)
    assert heard[-1]["data"]["project"] == {
        "id": project,
        "name": "Store",
        "domains": ["b.example"],
    }


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": " "}, {"name": None}, {"domains": ["no domain"]}, {"role": "manager"}],
)
async def test_a_senseless_change_is_refused_and_changes_nothing(
    parlour: Parlour, change: dict[str, Any]
) -> None:
    ana = await parlour.owner()
    path = f"/api/projects/{await ana.project()}"
    before = (await ana.http.get(path)).json()

    answer = await ana.http.patch(path, json={"domains": ["c.example"], **change})

    assert answer.status_code == 422
    assert (await ana.http.get(path)).json() == before


async def test_an_agent_may_look_but_not_manage(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    ben = await parlour.colleague("Ben")
    assert (await seat(ana, project, "ben")).status_code == 201
    path = f"/api/projects/{project}"

    look = await ben.http.get(path)
    change = await ben.http.patch(path, json={"name": "Mine"})
    invite = await seat(ben, project, "ana")

    assert look.json()["role"] == "agent"
    for refused in (change, invite):
        assert (refused.status_code, refused.json()["code"]) == (403, "manager_needed")


async def test_a_foreign_project_looks_like_none_at_all(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    ben = await parlour.colleague("Ben")

    for tail in ("", "/members", "/presence", "/conversations", f"/visitors/{new_id()}"):
        foreign = await ben.http.get(f"/api/projects/{project}{tail}")
        missing = await ben.http.get(f"/api/projects/{new_id()}{tail}")
        assert (foreign.status_code, foreign.content) == (404, missing.content)
        assert foreign.headers["content-type"] == missing.headers["content-type"]
    assert (await ben.http.get("/api/projects")).json() == {"items": []}


async def test_a_member_is_seated_once(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    socket = await ana.socket(project)
    ben = await parlour.colleague("Ben")

    unknown = await seat(ana, project, "nobody")
    first = await seat(ana, project, "BEN")
    again = await seat(ana, project, "ben", "manager")

    assert (unknown.status_code, unknown.json()["code"]) == (404, "user_not_found")
    assert (first.status_code, first.json()["role"]) == (201, "agent")
    assert (again.status_code, again.json()["code"]) == (409, "already_member")
    added = {"member": first.json(), "added_by": ana.user["id"]}
    heard = [{"project_id": project, **added}]
    await until(lambda: [e["data"] for e in socket.of("member.added")][-1:] == heard)
    listed = (await ana.http.get(f"/api/projects/{project}/members")).json()["items"]
    assert [member["user_id"] for member in listed] == [ana.user["id"], ben.user["id"]]


async def test_two_managers_who_seat_one_person_at_once_seat_them_once(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    await parlour.colleague("Ben")

    answers = await asyncio.gather(*(seat(ana, project, "ben") for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]


async def open_widget(parlour: Parlour, project: str, origin: str | None, token: Any = None) -> Any:
    headers = {} if origin is None else {"Origin": origin}
    return await parlour.http.post(
        "/api/widget/session", json={"project_id": project, "token": token}, headers=headers
    )


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.com",
        "https://example.com",
        "https://shop.example.com.evil.com",
        "https://shop.example.com:8443",
    ],
)
async def test_the_widget_opens_on_no_other_website(parlour: Parlour, origin: str | None) -> None:
    project = await (await parlour.owner()).project(domains=("*.example.com", "localhost:3000"))

    answer = await open_widget(parlour, project, origin)

    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
    assert await parlour.sql("SELECT id FROM visitor") == []


@pytest.mark.parametrize("origin", ["https://shop.example.com", "http://localhost:3000"])
async def test_the_widget_opens_on_the_projects_websites(parlour: Parlour, origin: str) -> None:
    project = await (await parlour.owner()).project(domains=("*.example.com", "localhost:3000"))

    answer = await open_widget(parlour, project, origin)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] in {"*", origin}
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.json()["project"] == {"id": project, "name": "Shop"}


async def test_a_browser_is_known_again_by_its_token(parlour: Parlour) -> None:
    project = await (await parlour.owner()).project()
    first = (await open_widget(parlour, project, "https://a.example.com")).json()

    again = (await open_widget(parlour, project, "https://a.example.com", first["token"])).json()

    assert (again["token"], again["visitor_id"]) == (first["token"], first["visitor_id"])


async def test_a_token_from_elsewhere_is_replaced(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project, other = await ana.project(), await ana.project("Other")
    first = (await open_widget(parlour, project, "https://a.example.com")).json()

    answers = [
        await open_widget(parlour, other, "https://a.example.com", first["token"]),
        await open_widget(parlour, project, "https://b.example.com", first["token"]),
        await open_widget(parlour, project, "https://a.example.com", "made up"),
    ]

    for answer in answers:
        assert answer.status_code == 200
        assert answer.json()["token"] not in {first["token"], "made up"}
        assert answer.json()["visitor_id"] != first["visitor_id"]


async def test_a_visitors_history_needs_the_token_and_its_website(parlour: Parlour) -> None:
    project = await (await parlour.owner()).project()
    visitor = await parlour.visitor(project)
    bearer = f"Bearer {visitor.session['token']}"
    for headers in (
        {},
        {"Authorization": bearer},
        {"Authorization": bearer, "Origin": "https://b.example.com"},
        {"Authorization": "Bearer made-up", "Origin": visitor.origin},
    ):
        answer = await parlour.http.get("/api/widget/messages", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_an_unknown_project_has_no_widget(parlour: Parlour) -> None:
    answer = await open_widget(parlour, str(new_id()), "https://a.example.com")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
