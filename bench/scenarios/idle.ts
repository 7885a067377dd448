import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'socket.io-client';
import { connectAgents, connectVisitors, disconnectAll, mintVisitors, settle } from '../clients.ts';
import { Ledger } from '../ledger.ts';
import { sendOne } from '../sender.ts';
import type { Result, Stage } from '../stage.ts';
import { compareWithStored } from '../stored.ts';

const WARMUP_MESSAGES = 50;
const PAUSE_MS = 20;

/** One visitor, one agent watching: how long a message takes when nobody else writes. */
export async function idle(stage: Stage): Promise<Result> {
  const { options } = stage;
  const ledger = new Ledger(options.messages + WARMUP_MESSAGES, 1);
  const agents = await connectAgents(options, 1, ledger);
  const visitors = await connectVisitors(options, await mintVisitors(options, 1), ledger);
  const visitor = visitors[0] as Socket;

  await sendPaced(visitor, ledger, WARMUP_MESSAGES);
  await stage.begin();
  const startedAt = performance.now();
  ledger.measure(startedAt, Number.POSITIVE_INFINITY);
  await sendPaced(visitor, ledger, options.messages);
  const seconds = (performance.now() - startedAt) / 1000;
  await settle(() => ledger.isDelivered);
  await stage.end();

  disconnectAll(agents, visitors);
  const stored = await compareWithStored(options, ledger);
  return {
    seconds,
    count: options.messages,
    ack: ledger.ack.summary(),
    delivery: ledger.delivery.summary(),
    figures: { acked: ledger.acked, stored: stored.messages, sum_of_last_seq: stored.lastSeqs },
    deviations: [...ledger.deviations(), ...stored.deviations],
  };
}

async function sendPaced(visitor: Socket, ledger: Ledger, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    await sendOne(visitor, ledger, ledger.open(performance.now()));
    await sleep(PAUSE_MS);
  }
}
