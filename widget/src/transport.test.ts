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
    reload: vi.fn(async () => () => undefined),
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
  await vi.advanceTimersByTimeAsync(1500);
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
  const reading = holdReload();
  socket.receive('connect');
  socket.receive('events', [event(40)]);
  answer({ ok: true, seq: 39, events: [], reload: true });
  await vi.advanceTimersByTimeAsync(0);
  socket.receive('events', [event(41), event(42)]);
  expect(ids()).toEqual([]);
  expect(options.onConnection).not.toHaveBeenCalledWith('online');

  await reading[0]?.(41, 'm41');
  expect(ids()).toEqual(['m41', 'm42']);
  expect(store.seq).toBe(42);
  expect(options.reload).toHaveBeenCalledTimes(1);
  expect(options.onConnection).toHaveBeenLastCalledWith('online');

  socket.receive('events', [event(42), event(43)]);
  expect(ids()).toEqual(['m41', 'm42', 'm43']);
});

test('what was read anew for a connection that is gone does not take newer things back', async () => {
  const reading = holdReload();
  for (const _ of ['lost', 'kept']) {
    socket.receive('connect');
    answer({ ok: true, seq: 39, events: [], reload: true });
    await vi.advanceTimersByTimeAsync(0);
    if (reading.length === 1) socket.receive('disconnect');
  }
  await reading[1]?.(50, 'm50');
  await reading[0]?.(40, 'm40');
  expect(ids()).toEqual(['m50']);
  expect(store.seq).toBe(50);
});

test('a history that cannot be read anew is read on the next connection', async () => {
  vi.mocked(options.reload).mockRejectedValueOnce(new Error('503'));
  socket.receive('connect');
  answer({ ok: true, seq: 39, events: [], reload: true });
  await vi.advanceTimersByTimeAsync(0);
  expect(options.onConnection).not.toHaveBeenCalledWith('online');
  await vi.advanceTimersByTimeAsync(1500);
  socket.receive('connect');
  expect(socket.asked.at(-1)?.seq).toBe(5);
});

test('connects again when the log gives no answer', async () => {
  socket.receive('connect');
  socket.asked[0]?.fail();
  await vi.advanceTimersByTimeAsync(0);
  expect(socket.disconnect).toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1500);
  expect(socket.connect).toHaveBeenCalledTimes(2);
});

test('keeps trying for ever, at most ten seconds apart', async () => {
  for (let tries = 0; tries < 20; tries++) {
    const before = socket.connect.mock.calls.length;
    socket.receive('connect_error', new Error('websocket error'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(socket.connect.mock.calls.length).toBe(before + 1);
  }
});

// A server that ends the connection by itself is not left alone either.
test.each(['transport close', 'io server disconnect', 'ping timeout'])(
  'after "%s" it comes back at a moment of its own',
  async (reason) => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    await comesBack(() => socket.receive('disconnect', reason), 300);
    random.mockReturnValue(1);
    await comesBack(() => socket.receive('disconnect', reason), 1500);
  },
);

test('a server that restarts is left at once, for another', async () => {
  const random = vi.spyOn(Math, 'random').mockReturnValue(0);
  await comesBack(() => close('restarting', 0.5), 0);
  random.mockReturnValue(1);
  await comesBack(() => close('restarting', 0.5), 500);
});

test('a loss is not worth a word unless it lasts', async () => {
  await catchUp();
  vi.mocked(options.onConnection).mockClear();
  close('restarting', 0.5);
  await vi.advanceTimersByTimeAsync(500);
  socket.receive('connect_error', new Error('websocket error'));
  await vi.advanceTimersByTimeAsync(1499);
  expect(options.onConnection).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(vi.mocked(options.onConnection).mock.calls).toEqual([['offline']]);

  await catchUp();
  close('restarting', 0.5);
  await vi.advanceTimersByTimeAsync(1000);
  await catchUp();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(vi.mocked(options.onConnection).mock.calls).toEqual([['offline'], ['online'], ['online']]);
});

test('a device without a network is told so at once', async () => {
  await catchUp();
  vi.stubGlobal('navigator', { ...navigator, onLine: false });
  socket.receive('disconnect', 'transport close');
  expect(options.onConnection).toHaveBeenLastCalledWith('offline');
});

test('a client that did not read comes back when it is told, and asks for what it missed', async () => {
  await catchUp(6);
  vi.spyOn(Math, 'random').mockReturnValue(0);
  await comesBack(() => close('slow_consumer', 1), 1000);
  expect(socket.asked.at(-1)?.seq).toBe(6);
});

test('what ended one connection says nothing about the next', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  await comesBack(() => close('slow_consumer', 1), 1000);
  await comesBack(() => socket.receive('disconnect', 'transport close'), 300);
});

test('a server that takes nobody now is left alone for as long as it says', async () => {
  await catchUp();
  socket.receive('disconnect', 'transport close');
  vi.spyOn(Math, 'random').mockReturnValue(0);
  await connectsAfter(
    () => refuse('unavailable', 20),
    20_000,
    () => transport.wake(),
  );
});

test('a log that cannot be read now is asked again when the server says', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  socket.receive('connect');
  const refused = { error: { code: 'busy', message: '', retry_after: 4 } };
  await connectsAfter(() => answer(refused), 4000);
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

function refuse(code: string, retryAfter: number | null = null): void {
  const data = { code, message: '', retry_after: retryAfter };
  socket.receive('connect_error', Object.assign(new Error(code), { data }));
}

/** The server says that it ends the connection, and why. Nobody waits for it to do so. */
function close(code: string, retryAfter: number): void {
  socket.receive('closing', { code, retry_after: retryAfter });
  expect(socket.connected).toBe(false);
}

/** Connect, and miss nothing. */
async function catchUp(seq = 5): Promise<void> {
  socket.receive('connect');
  answer({ ok: true, seq, events: [], reload: false });
  await vi.advanceTimersByTimeAsync(0);
}

/** Expect that a connection which is lost is made again after exactly that time. */
async function comesBack(lose: () => void, after: number): Promise<void> {
  await catchUp(6);
  await connectsAfter(lose, after);
  socket.receive('connect');
}

async function connectsAfter(lose: () => void, after: number, meanwhile = () => {}): Promise<void> {
  socket.connect.mockClear();
  lose();
  if (after > 0) {
    await vi.advanceTimersByTimeAsync(after - 1);
    meanwhile();
    await vi.advanceTimersByTimeAsync(0);
    expect(socket.connect).not.toHaveBeenCalled();
  }
  await vi.advanceTimersByTimeAsync(1);
  expect(socket.connect).toHaveBeenCalledTimes(1);
}

/** Hold back what is read anew, until the test gives its place in the log and its one message. */
function holdReload() {
  const answers: ((seq: number, id: string) => Promise<void>)[] = [];
  vi.mocked(options.reload).mockImplementation(
    () =>
      new Promise((resolve) => {
        answers.push(async (seq, id) => {
          const items = [{ ...event(Number(id.slice(1))).data.message, id }];
          resolve(() => store.showLatest({ items, next_cursor: null, seq }));
          await vi.advanceTimersByTimeAsync(0);
        });
      }),
  );
  return answers;
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
