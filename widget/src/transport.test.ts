import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Store } from './store';
import { Transport, type TransportOptions } from './transport';
import type { LogAnswer, VisitorEvent } from './types';

type Connect = ConstructorParameters<typeof Transport>[1];

/** A socket whose other end is this test. */
class FakeSocket {
  connected = false;
  asked: { seq: number; answer: (answer: LogAnswer) => void; fail: () => void }[] = [];
  connect = vi.fn();
  emit = vi.fn();
  readonly #listeners = new Map<string, (detail?: unknown) => void>();

  on(name: string, listener: (detail?: unknown) => void) {
    this.#listeners.set(name, listener);
  }
  timeout() {
    return this;
  }
  emitWithAck(_name: string, { seq }: { seq: number }): Promise<LogAnswer> {
    return new Promise((resolve, reject) => {
      this.asked.push({ seq, answer: resolve, fail: () => reject(new Error('timeout')) });
    });
  }
  disconnect = vi.fn(() => {
    if (this.connected) this.receive('disconnect');
  });
  receive(name: string, detail?: unknown) {
    if (name === 'connect') this.connected = true;
    if (name === 'disconnect') this.connected = false;
    this.#listeners.get(name)?.(detail);
  }
}

let socket: FakeSocket;
let store: Store;
let options: TransportOptions;
let transport: Transport;

beforeEach(async () => {
  vi.useFakeTimers();
  socket = new FakeSocket();
  store = new Store();
  store.seq = 5;
  options = {
    base: 'https://chat.example/sub/',
    token: () => 't',
    seq: () => store.seq,
    prepare: vi.fn(async () => undefined),
    applyEvents: vi.fn((events, seq) => void store.applyEvents(events, seq)),
    reload: vi.fn(async () => undefined),
    renewSession: vi.fn(async () => undefined),
    onConnection: vi.fn(),
    onAgentTyping: vi.fn(),
  };
  transport = new Transport(options, (() => socket) as unknown as Connect);
  transport.start();
  await vi.advanceTimersByTimeAsync(0);
});

afterEach(() => {
  transport.stop();
  vi.useRealTimers();
});

test('live events wait until those that were missed are applied', async () => {
  socket.receive('connect');
  expect(socket.asked[0]?.seq).toBe(5);
  socket.receive('events', [event(8)]);
  expect(ids()).toEqual([]);
  expect(options.onConnection).not.toHaveBeenCalledWith('online');

  answer({ ok: true, seq: 7, events: [event(6), event(7)], reload: false });
  await vi.advanceTimersByTimeAsync(0);
  expect(ids()).toEqual(['m6', 'm7', 'm8']);
  expect(options.onConnection).toHaveBeenLastCalledWith('online');

  socket.receive('events', [event(8), event(9)]);
  expect(ids()).toEqual(['m6', 'm7', 'm8', 'm9']);
});

test('asks again on every connection, from where it stands', async () => {
  socket.receive('connect');
  answer({ ok: true, seq: 6, events: [event(6)], reload: false });
  await vi.advanceTimersByTimeAsync(0);
  socket.receive('disconnect');
  socket.connect.mockClear();
  await vi.advanceTimersByTimeAsync(1000);
  expect(socket.connect).toHaveBeenCalledTimes(1);

  socket.receive('connect');
  expect(socket.asked.at(-1)?.seq).toBe(6);
});

test('an answer to a connection that is gone is dropped', async () => {
  socket.receive('connect');
  socket.receive('disconnect');
  answer({ ok: true, seq: 7, events: [event(7)], reload: false });
  await vi.advanceTimersByTimeAsync(0);
  expect(ids()).toEqual([]);
});

test('reads everything anew when told to, and what came meanwhile after it', async () => {
  vi.mocked(options.reload).mockImplementation(async () => {
    store.showLatest({ items: [], next_cursor: null, seq: 40 });
  });
  socket.receive('connect');
  socket.receive('events', [event(40), event(41)]);
  answer({ ok: true, seq: 39, events: [], reload: true });
  await vi.advanceTimersByTimeAsync(0);
  expect(options.reload).toHaveBeenCalledTimes(1);
  expect(ids()).toEqual(['m41']);
});

test('connects again when the log gives no answer', async () => {
  socket.receive('connect');
  socket.asked[0]?.fail();
  await vi.advanceTimersByTimeAsync(0);
  expect(socket.disconnect).toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1000);
  expect(socket.connect).toHaveBeenCalledTimes(2);
});

test('keeps trying for ever, at most half a minute apart', async () => {
  for (let tries = 0; tries < 20; tries++) {
    const before = socket.connect.mock.calls.length;
    socket.receive('connect_error', new Error('websocket error'));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(socket.connect.mock.calls.length).toBe(before + 1);
  }
});

test('connects at once when the network is back', async () => {
  for (let tries = 0; tries < 6; tries++) {
    socket.receive('connect_error', new Error('websocket error'));
    await vi.advanceTimersByTimeAsync(30_000);
  }
  socket.receive('connect_error', new Error('websocket error'));
  socket.connect.mockClear();
  dispatchEvent(new Event('online'));
  await vi.advanceTimersByTimeAsync(0);
  expect(socket.connect).toHaveBeenCalledTimes(1);
});

test('an unknown visitor gets a new session, once', async () => {
  refuse('unauthenticated');
  await vi.advanceTimersByTimeAsync(0);
  refuse('unauthenticated');
  await vi.advanceTimersByTimeAsync(0);
  expect(options.renewSession).toHaveBeenCalledTimes(1);
});

test('a page that is not allowed is not asked for again', async () => {
  refuse('origin_not_allowed');
  socket.connect.mockClear();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(socket.connect).not.toHaveBeenCalled();
  expect(options.onConnection).toHaveBeenLastCalledWith('refused');
});

function answer(said: LogAnswer): void {
  socket.asked.at(-1)?.answer(said);
}

function refuse(code: string): void {
  socket.receive('connect_error', Object.assign(new Error(code), { data: { code } }));
}

function ids(): string[] {
  return store.posted.value.map(({ id }) => id);
}

function event(seq: number): VisitorEvent {
  const at = '2026-01-02T03:04:05Z';
  const author = { kind: 'member', name: 'Maya' } as const;
  const message = {
    id: `m${seq}`,
    conversation_id: 'c1',
    seq,
    author,
    kind: 'text',
    text: '',
    data: null,
    created_at: at,
  };
  return { seq, type: 'message.created', project_id: 'p', data: { message }, at };
}
