import { InfiniteQueryObserver, QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keys } from '../api/keys';
import type { Conversation, LogAnswer, Message, ParlourEvent, Status } from '../api/wire';
import { listQuery, messagesQuery } from '../features/conversations/conversations';
import { createOutbox } from '../features/conversations/messages';
import type { AgentSocket } from '../realtime/connection';
import { followProject } from './live';
import { queryClient } from './query-client';

type Listener = (detail?: unknown) => void;

/** A socket whose server is this test: it answers every join with what it is given. */
class HeldSocket {
  connected = false;
  answer: LogAnswer = { ok: true, seq: 10, events: [], reload: false };
  asked: unknown[] = [];
  readonly #listeners = new Map<string, Listener[]>();

  on(name: string, listener: Listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }
  timeout() {
    return this;
  }
  async emitWithAck(_name: string, payload: unknown) {
    this.asked.push(payload);
    return this.answer;
  }
  removeAllListeners() {}
  disconnect() {}
  receive(name: string, detail?: unknown) {
    this.connected = name !== 'disconnect';
    for (const listener of this.#listeners.get(name) ?? []) listener(detail);
  }
}

/** What is true on the server. */
interface Truth {
  seq: number;
  conversations: Conversation[];
  messages: Message[];
}

const at = (n: number) => new Date(Date.UTC(2026, 0, 1, 12, n)).toISOString();

const conversation = (
  id: string,
  last: number,
  more: Partial<Conversation> = {},
): Conversation => ({
  id,
  project_id: 'p',
  visitor: { id: `v-${id}`, name: id },
  status: 'open',
  assignee_id: null,
  snippet: '',
  snippet_author: 'visitor',
  last_message_seq: last,
  last_message_at: at(last),
  unread: 0,
  waiting_since: null,
  created_at: at(0),
  ...more,
});

const message = (conversation_id: string, seq: number): Message => ({
  id: `${conversation_id}${seq}`,
  conversation_id,
  seq,
  author: { kind: 'visitor', id: 'v', name: 'Vera' },
  kind: 'text',
  text: '',
  data: null,
  created_at: at(seq),
});

const before: Truth = {
  seq: 10,
  conversations: [conversation('a', 1), conversation('b', 2), conversation('c', 3)],
  messages: [message('a', 1), message('b', 1), message('c', 1)],
};
const longAfter: Truth = {
  seq: 700,
  conversations: [
    conversation('a', 30, { unread: 29 }),
    conversation('b', 5, { status: 'pending' }),
    conversation('c', 3, { status: 'pending' }),
    conversation('d', 40, { unread: 1 }),
  ],
  messages: [...before.messages, message('a', 2), message('b', 2), message('d', 1)],
};

let truth: Truth;
let isAway: boolean;
let waiting: (() => void)[] | null;
const endings: (() => void)[] = [];

/** The REST API, which tells what is true at the moment it is asked. */
async function serve({ url }: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(url);
  const thread = /conversations\/(\w+)\/messages$/.exec(pathname)?.[1];
  const items = thread
    ? truth.messages.filter(({ conversation_id }) => conversation_id === thread)
    : truth.conversations
        .filter(({ status }) => status === searchParams.get('status'))
        .sort((x, y) => (x.last_message_at < y.last_message_at ? 1 : -1));
  const answer = isAway
    ? Response.json({ code: 'busy', retry_after: 5 }, { status: 503 })
    : Response.json({ items, next_cursor: null, seq: truth.seq });
  if (waiting) await new Promise<void>((resolve) => waiting?.push(resolve));
  return answer;
}

/** A dashboard with a list and a thread on screen, and others that were there before. */
async function open() {
  const client = new QueryClient({ defaultOptions: queryClient.getDefaultOptions() });
  const socket = new HeldSocket();
  const look = (status: Status, id: string) => {
    const stops = [
      new InfiniteQueryObserver(client, listQuery('p', status)).subscribe(() => {}),
      new InfiniteQueryObserver(client, messagesQuery('p', id)).subscribe(() => {}),
    ];
    endings.push(...stops);
    return () => stops.map((stop) => stop());
  };
  const lookAway = look('pending', 'b');
  await settle();
  lookAway();
  look('open', 'a');
  await settle();
  endings.push(followProject(client, 'p', socket as unknown as AgentSocket));
  socket.receive('connect');
  await settle();
  return { client, socket, look };
}

const settle = () => vi.advanceTimersByTimeAsync(10);

const idsOf = (data: unknown): string[] =>
  (data as { pages: { items: { id: string; unread?: number }[] }[] }).pages.flatMap(({ items }) =>
    items.map(({ id, unread }) => (unread === undefined ? id : `${id} ${unread}`)),
  );

const shown = (client: QueryClient) => ({
  open: idsOf(client.getQueryData(keys.list('p', 'open'))),
  pending: idsOf(client.getQueryData(keys.list('p', 'pending'))),
  a: idsOf(client.getQueryData(keys.messages('p', 'a'))),
  b: idsOf(client.getQueryData(keys.messages('p', 'b'))),
});

/** A message comes in: true on the server, and told over the socket. */
function post(socket: HeldSocket, seq: number, id: string, messageSeq: number) {
  const known = truth.conversations.find((other) => other.id === id);
  const changed = { ...known, ...conversation(id, messageSeq), unread: messageSeq };
  truth = {
    seq,
    conversations: [...truth.conversations.filter((other) => other !== known), changed],
    messages: [...truth.messages, message(id, messageSeq)],
  };
  const data = {
    project_id: 'p',
    conversation_id: id,
    message: message(id, messageSeq),
    conversation: changed,
  };
  const event: ParlourEvent = { seq, type: 'message.created', project_id: 'p', at: at(0), data };
  socket.receive('events', [event]);
  return event;
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  truth = before;
  isAway = false;
  waiting = null;
  vi.stubGlobal('fetch', serve);
});
afterEach(() => {
  for (const end of endings.splice(0)) end();
  vi.useRealTimers();
});

