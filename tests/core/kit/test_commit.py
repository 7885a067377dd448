"""A transaction ends in one of two ways, and the client learns in which."""

from tests.parlour import Parlour

_FAIL_AT_COMMIT = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON project DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION refuse();
"""


async def test_a_failing_commit_is_an_error_to_the_client(parlour: Parlour) -> None:
    ana = await parlour.owner()
    for statement in _FAIL_AT_COMMIT.strip().split(";\nCREATE CONSTRAINT"):
        prefix = "" if statement.startswith("CREATE") else "CREATE CONSTRAINT"
        await parlour.sql(prefix + statement.rstrip(";\n") + ";")
    try:
        answer = await ana.http.post("/api/projects", json={"name": "Shop"})
    finally:
        await parlour.sql("DROP TRIGGER refuse ON project")
        await parlour.sql("DROP FUNCTION refuse")

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "internal"
    assert await parlour.sql("SELECT FROM project") == []
    assert (await ana.http.post("/api/projects", json={"name": "Shop"})).status_code == 201


async def test_bad_http_input_is_a_problem_with_a_stable_code(parlour: Parlour) -> None:
    ana = await parlour.owner()
    post = ana.http.post

    malformed = await post(
        "/api/projects", content=b"{", headers={"Content-Type": "application/json"}
    )
    unknown = await post("/api/projects", json={"name": "Shop", "role": "manager"})
    large = await post("/api/projects", json={"name": "x" * 200_000})
    nowhere = await ana.http.get("/api/nowhere")
    method = await ana.http.delete("/api/projects")

    found = [
        (a.status_code, a.json()["code"]) for a in (malformed, unknown, large, nowhere, method)
    ]
    assert found == [
        (400, "malformed"),
        (422, "invalid"),
        (413, "too_large"),
        (404, "not_found"),
        (405, "method_not_allowed"),
    ]
