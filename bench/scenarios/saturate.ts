import { connectAgents, connectVisitors, disconnectAll, mintVisitors, settle } from '../clients.ts';
import { Ledger } from '../ledger.ts';
import { ClosedLoop } from '../sender.ts';
import type { Result, Stage } from '../stage.ts';
import { compareWithStored } from '../stored.ts';

const MOST_PER_SECOND = 50_000;

/** Visitors who each write again as soon as they are acked: how much a server stores at most. */
export async function saturate(stage: Stage): Promise<Result> {
  const { options } = stage;
  const capacity = (options.seconds + options.warmup + 5) * MOST_PER_SECOND;
  const ledger = new Ledger(capacity, options.agents);
  const agents = await connectAgents(options, options.agents, ledger);
  const tokens = await mintVisitors(options, options.visitors);
  const visitors = await connectVisitors(options, tokens, ledger);

  const from = performance.now() + options.warmup * 1000;
  const until = from + options.seconds * 1000;
  ledger.measure(from, until);
  const loops = visitors.map((visitor) => new ClosedLoop(visitor, ledger).run(until));
  await settle(() => performance.now() >= from, Number.POSITIVE_INFINITY);
  await stage.begin();
  await settle(() => performance.now() >= until, Number.POSITIVE_INFINITY);
  await stage.end();
  await Promise.race([Promise.all(loops), settle(() => false)]);
  await settle(() => ledger.isDelivered);

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
      conversations: stored.conversations,
      ...Object.fromEntries(ledger.refusals),
    },
    deviations: [...ledger.deviations(), ...stored.deviations],
  };
}
