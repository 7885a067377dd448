import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Chat } from './chat';
import type { Host } from './host';
import { openMemory } from './memory';
import type { Transport, TransportOptions } from './transport';
import type { MessageDraft, VisitorMessage, WidgetSession } from './types';

const chats: Chat[] = [];

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  vi.stubGlobal('indexedDB', new IDBFactory());
});

afterEach(() => {
  for (const chat of chats.splice(0)) chat.destroy();
  vi.useRealTimers();
});

test('reads the history before it connects, and only when there is one', async () => {
  const request = answering({ items: [message(1)], next_cursor: null, seq: 7 });
  const { chat, options } = begin({
    conversation: { id: 'c1', status: 'open', last_message_seq: 1 },
  });
  expect(chat.store.history.value).toBe('loading');
  await options.prepare();
  await options.prepare();
  expect(request).toHaveBeenCalledTimes(1);
  expect(chat.store.posted.value).toHaveLength(1);
  expect(options.seq()).toBe(7);

  const stranger = begin({ conversation: null });
  expect(stranger.chat.store.history.value).toBe('ready');
  await stranger.options.prepare();
  expect(request).toHaveBeenCalledTimes(1);
});

test('a token that is not known any more is renewed, and the history read with the new one', async () => {
  const request = answering({ items: [], next_cursor: null, seq: 7 });
  request.mockResolvedValueOnce(new Response(null, { status: 401 }));
  const { options, host } = begin({
    conversation: { id: 'c1', status: 'open', last_message_seq: 1 },
  });
  vi.mocked(host.renewSession).mockResolvedValue(session({ token: 'new' }));
  await options.prepare();
  expect(
    request.mock.calls.map(([, init]) => new Headers(init?.headers).get('authorization')),
  ).toEqual(['Bearer old', 'Bearer new']);
  expect(options.token()).toBe('new');
});

test('a history that cannot be read says so, and is tried again', async () => {
  const request = answering({ items: [], next_cursor: null, seq: 7 });
  request.mockResolvedValueOnce(new Response(null, { status: 503 }));
  const { chat, options, transport } = begin({
    conversation: { id: 'c1', status: 'open', last_message_seq: 1 },
  });
  await expect(options.prepare()).rejects.toThrow();
  expect(chat.store.history.value).toBe('failed');
  chat.tryAgain();
  expect(transport.wake).toHaveBeenCalledTimes(1);
  await options.prepare();
  expect(chat.store.history.value).toBe('ready');
});

test('what is written waits for the connection; only the first message says how the visitor came', async () => {
  const { chat, options, sent } = begin();
  chat.write('  Hello\0 ');
  await chat.send();
  chat.write('Anybody?');
  await chat.send();
  expect(chat.store.draft.value).toBe('');
  expect(chat.store.entries.value.map(({ text, state }) => [text, state])).toEqual([
    ['Hello', 'sending'],
    ['Anybody?', 'sending'],
  ]);
  expect(localStorage.getItem('parlour:p:outbox')).not.toBeNull();

  options.onConnection('online');
  await vi.waitUntil(() => localStorage.getItem('parlour:p:outbox') === null);
  expect(sent.map(({ text, context }) => [text, context !== null])).toEqual([
    ['Hello', true],
    ['Anybody?', false],
  ]);
  expect(chat.store.entries.value.map(({ state }) => state)).toEqual(['sent', 'sent']);
});

test('reading everything anew ends where somebody who comes now begins; what waits stays', async () => {
  const conversation = { id: 'c1', status: 'open', last_message_seq: 3 } as const;
  const request = answering({ items: [message(1)], next_cursor: null, seq: 7 });
  const { chat, options } = begin({ conversation });
  await options.prepare();
  chat.open();
  chat.close();
  chat.write('Still here?');
  await chat.send();
  expect(chat.store.unread.value).toBe(0);

  const now = { items: [message(8), message(9)], next_cursor: 'older', seq: 700 };
  request.mockImplementation(async () => Response.json(now));
  const show = await options.reload();
  expect(chat.store.posted.value.map(({ seq }) => seq)).toEqual([1]);
  show();

  const fresh = begin({ conversation });
  await fresh.options.prepare();
  await vi.waitUntil(() => fresh.chat.store.waiting.value.length === 1);
  expect(stateOf(chat)).toEqual(stateOf(fresh.chat));
  expect(stateOf(chat)).toEqual({
    shown: ['text 8: sent', 'text 9: sent', 'Still here?: sending'],
    olderCursor: 'older',
    unread: 2,
    seq: 700,
  });
});

test('a draft outlives the page', () => {
  begin().chat.write('Not done y');
  expect(begin().chat.store.draft.value).toBe('Not done y');
});

