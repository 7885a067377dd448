import type { Socket } from 'socket.io-client';
import { connectAgents, connectVisitors, disconnectAll, mintVisitors, settle } from '../clients.ts';
import { Ledger } from '../ledger.ts';
import { sendOne } from '../sender.ts';
import type { Result, Stage } from '../stage.ts';
import { compareWithStored } from '../stored.ts';

/**
 * Messages at fixed times, whatever the server answers: how long they take at a given load.
 *
 * Latency counts from the time a message was due, so a server (or generator) that stalls cannot
 * hide its stall by being sent less.
 */
export async function openLoop(stage: Stage): Promise<Result> {
  const { options } = stage;
  const count = Math.round((options.warmup + options.seconds) * options.rate);
  const ledger = new Ledger(count, options.agents);
  const agents = await connectAgents(options, options.agents, ledger);
  const tokens = await mintVisitors(options, options.visitors);
  const visitors = await connectVisitors(options, tokens, ledger);

  const startAt = performance.now() + 100;
  const from = startAt + options.warmup * 1000;
  const until = from + options.seconds * 1000;
  ledger.measure(from, until);
  const sent = sendOnSchedule(visitors, ledger, startAt, options.rate, count);
  await settle(() => performance.now() >= from, Number.POSITIVE_INFINITY);
  await stage.begin();
  await sent;
  await settle(() => performance.now() >= until, Number.POSITIVE_INFINITY);
  await stage.end();
  await settle(() => ledger.acked === count && ledger.isDelivered);

  disconnectAll(agents, visitors);
  const stored = await compareWithStored(options, ledger);
  return {
    seconds: options.seconds,
    count: ledger.ackedInWindow,
    ack: ledger.ack.summary(),
    delivery: ledger.delivery.summary(),
    figures: {
      acked: ledger.acked,
      delivered: ledger.deliveries,
      stored: stored.messages,
      sum_of_last_seq: stored.lastSeqs,
      ...Object.fromEntries(ledger.refusals),
    },
    deviations: [...ledger.deviations(), ...stored.deviations],
  };
}

/** Send each message when it is due, or, where a timer came late, as soon after as can be. */
function sendOnSchedule(
  visitors: Socket[],
  ledger: Ledger,
  startAt: number,
  rate: number,
  count: number,
): Promise<void> {
  const interval = 1000 / rate;
  return new Promise((resolve) => {
    const sendDue = (): void => {
      const now = performance.now();
      while (ledger.opened < count && startAt + ledger.opened * interval <= now) {
        const index = ledger.open(startAt + ledger.opened * interval);
        void sendOne(visitors[index % visitors.length] as Socket, ledger, index);
      }
      if (ledger.opened < count) setTimeout(sendDue, 1);
      else resolve();
    };
    sendDue();
  });
}
