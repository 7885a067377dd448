import { computed, signal } from '@preact/signals';
import type { OutboxMessage } from './outbox-storage';
import type { Connection } from './transport';
import type { AuthorKind, MessagePage, VisitorEvent, VisitorMessage, WidgetSession } from './types';

/** A message as it is shown, whether the server has it yet or not. */
export interface Entry {
  id: string;
  author: AuthorKind;
  name: string;
  text: string;
  at: string;
  state: 'sent' | 'sending' | 'failed';
  /** Why it failed. */
  failure?: string;
}

/** Up to where the visitor has read. Messages are numbered within their conversation. */
type Place = Pick<VisitorMessage, 'conversation_id' | 'seq'>;

type Progress = 'loading' | 'ready' | 'failed';

/** What the widget knows. Knows neither the socket nor the screen. */
export class Store {
  readonly projectName = signal('');
  readonly isAgentOnline = signal(false);
  readonly connection = signal<Connection>('connecting');
  readonly isOpen = signal(false);
  /** What is written but not sent. */
  readonly draft = signal('');

  /** What the server has, in order. */
  readonly posted = signal<VisitorMessage[]>([]);
  /** What is on its way there. */
  readonly waiting = signal<OutboxMessage[]>([]);
  readonly history = signal<Progress>('loading');
  readonly olderCursor = signal<string | null>(null);
  readonly older = signal<Progress>('ready');

  readonly typingName = signal<string | null>(null);
  /** For how many seconds the server wants no more messages. */
  readonly heldUp = signal<number | null>(null);
  readonly readUpTo = signal<Place | null>(null);

  /** The place in the log up to which events are known. */
  seq = 0;

  /** Everything to show, oldest first; what is on its way comes last. */
  readonly entries = computed<Entry[]>(() => {
    const known = new Set(this.posted.value.map(({ id }) => id));
    return [
      ...this.posted.value.map(showPosted),
      ...this.waiting.value.filter(({ draft }) => !known.has(draft.id)).map(showWaiting),
    ];
  });

  /** How many answers came since the visitor last looked, or wrote. */
  readonly unread = computed(() => {
    const { value: posted } = this.posted;
    const { value: readUpTo } = this.readUpTo;
    const lastOwn = posted.findLastIndex(isOwn);
    return posted
      .slice(lastOwn + 1)
      .filter((message) => !readUpTo || compare(message, readUpTo) > 0).length;
  });

  /** Who answered, the latest first. */
  readonly agentNames = computed(() => {
    const byMembers = this.posted.value.filter(({ author }) => author.kind === 'member');
    return [...new Set(byMembers.map(({ author }) => author.name).reverse())];
  });

  /** Begin, or begin anew as somebody else. */
  begin(session: WidgetSession): void {
    this.projectName.value = session.project.name;
    this.isAgentOnline.value = session.online;
    this.posted.value = [];
    this.olderCursor.value = null;
    this.readUpTo.value = null;
    this.seq = session.seq;
    this.history.value = session.conversation ? 'loading' : 'ready';
  }

  /** Take in what the log says. Returns the messages that are new. */
  applyEvents(events: VisitorEvent[], seq = 0): VisitorMessage[] {
    const fresh: VisitorMessage[] = [];
    for (const event of events) {
      if (event.seq <= this.seq) continue;
      this.seq = event.seq;
      // A newer server may log what this widget does not know.
      if (event.type === 'message.created') fresh.push(event.data.message);
    }
    this.seq = Math.max(this.seq, seq);
    this.addPosted(fresh);
    if (fresh.some(({ author }) => author.kind === 'member')) {
      this.typingName.value = null;
      this.isAgentOnline.value = true;
    }
    return fresh;
  }

  /** Put messages where they belong. Those already there are not there twice. */
  addPosted(messages: VisitorMessage[]): void {
    if (messages.length === 0) return;
    const byId = new Map(
      [...this.posted.value, ...messages].map((message) => [message.id, message]),
    );
    this.posted.value = [...byId.values()].sort(compare);
  }

  /** Show the latest page of the history, and nothing from before. */
  showLatest(page: MessagePage): void {
    this.seq = page.seq;
    this.posted.value = page.items;
    this.olderCursor.value = page.next_cursor;
    this.history.value = 'ready';
  }

  /** Show a page from before what is shown. */
  showOlder(page: MessagePage): void {
    this.addPosted(page.items);
    this.olderCursor.value = page.next_cursor;
    this.older.value = 'ready';
  }

  /** The visitor has seen everything there is. */
  markRead(): void {
    const last = this.posted.value.at(-1);
    if (!last || (this.readUpTo.value && compare(last, this.readUpTo.value) <= 0)) return;
    this.readUpTo.value = { conversation_id: last.conversation_id, seq: last.seq };
  }
}

function isOwn({ author }: VisitorMessage): boolean {
  return author.kind === 'visitor';
}

/** Conversations have ids in the order of their beginning. */
function compare(a: Place, b: Place): number {
  if (a.conversation_id !== b.conversation_id)
    return a.conversation_id < b.conversation_id ? -1 : 1;
  return a.seq - b.seq;
}

function showPosted({ id, author, text, created_at }: VisitorMessage): Entry {
  return { id, author: author.kind, name: author.name, text, at: created_at, state: 'sent' };
}

function showWaiting({ draft, created_at, failure }: OutboxMessage): Entry {
  const entry = {
    id: draft.id,
    author: 'visitor',
    name: '',
    text: draft.text,
    at: created_at,
  } as const;
  return failure === undefined
    ? { ...entry, state: 'sending' }
    : { ...entry, state: 'failed', failure };
}
