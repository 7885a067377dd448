import type { AuthorKind, Message } from '../../api/wire';
import { isSameDay } from '../../lib/dates';
import type { Unsent } from './outbox';

/** A bubble, and its place among its neighbours by the same author. */
export interface BubbleRow {
  type: 'bubble';
  key: string;
  text: string;
  at: string;
  side: 'visitor' | 'team';
  author: { kind: AuthorKind; id: string | null; name: string };
  unsent: Unsent | null;
  /** A new day begins here. Part of the row, so that older rows can be put above without a jump. */
  startsDay: boolean;
  isFirst: boolean;
  isLast: boolean;
  /** The last one of the thread. */
  isNewest: boolean;
}

interface EventRow {
  type: 'event';
  key: string;
  text: string;
  at: string;
  startsDay: boolean;
}

export type ThreadRow = EventRow | BubbleRow | { type: 'typing'; key: 'typing' };

const GROUP_WITHIN = 5 * 60_000;

interface Me {
  id: string;
  name: string;
}

type Entry = Pick<BubbleRow, 'key' | 'text' | 'at' | 'author' | 'unsent'>;

const ofMessage = ({ id, text, created_at, author }: Message): Entry => ({
  key: id,
  text,
  at: created_at,
  author,
  unsent: null,
});

const ofUnsent = (unsent: Unsent, me: Me): Entry => ({
  key: unsent.id,
  text: unsent.text,
  at: unsent.writtenAt,
  author: { kind: 'member', id: me.id, name: me.name },
  unsent,
});

const belongTogether = (a: Entry | undefined, b: Entry | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.author.kind === b.author.kind &&
  a.author.id === b.author.id &&
  a.author.name === b.author.name &&
  a.author.kind !== 'system' &&
  isSameDay(a.at, b.at) &&
  Date.parse(b.at) - Date.parse(a.at) < GROUP_WITHIN;

/** What a thread shows, top to bottom: events, grouped bubbles, and who is typing. */
export function threadRows(
  posted: Message[],
  unsent: Unsent[],
  me: Me,
  isTyping: boolean,
): ThreadRow[] {
  const entries = [...posted.map(ofMessage), ...unsent.map((reply) => ofUnsent(reply, me))];
  const rows: ThreadRow[] = [];
  for (const [index, entry] of entries.entries()) {
    const before = entries[index - 1];
    const startsDay = !before || !isSameDay(before.at, entry.at);
    if (entry.author.kind === 'system') {
      rows.push({ type: 'event', key: entry.key, text: entry.text, at: entry.at, startsDay });
      continue;
    }
    rows.push({
      ...entry,
      type: 'bubble',
      side: entry.author.kind === 'visitor' ? 'visitor' : 'team',
      startsDay,
      isFirst: !belongTogether(before, entry),
      isLast: !belongTogether(entry, entries[index + 1]),
      isNewest: index === entries.length - 1,
    });
  }
  if (isTyping) rows.push({ type: 'typing', key: 'typing' });
  return rows;
}
