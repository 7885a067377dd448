"""What clients know for sure: what was acknowledged, and what was shown to whom in which order."""

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tests.faults.wire import Message


class Acked(msgspec.Struct):
    """A message whose sender was told that it is stored."""

    conversation_id: str
    id: str
    sha: str
    seq: int
    at: float


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Truth:
    """The book of a run, written on: a message counts as acked once its line is in the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.acked = 0
        # Milliseconds from writing a message to its ack, and when that was.
        self.latencies: list[tuple[float, float]] = []
        self.violations: list[str] = []
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def ack(self, message: Message, text: str, written_at: float) -> None:
        at = time.monotonic()
        line = Acked(message.conversation_id, message.id, digest(text), message.seq, at)
        os.write(self._file, msgspec.json.encode(line) + b"\n")
        self.acked += 1
        self.latencies.append((at, (at - written_at) * 1000))

    def violate(self, what: str) -> None:
        self.violations.append(what)

    def read(self) -> list[Acked]:
        return msgspec.json.Decoder(Acked).decode_lines(self.path.read_bytes())

    def close(self) -> None:
        os.close(self._file)


class Thread:
    """A conversation as one client shows it: nothing twice, nothing before what it follows."""

    def __init__(self, client: str, truth: Truth, *, keeps: bool = True) -> None:
        # The place of the last message that came as an event, or that REST showed.
        self.last = 0
        # Where it is on the list of a client that did not read the messages themselves.
        self.listed = 0
        # A list was read anew, and this was on none of its pages: the next event says where it is.
        self.is_skipped = False
        self.places: dict[str, int] = {}
        self.keeps = keeps
        self._client = client
        self._truth = truth

    @property
    def head(self) -> int:
        return max(self.last, self.listed)

    def show_event(self, message: Message) -> None:
        """Show what the log says, in the log's order."""
        known = self.places.get(message.id)
        is_next = message.seq == self.last + 1 or (self.is_skipped and message.seq > self.last)
        if known is None and not is_next and message.seq > self.listed:
            what = "again or out of order" if message.seq <= self.last else "after a gap"
            self._violate(f"{message.id} came {what}: {message.seq} after {self.last}")
        self._keep(message, known)
        self.last = max(self.last, message.seq)
        self.is_skipped = False

    def show_own(self, message: Message) -> None:
        """Show what the author was told is stored. It may be ahead of the log."""
        self._keep(message, self.places.get(message.id))

    def show_page(self, messages: Iterable[Message], known: Iterable[str]) -> None:
        """Show a page that was read: nothing known before it was asked for may be missing in it."""
        page = {message.id: message for message in messages}
        first = min((message.seq for message in page.values()), default=0)
        for id in known:
            if self.places[id] >= first and id not in page:
                self._violate(f"{id} was shown as {self.places[id]} and is not there any more")
        for message in page.values():
            self._keep(message, self.places.get(message.id))
            self.last = max(self.last, message.seq)

    def show_listed(self, head: int) -> None:
        """Note up to where a list says that the conversation goes."""
        self.listed = max(self.listed, head)
        if not self.keeps:
            self.last = max(self.last, head)

    def _keep(self, message: Message, known: int | None) -> None:
        if known is not None and known != message.seq:
            self._violate(f"{message.id} was shown as {known}, and then as {message.seq}")
        if not message.text.startswith(message.id):
            self._violate(f"{message.id} came with another message's text")
        if self.keeps:
            self.places[message.id] = message.seq

    def _violate(self, what: str) -> None:
        self._truth.violate(f"{self._client}: {what}")