test('reading everything anew ends where somebody who comes now begins', async () => {
  const { client, socket, look } = await open();
  const outbox = createOutbox(client, 'u');
  isAway = true;
  outbox.add('p', 'a', 'Not sent yet');
  await settle();
  socket.receive('disconnect');
  isAway = false;

  truth = longAfter;
  waiting = [];
  socket.answer = { ok: true, seq: 700, events: [], reload: true };
  socket.receive('connect');
  await settle();
  expect(waiting).toHaveLength(2); // what is on screen
  post(socket, 701, 'a', 31);
  const last = post(socket, 702, 'b', 3);
  for (const answer of waiting.splice(0)) answer();
  waiting = null;
  await settle();
  socket.receive('events', [last]);
  look('pending', 'b');
  await settle();

  const fresh = await open();
  fresh.look('pending', 'b');
  await settle();
  expect(shown(client)).toEqual(shown(fresh.client));
  expect(shown(client)).toEqual({
    open: ['d 1', 'a 31', 'b 3'],
    pending: ['c 0'],
    a: ['a1', 'a2', 'a31'],
    b: ['b1', 'b2', 'b3'],
  });
  expect(outbox.list('a').map(({ text }) => text)).toEqual(['Not sent yet']);
  outbox.close();

  socket.receive('disconnect');
  socket.receive('connect');
  expect(socket.asked.at(-1)).toEqual({ project_id: 'p', after: 702 });
});

test('an answer from before the reload, which was still on its way, is not taken for a new one', async () => {
  const { client, socket, look } = await open();
  socket.receive('disconnect');
  waiting = [];
  look('open', 'd');
  await settle();
  const [old] = waiting.splice(0);
  truth = longAfter;
  socket.answer = { ok: true, seq: 700, events: [], reload: true };
  socket.receive('connect');
  await settle();
  for (const answer of waiting.splice(0)) answer();
  waiting = null;
  old?.();
  await vi.advanceTimersByTimeAsync(30_000);

  expect(idsOf(client.getQueryData(keys.messages('p', 'd')))).toEqual(['d1']);
});

test('what came before a reload is not applied to what is read by it: it may be of another database', async () => {
  const { client, socket } = await open();
  post(socket, 900, 'a', 2);
  socket.receive('disconnect');
  truth = { ...before, seq: 8 };
  socket.answer = { ok: true, seq: 8, events: [], reload: true };
  socket.receive('connect');
  await settle();

  expect(idsOf(client.getQueryData(keys.messages('p', 'a')))).toEqual(['a1']);
  socket.receive('disconnect');
  socket.receive('connect');
  expect(socket.asked.at(-1)).toEqual({ project_id: 'p', after: 8 });
});

test('what cannot be read now is read later, and until then nothing is said to be live', async () => {
  const { client, socket } = await open();
  socket.receive('disconnect');
  truth = longAfter;
  isAway = true;
  socket.answer = { ok: true, seq: 700, events: [], reload: true };
  socket.receive('connect');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(idsOf(client.getQueryData(keys.list('p', 'open')))).toEqual(['c 0', 'b 0', 'a 0']);
  expect(socket.asked.at(-1)).toEqual({ project_id: 'p', after: 10 });

  isAway = false;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(idsOf(client.getQueryData(keys.list('p', 'open')))).toEqual(['d 1', 'a 29']);
  socket.receive('disconnect');
  socket.receive('connect');
  expect(socket.asked.at(-1)).toEqual({ project_id: 'p', after: 700 });
});
