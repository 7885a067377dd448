import type { Chat } from '../chat';
import { formatTime } from '../dates';
import type { Group } from '../groups';
import { splitLinks } from '../links';
import type { Entry, Store } from '../store';
import { texts } from '../texts';
import { Avatar } from './avatar';

interface Props {
  group: Group;
  /** The visitor's last message, which says how far it got. */
  lastOwn: string | undefined;
  chat: Chat;
}

/** Messages of one author in a row. */
export function MessageGroup({ group, lastOwn, chat }: Props) {
  const { author, name, entries } = group;
  const last = entries.at(-1) ?? entries[0];
  if (author === 'system') return <p class="notice">{last.text}</p>;

  const isOwn = author === 'visitor';
  return (
    <div class={isOwn ? 'group own' : 'group theirs'}>
      {isOwn ? <span class="hidden">{texts.you}</span> : <p class="name">{name}</p>}
      {entries.map((entry) => (
        <div class="message" key={entry.id} data-message-id={entry.id} data-state={entry.state}>
          <div class={isOwn ? 'bubble mine' : 'bubble'} dir="auto">
            <Text text={entry.text} />
          </div>
          {entry.state === 'failed' && <Failed entry={entry} chat={chat} />}
        </div>
      ))}
      {!isOwn && <Avatar name={name} size="small" />}
      {last.state !== 'failed' && (
        <p class="below">
          {last.state === 'sent' && <time dateTime={last.at}>{formatTime(last.at)}</time>}
          {last.id === lastOwn && <Delivery entry={last} store={chat.store} />}
        </p>
      )}
    </div>
  );
}

function Text({ text }: { text: string }) {
  return (
    <>
      {splitLinks(text).map((part) =>
        typeof part === 'string' ? (
          part
        ) : (
          <a key={part.href} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.label}
          </a>
        ),
      )}
    </>
  );
}

function Delivery({ entry, store }: { entry: Entry; store: Store }) {
  const { heldUp, connection } = store;
  if (entry.state === 'sent') return <> · {texts.sent}</>;
  if (connection.value !== 'online') return <>{texts.notSentYet}</>;
  if (heldUp.value !== null) return <>{texts.heldUp(heldUp.value)}</>;
  return <>{texts.sending}</>;
}

function Failed({ entry, chat }: { entry: Entry; chat: Chat }) {
  return (
    <p class="below failure">
      {texts.failed(entry.failure ?? '')}{' '}
      <span>
        <button type="button" class="text-button" onClick={() => void chat.retry(entry.id)}>
          {texts.retry}
        </button>
        <button type="button" class="text-button" onClick={() => void chat.discard(entry.id)}>
          {texts.discard}
        </button>
      </span>
    </p>
  );
}
