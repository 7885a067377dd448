"""What the worker does for conversations."""

import msgspec

from parlour.conversations.schemas import MessageRead
from parlour.conversations.service.posting import Draft, post_messages
from parlour.kit.errors import AppError, Refusal
from parlour.kit.failpoints import reach
from parlour.kit.runtime import Runtime


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of one message: it is stored, or was refused."""

    message: MessageRead | None = None
    refusal: Refusal | None = None


_DRAFTS = msgspec.json.Decoder(list[Draft])


async def store_messages(runtime: Runtime, batch: str) -> str:
    """Store a batch of visitors' messages; answer with each as stored, or with its refusal."""
    async with runtime.database.transaction() as session:
        outcomes = await post_messages(session, _DRAFTS.decode(batch))
    reach("after_commit_before_ack")
    answer = [
        Outcome(refusal=outcome.refusal) if isinstance(outcome, AppError) else Outcome(outcome)
        for outcome in outcomes
    ]
    return msgspec.json.encode(answer).decode()
