import { connectVisitors, disconnectAll, settle } from '../clients.ts';
import { Ledger } from '../ledger.ts';
import { ClosedLoop } from '../sender.ts';
import type { Result, Stage } from '../stage.ts';

const MOST_PER_SECOND = 100_000;

/** The load of `saturate` on a server that only acks: what the machine and this generator allow. */
export async function echo(stage: Stage): Promise<Result> {
  const { options } = stage;
  const ledger = new Ledger((options.seconds + options.warmup + 5) * MOST_PER_SECOND, 0);
  const tokens = new Array<string>(options.visitors).fill('');
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

  disconnectAll(visitors);
  return {
    seconds: options.seconds,
    count: ledger.ackedInWindow,
    ack: ledger.ack.summary(),
    deviations: ledger.deviations(),
  };
}
