import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Refusal } from '../api/refusal';
import type { LogAnswer, ParlourEvent, Refused } from '../api/wire';
import type { AgentSocket } from './connection';
import { type LiveHandlers, startLive } from './socket';
import { getStatus } from './status';

type Listener = (...args: unknown[]) => void;
type Ack = LogAnswer | Refused;

/** A socket held in the hand: it connects, answers and drops when told to. */
class HeldSocket {
  connected = false;
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
    onReload: vi.fn(async () => {}),
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

test('too much missed: everything is read again, and what comes in meanwhile is applied after it', async () => {
  const { promise: reading, resolve: finish } = Promise.withResolvers<void>();
  vi.mocked(handlers.onReload).mockReturnValue(reading);
  socket.connect();
  socket.serverSends('events', [event(899), event(900), event(901)]);
  await socket.answer({ ok: true, seq: 900, events: [], reload: true });
  expect(handlers.onReload).toHaveBeenCalledExactlyOnceWith(900);
  socket.serverSends('events', [event(901), event(902)]);
  expect(applied).toEqual([]);
  expect(getStatus().phase).toBe('connecting');

  finish();
  await vi.advanceTimersByTimeAsync(0);
  expect(applied).toEqual([901, 902]);
  expect(getStatus().phase).toBe('live');
  socket.serverSends('events', [event(902), event(903)]);
  expect(applied).toEqual([901, 902, 903]);
});

test('what could not be read again is asked for again, from the same place', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  vi.mocked(handlers.onReload).mockRejectedValueOnce(new Refusal(503, { retry_after: 3 }));
  socket.connect();
  await socket.answer({ ok: true, seq: 900, events: [], reload: true });
  await vi.advanceTimersByTimeAsync(2_999);
  expect(socket.joins).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(socket.joins.at(-1)).toEqual({ project_id: 'p', after: 10 });
  expect(getStatus().phase).toBe('connecting');

  await socket.answer({ ok: true, seq: 905, events: [], reload: true });
  expect(handlers.onReload).toHaveBeenLastCalledWith(905);
  expect(getStatus().phase).toBe('live');
});

test('a connection lost while everything is read again begins anew', async () => {
  const { promise: reading, resolve: finish } = Promise.withResolvers<void>();
  vi.mocked(handlers.onReload).mockReturnValueOnce(reading);
  socket.connect();
  await socket.answer({ ok: true, seq: 900, events: [], reload: true });
  socket.drop();
  socket.connect();
  finish();
  await vi.advanceTimersByTimeAsync(0);
  expect(getStatus().phase).toBe('reconnecting');

  expect(socket.joins.at(-1)).toEqual({ project_id: 'p', after: 10 });
  await socket.answer({ ok: true, seq: 905, events: [], reload: true });
  expect(getStatus().phase).toBe('live');
});

test('events of another project are not ours', async () => {
  socket.connect();
  await socket.answer({ ok: true, seq: 10, events: [], reload: false });
  socket.serverSends('events', [event(11, 'conversation.updated', 'q'), event(12)]);

  expect(applied).toEqual([12]);
});

test.each(['rate_limited', 'busy', 'unavailable'])(
  'a join answered with %s is asked again when the server says, or a little later',
  async (code) => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const busy = { error: { code, message: '', retry_after: 3 } };
    socket.connect();
    await socket.answer(busy);
    await vi.advanceTimersByTimeAsync(2_999);
    expect(socket.joins).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.joins).toHaveLength(2);

    random.mockReturnValue(1);
    await socket.answer(busy);
    await vi.advanceTimersByTimeAsync(3_599);
    expect(socket.joins).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.joins).toHaveLength(3);
  },
);

test('a refusal for good is shown, and not asked again', async () => {
  socket.connect();
  await socket.answer({ error: { code: 'forbidden', message: '', retry_after: null } });
  await vi.advanceTimersByTimeAsync(60_000);

  expect(getStatus().phase).toBe('refused');
  expect(socket.joins).toHaveLength(1);
});
