import { setTimeout as sleep } from 'node:timers/promises';
import { connect, disconnectAll, mintVisitors } from '../clients.ts';
import { inParallel } from '../in-parallel.ts';
import { Latencies, round } from '../latencies.ts';
import type { Result, Stage } from '../stage.ts';

const AT_ONCE = 100;
const REST_MS = 2000;

/** Visitors who connect as fast as they are let in, and stay: what a connection costs. */
export async function idleSockets(stage: Stage): Promise<Result> {
  const { options } = stage;
  const mintedAt = performance.now();
  const tokens = await mintVisitors(options, options.count);
  const mintSeconds = (performance.now() - mintedAt) / 1000;
  await sleep(REST_MS);

  await stage.begin();
  const startedAt = performance.now();
  const latencies = new Latencies();
  const sockets = await inParallel(tokens, AT_ONCE, async (token) => {
    const askedAt = performance.now();
    const socket = await connect(options.url, '/visitors', token, options.origin);
    latencies.record(performance.now() - askedAt);
    return socket;
  });
  const seconds = (performance.now() - startedAt) / 1000;
  await sleep(REST_MS);
  await stage.end();

  const lost = sockets.filter((socket) => !socket.connected).length;
  disconnectAll(sockets);
  return {
    seconds,
    count: options.count,
    ack: latencies.summary(),
    figures: { sessions_per_second: round(options.count / mintSeconds) },
    deviations: lost > 0 ? [`${lost} connections were lost`] : [],
  };
}
