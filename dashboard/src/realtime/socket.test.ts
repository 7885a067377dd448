import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LogAnswer, ParlourEvent, Refused } from '../api/wire';
import { type AgentSocket, type LiveHandlers, startLive } from './socket';
import { getStatus } from './status';

type Listener = (...args: unknown[]) => void;
type Ack = LogAnswer | Refused;

/** A socket held in the hand: it connects, answers and drops when told to. */
class HeldSocket {
  connected = false;
  active = true;
  joins: { after?: number }[] = [];
  #listeners = new Map<string, Listener[]>();
  #waiting: ((answer: Ack) => void)[] = [];

  on(name: string, listener: Listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    return this;
  }
  timeout() {
    return this;
  }
  emitWithAck(_name: string, to: { after?: number }) {
    this.joins.push(to);
    return new Promise<Ack>((resolve) => this.#waiting.push(resolve));
  }
  connect() {
    this.connected = true;
    this.serverSends('connect');
  }
  removeAllListeners() {
    this.#listeners.clear();
  }
  disconnect() {
    this.connected = false;
  }
  drop() {
    this.connected = false;
    this.serverSends('disconnect', 'transport close');
  }
  serverSends(name: string, ...args: unknown[]) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...args);
  }
  async answer(answer: Ack) {
    this.#waiting.shift()?.(answer);
    await vi.advanceTimersByTimeAsync(0);
  }
}

const event = (seq: number, type = 'conversation.updated', project_id = 'p') =>
  ({ seq, type, project_id }) as ParlourEvent;

let socket: HeldSocket;
let applied: number[];
let handlers: LiveHandlers;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  socket = new HeldSocket();
  applied = [];
  const nothing = () => {};
  handlers = {
    loadedAt: () => 10,
    onEvents: (events) => applied.push(...events.map(({ seq }) => seq)),
    onReload: vi.fn(),
    onRejoin: vi.fn(),
    signals: {
      'visitor.typing': nothing,
      'visitor.presence': nothing,
      'visitor.context': nothing,
    },
  };
  stop = startLive('p', handlers, socket as unknown as AgentSocket);
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

test('joins after what is loaded, and applies the missed before the live', async () => {
  socket.connect();
  expect(socket.joins).toEqual([{ project_id: 'p', after: 10 }]);
  socket.serverSends('events', [event(12)]);
  expect(applied).toEqual([]);

  await socket.answer({ ok: true, seq: 11, events: [event(11)], reload: false });

  expect(applied).toEqual([11, 12]);
  expect(getStatus()).toEqual({ phase: 'live', caughtUp: null });
});

test('after a reconnect joins after the last applied, and counts the messages missed', async () => {
  socket.connect();
  await socket.answer({ ok: true, seq: 11, events: [], reload: false });
  socket.serverSends('events', [event(12)]);
  socket.drop();
  expect(getStatus().phase).toBe('reconnecting');

  socket.connect();
  expect(socket.joins.at(-1)).toEqual({ project_id: 'p', after: 12 });
  await socket.answer({
    ok: true,
    seq: 15,
    events: [event(13, 'message.created'), event(14, 'message.created'), event(15)],
    reload: false,
  });

  expect(applied).toEqual([12, 13, 14, 15]);
  expect(handlers.onRejoin).toHaveBeenCalledOnce();
  expect(getStatus()).toEqual({ phase: 'live', caughtUp: 2 });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(getStatus()).toEqual({ phase: 'live', caughtUp: null });
});

test('the answer to a join of a lost connection is not applied', async () => {
  socket.connect();
  socket.drop();
  socket.connect();
  await socket.answer({ ok: true, seq: 11, events: [event(11)], reload: false });
  expect(applied).toEqual([]);

  await socket.answer({ ok: true, seq: 12, events: [event(11), event(12)], reload: false });
  expect(applied).toEqual([11, 12]);
});

test('too much missed: everything is read again', async () => {
  socket.connect();
  await socket.answer({ ok: true, seq: 900, events: [], reload: true });

  expect(handlers.onReload).toHaveBeenCalledOnce();
  socket.serverSends('events', [event(900), event(901)]);
  expect(applied).toEqual([901]);
});

test('events of another project are not ours', async () => {
  socket.connect();
  await socket.answer({ ok: true, seq: 10, events: [], reload: false });
  socket.serverSends('events', [event(11, 'conversation.updated', 'q'), event(12)]);

  expect(applied).toEqual([12]);
});

test('a busy server is asked again when it says', async () => {
  socket.connect();
  await socket.answer({ error: { code: 'rate_limited', message: '', retry_after: 3 } });
  await vi.advanceTimersByTimeAsync(2_900);
  expect(socket.joins).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(socket.joins).toHaveLength(2);
});

test('a refusal for good is shown, and not asked again', async () => {
  socket.connect();
  await socket.answer({ error: { code: 'forbidden', message: '', retry_after: null } });
  await vi.advanceTimersByTimeAsync(60_000);

  expect(getStatus().phase).toBe('refused');
  expect(socket.joins).toHaveLength(1);
});
