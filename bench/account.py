"""The member in whose name a benchmark runs, and the projects it runs in."""

import json
import os
import secrets
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from bench.server import Server

EMAIL = "PARLOUR_BENCH_EMAIL"
PASSWORD = "PARLOUR_BENCH_PASSWORD"  # noqa: S105 - the name of a variable


class Account:
    """A signed-in user of a server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._url = urlsplit(server.url)
        self._cookie = ""
        self.token = ""
        self._sign_in()

    def renew(self) -> None:
        """Get an access token that is good for another ten minutes."""
        self.token = self._ask("POST", "/api/auth/refresh")["access_token"]

    def create_project(self) -> str:
        """Create a project for one scenario, so that its books begin at nothing."""
        project = self._ask("POST", "/api/projects", {"name": "Bench", "domains": ["localhost"]})
        return str(project["id"])

    def _sign_in(self) -> None:
        email = os.environ.get(EMAIL, "bench@example.com")
        if self._ask("GET", "/api/setup")["needs_setup"]:
            password = os.environ.get(PASSWORD) or secrets.token_urlsafe(24)
            who = {"email": email, "name": "Bench", "password": password}
            self.token = self._ask("POST", "/api/auth/sign-up", who)["access_token"]
            return
        if PASSWORD not in os.environ:
            raise RuntimeError(f"This server has accounts: set {EMAIL} and {PASSWORD}.")
        who = {"email": email, "password": os.environ[PASSWORD]}
        self.token = self._ask("POST", "/api/auth/sign-in", who)["access_token"]

    def _ask(self, method: str, path: str, payload: Any = None) -> dict[str, Any]:
        make = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
        connection = make(self._url.netloc, timeout=30)
        headers = {"Content-Type": "application/json", "X-Parlour": "1", "Cookie": self._cookie}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            body = None if payload is None else json.dumps(payload)
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            if cookie := response.getheader("Set-Cookie"):
                self._cookie = cookie.partition(";")[0]
        finally:
            connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path} answered {response.status}: {answer.decode()}")
        return json.loads(answer)