test('an answer is told to the page, counted while closed, and read when opened', async () => {
  const { options, host, chat } = begin();
  options.applyEvents([logged(2, message(1, 'visitor')), logged(3, message(2))]);
  expect(vi.mocked(host.onMessage).mock.calls.map(([{ seq }]) => seq)).toEqual([1, 2]);
  expect(host.onState).toHaveBeenLastCalledWith({ isOpen: false, unread: 1 });
  chat.open();
  expect(host.onState).toHaveBeenLastCalledWith({ isOpen: true, unread: 0 });
  chat.close();
  expect(begin({ conversation: null }).chat.store.readUpTo.value?.seq).toBe(2);
});

test('what another tab has read is read here too', () => {
  const { options, chat } = begin();
  options.applyEvents([logged(2, message(1))]);
  expect(chat.store.unread.value).toBe(1);
  const newValue = JSON.stringify({ conversation_id: 'c1', seq: 1 });
  dispatchEvent(new StorageEvent('storage', { key: 'parlour:p:read', newValue }));
  expect(chat.store.unread.value).toBe(0);
});

test('somebody new does not see what somebody else said', async () => {
  const { options, host, chat } = begin();
  options.applyEvents([logged(2, message(1))]);
  vi.mocked(host.renewSession).mockResolvedValue(
    session({ visitor_id: 'v2', token: 't2', seq: 50 }),
  );
  await options.renewSession();
  expect(chat.store.posted.value).toEqual([]);
  expect(options.seq()).toBe(50);
});

test('typing of an agent is shown, and forgotten when nothing more is heard', () => {
  vi.useFakeTimers();
  const { options, chat } = begin();
  options.onAgentTyping({ conversation_id: 'c1', name: 'Maya', typing: true });
  expect(chat.store.typingName.value).toBe('Maya');
  vi.advanceTimersByTime(6000);
  expect(chat.store.typingName.value).toBeNull();
});

test('older messages are fetched once at a time, up to the first', async () => {
  const request = answering({ items: [message(3)], next_cursor: 'before-3', seq: 7 });
  const { chat, options } = begin({
    conversation: { id: 'c1', status: 'open', last_message_seq: 3 },
  });
  await options.prepare();
  request.mockResolvedValueOnce(Response.json({ items: [message(2)], next_cursor: null, seq: 7 }));
  await Promise.all([chat.loadOlder(), chat.loadOlder()]);
  await chat.loadOlder();
  expect(request).toHaveBeenCalledTimes(2);
  expect(String(request.mock.calls[1]?.[0])).toContain('cursor=before-3');
  expect(chat.store.posted.value.map(({ seq }) => seq)).toEqual([2, 3]);
});

function begin(changes: Partial<WidgetSession> = {}) {
  const sent: MessageDraft[] = [];
  const transport = {
    start: vi.fn(),
    stop: vi.fn(),
    wake: vi.fn(),
    setTyping: vi.fn(),
    setContext: vi.fn(),
    send: vi.fn(async (draft: MessageDraft) => {
      sent.push(draft);
      const stored = { ...message(sent.length, 'visitor'), id: draft.id, text: draft.text };
      return { ok: true, message: stored };
    }),
  };
  const host: Host = {
    base: 'https://chat.example/',
    root: document.createElement('div').attachShadow({ mode: 'open' }),
    session: session(changes),
    renewSession: vi.fn(async () => session(changes)),
    memory: openMemory('localStorage', 'p'),
    tabMemory: openMemory('sessionStorage', 'p'),
    onState: vi.fn(),
    onMessage: vi.fn(),
  };
  let given: TransportOptions | undefined;
  const chat = new Chat(host, (options) => {
    given = options;
    return transport as unknown as Transport;
  });
  chats.push(chat);
  return { chat, host, transport, sent, options: given as unknown as TransportOptions };
}

function stateOf({ store }: Chat) {
  return {
    shown: store.entries.value.map(({ text, state }) => `${text}: ${state}`),
    olderCursor: store.olderCursor.value,
    unread: store.unread.value,
    seq: store.seq,
  };
}

function session(changes: Partial<WidgetSession>): WidgetSession {
  const project = { id: 'p', name: 'Shop' };
  const known = {
    token: 'old',
    visitor_id: 'v1',
    project,
    online: true,
    conversation: null,
    seq: 1,
  };
  return { ...known, ...changes };
}

function answering(page: object) {
  const request = vi.fn<typeof fetch>(async () => Response.json(page));
  vi.stubGlobal('fetch', request);
  return request;
}

function message(seq: number, kind: 'visitor' | 'member' = 'member'): VisitorMessage {
  return {
    id: `m${seq}`,
    conversation_id: 'c1',
    seq,
    author: { kind, name: 'Maya' },
    kind: 'text',
    text: `text ${seq}`,
    data: null,
    created_at: '2026-01-02T03:04:05Z',
  };
}

function logged(seq: number, of: VisitorMessage) {
  const type = 'message.created' as const;
  return { seq, type, project_id: 'p', data: { message: of }, at: of.created_at };
}
