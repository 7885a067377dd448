import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { inParallel } from './in-parallel.ts';
import type { Ledger } from './ledger.ts';
import { Rest } from './rest.ts';
import type { Options } from './stage.ts';
import type { LogEvent } from './wire.ts';

const CONNECT_TIMEOUT_MS = 30_000;

/** Connect to a namespace as the real clients do, on a connection of its own. */
export function connect(
  url: string,
  namespace: string,
  token: string,
  origin: string,
): Promise<Socket> {
  const socket = io(url + namespace, {
    forceNew: true,
    transports: ['websocket'],
    reconnection: false,
    timeout: CONNECT_TIMEOUT_MS,
    auth: { token },
    extraHeaders: { Origin: origin },
  });
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', (error) => {
      const { data } = error as { data?: unknown };
      reject(new Error(`${namespace} refused: ${error.message} ${JSON.stringify(data ?? '')}`));
    });
  });
}

/** Get tokens for new visitors. */
export async function mintVisitors(options: Options, count: number): Promise<string[]> {
  const rest = new Rest(options.url, 4);
  const numbers = Array.from({ length: count }, (_, number) => number);
  try {
    return await inParallel(numbers, 4, async () => {
      const session = await rest.ask<{ token: string }>(
        'POST',
        '/api/widget/session',
        { Origin: options.origin },
        { project_id: options.project },
      );
      return session.token;
    });
  } finally {
    rest.close();
  }
}

/** Connect visitors; a connection that is lost is a deviation. */
export async function connectVisitors(
  options: Options,
  tokens: string[],
  ledger: Ledger,
): Promise<Socket[]> {
  const sockets = await inParallel(tokens, 20, (token) =>
    connect(options.url, '/visitors', token, options.origin),
  );
  for (const socket of sockets) watch(socket, ledger);
  return sockets;
}

/** Connect agents, who join the project and enter in the ledger what reaches them. */
export async function connectAgents(
  options: Options,
  count: number,
  ledger: Ledger,
): Promise<Socket[]> {
  const origin = new URL(options.url).origin;
  const numbers = Array.from({ length: count }, (_, number) => number);
  return inParallel(numbers, 5, async (number) => {
    const socket = await connect(options.url, '/agents', options.token, origin);
    watch(socket, ledger);
    const joined = await socket.emitWithAck('project.join', { project_id: options.project });
    if (!joined.ok) throw new Error(`project.join refused: ${JSON.stringify(joined)}`);
    socket.on('events', (events: LogEvent[]) => ledger.enterEvents(number, events));
    return socket;
  });
}

export function disconnectAll(...groups: Socket[][]): void {
  for (const socket of groups.flat()) {
    socket.off('disconnect');
    socket.disconnect();
  }
}

/** Wait until something holds, or until it is clear that it will not. */
export async function settle(holds: () => boolean, timeoutSeconds = 15): Promise<void> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  while (!holds() && performance.now() < deadline) await sleep(20);
}

function watch(socket: Socket, ledger: Ledger): void {
  socket.once('disconnect', () => {
    ledger.lostConnections += 1;
  });
}
