import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Refusal } from '../api/refusal';
import { refresh } from '../api/session';
import { type AgentSocket, Connection } from './connection';
import { getStatus, setPhase } from './status';

vi.mock('../api/session', () => ({
  getToken: () => 't',
  onSessionChange: () => () => {},
  refresh: vi.fn(async () => ({})),
}));

type Listener = (detail?: unknown) => void;

/** A socket that connects and is lost when the test says so. */
class HeldSocket {
  connected = false;
  connect = vi.fn();
  disconnect = vi.fn(() => {
    if (this.connected) this.receive('disconnect', 'io client disconnect');
  });
  readonly #listeners = new Map<string, Listener>();

  on(name: string, listener: Listener) {
    this.#listeners.set(name, listener);
  }
  receive(name: string, detail?: unknown) {
    if (name === 'connect') this.connected = true;
    if (name === 'disconnect') this.connected = false;
    this.#listeners.get(name)?.(detail);
  }
}

let socket: HeldSocket;
let connection: Connection;
let random: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  vi.useFakeTimers();
  random = vi.spyOn(Math, 'random').mockReturnValue(0);
  socket = new HeldSocket();
  connection = new Connection(socket as unknown as AgentSocket);
  isBack();
});
afterEach(() => {
  connection.stop();
  setPhase('connecting');
  vi.mocked(refresh).mockReset();
  vi.useRealTimers();
});

/** Connected, and everything that was missed is here. */
function isBack(messages: number | null = null) {
  socket.receive('connect');
  connection.caughtUp(messages);
  socket.connect.mockClear();
}

function refuse(code: string, retry_after: number | null = null) {
  socket.receive('connect_error', Object.assign(new Error(code), { data: { code, retry_after } }));
}

/** The server says that it ends the connection, and why. Nobody waits for it to do so. */
function close(code: string, retry_after: number | null = null) {
  socket.receive('connect');
  socket.receive('closing', { code, retry_after });
  expect(socket.connected).toBe(false);
}

async function connectsAfter(milliseconds: number, meanwhile = () => {}) {
  if (milliseconds > 0) {
    await vi.advanceTimersByTimeAsync(milliseconds - 1);
    meanwhile();
    await vi.advanceTimersByTimeAsync(0);
    expect(socket.connect).not.toHaveBeenCalled();
  }
  await vi.advanceTimersByTimeAsync(1);
  expect(socket.connect).toHaveBeenCalledOnce();
}

// The client library does not come back by itself where the server ends the connection in order.
test.each(['transport close', 'io server disconnect', 'ping timeout'])(
  'after "%s" it comes back, at a moment of its own',
  async (reason) => {
    socket.receive('disconnect', reason);
    expect(getStatus().phase).toBe('reconnecting');
    await connectsAfter(300);
    isBack(0);

    random.mockReturnValue(1);
    socket.receive('disconnect', reason);
    await connectsAfter(1_500);
  },
);

test('tries for ever, ever more rarely, at most ten seconds apart', async () => {
  random.mockReturnValue(1);
  for (const wait of [1_500, 3_000, 6_000, 10_000, 10_000, 10_000]) {
    socket.connect.mockClear();
    socket.receive('connect_error', new Error('websocket error'));
    await connectsAfter(wait);
  }
});

test('a connection alone does not make it forget its failures, catching up does', async () => {
  random.mockReturnValue(1);
  socket.receive('disconnect', 'transport close');
  await connectsAfter(1_500);
  socket.receive('connect');
  socket.connect.mockClear();
  socket.receive('disconnect', 'transport close');
  await connectsAfter(3_000);
  isBack(0);
  socket.receive('disconnect', 'transport close');
  await connectsAfter(1_500);
});

test('a server that restarts is left at once, for another, and nobody need know', async () => {
  close('restarting', 0.5);
  await connectsAfter(0);
  isBack(3);
  expect(getStatus()).toEqual({ phase: 'live', caughtUp: null });

  random.mockReturnValue(1);
  close('restarting', 0.5);
  await connectsAfter(500);
  await vi.advanceTimersByTimeAsync(1_499);
  expect(getStatus().phase).toBe('live');
  isBack(3);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(getStatus()).toEqual({ phase: 'live', caughtUp: null });
});

test('a restart that takes longer is told, also when there is no other server', async () => {
  close('restarting', 0.5);
  await connectsAfter(0);
  socket.receive('connect_error', new Error('websocket error'));
  await vi.advanceTimersByTimeAsync(1_998);
  expect(getStatus().phase).toBe('live');
  await vi.advanceTimersByTimeAsync(1);
  expect(getStatus().phase).toBe('reconnecting');
  isBack(3);
  expect(getStatus()).toEqual({ phase: 'live', caughtUp: 3 });
});

test('a client that did not read comes back no sooner than it is told, and says so', async () => {
  close('slow_consumer', 1);
  expect(getStatus().phase).toBe('reconnecting');
  await connectsAfter(1_000);
  isBack(0);
  close('slow_consumer');
  await connectsAfter(300);
});

test('what ended one connection says nothing about the next', async () => {
  close('slow_consumer', 5);
  await connectsAfter(5_000);
  isBack(0);
  socket.receive('disconnect', 'transport close');
  await connectsAfter(300);
});

test('a server that takes nobody now is left alone for as long as it says', async () => {
  socket.receive('disconnect', 'transport close');
  await connectsAfter(300);
  socket.connect.mockClear();
  refuse('unavailable', 20);
  await connectsAfter(20_000, () => dispatchEvent(new Event('online')));
});

test('a network that is back is used at once', async () => {
  socket.receive('disconnect', 'transport close');
  for (let failures = 0; failures < 6; failures++) {
    socket.receive('connect_error', new Error('websocket error'));
  }
  dispatchEvent(new Event('online'));
  await connectsAfter(0);
});

test.each([
  ['a session that ended', () => close('session_expired')],
  ['a token that is not taken', () => refuse('unauthenticated')],
])('%s is renewed, then it comes back', async (_, lose) => {
  socket.receive('disconnect', 'transport close');
  vi.mocked(refresh).mockClear();
  lose();
  await vi.advanceTimersByTimeAsync(0);
  expect(refresh).toHaveBeenCalledOnce();
  expect(socket.connect).toHaveBeenCalledOnce();
});

test('a server that takes no new token either is not asked without end', async () => {
  refuse('unauthenticated');
  await connectsAfter(0);
  socket.connect.mockClear();
  refuse('unauthenticated');
  await connectsAfter(300);
});

test('whoever is signed out does not come back', async () => {
  vi.mocked(refresh).mockRejectedValue(new Refusal(401, { code: 'session_expired' }));
  close('session_expired');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.connect).not.toHaveBeenCalled();
});

test('a session that cannot be renewed now is renewed later', async () => {
  vi.mocked(refresh).mockRejectedValueOnce(new Refusal(503, { retry_after: 2 }));
  close('session_expired');
  await vi.advanceTimersByTimeAsync(0);
  await connectsAfter(2_000);
});

test('once stopped it stays away', async () => {
  socket.receive('disconnect', 'transport close');
  connection.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.connect).not.toHaveBeenCalled();
});
