import type { Socket } from 'socket.io-client';
import { connectAgents, connectVisitors, disconnectAll, mintVisitors, settle } from '../clients.ts';
import { inParallel } from '../in-parallel.ts';
import { Latencies } from '../latencies.ts';
import { Ledger } from '../ledger.ts';
import { Rest } from '../rest.ts';
import { sendOne, TEXT } from '../sender.ts';
import type { Options, Result, Stage } from '../stage.ts';
import { compareWithStored } from '../stored.ts';
import type { LogEvent, Message } from '../wire.ts';

const MOST_PER_SECOND = 20_000;

/** Replies over REST, one connection for each conversation, each after the last was answered. */
export async function replies(stage: Stage): Promise<Result> {
  const { options } = stage;
  const ledger = new Ledger((options.seconds + options.warmup + 5) * MOST_PER_SECOND, 1);
  const agents = await connectAgents(options, 1, ledger);
  const tokens = await mintVisitors(options, options.connections);
  const visitors = await connectVisitors(options, tokens, ledger);
  const toVisitor = new Latencies();
  for (const visitor of visitors) listen(visitor, ledger, toVisitor);
  const conversations = await inParallel(visitors, 5, (visitor) =>
    beginConversation(visitor, ledger),
  );

  const rest = new Rest(options.url, options.connections);
  const from = performance.now() + options.warmup * 1000;
  const until = from + options.seconds * 1000;
  ledger.measure(from, until);
  const loops = conversations.map((id) => replyUntil(until, id, options, rest, ledger));
  await settle(() => performance.now() >= from, Number.POSITIVE_INFINITY);
  await stage.begin();
  await Promise.all(loops);
  await stage.end();
  await settle(() => ledger.isDelivered && toVisitor.count >= ledger.ack.count);
  rest.close();

  disconnectAll(agents, visitors);
  const stored = await compareWithStored(options, ledger);
  return {
    seconds: options.seconds,
    count: ledger.ackedInWindow,
    ack: ledger.ack.summary(),
    delivery: toVisitor.summary(),
    figures: { acked: ledger.acked, stored: stored.messages, sum_of_last_seq: stored.lastSeqs },
    deviations: [
      ...ledger.deviations(),
      ...stored.deviations,
      ...compareWithVisitors(ledger.ack.count, toVisitor.count),
    ],
  };
}

/** Have a visitor write first, and return the conversation that this begins. */
async function beginConversation(visitor: Socket, ledger: Ledger): Promise<string> {
  const first = await sendOne(visitor, ledger, ledger.open(performance.now()));
  if (!first) throw new Error('a first message was refused');
  return first.conversation_id;
}

async function replyUntil(
  until: number,
  conversation: string,
  options: Options,
  rest: Rest,
  ledger: Ledger,
): Promise<void> {
  const path = `/api/projects/${options.project}/conversations/${conversation}/messages`;
  const headers = { Authorization: `Bearer ${options.token}` };
  while (performance.now() < until) {
    const index = ledger.open(performance.now());
    const reply = { id: ledger.mintId(index), text: TEXT };
    ledger.enterAck(index, await rest.ask<Message>('POST', path, headers, reply));
  }
}

function listen(visitor: Socket, ledger: Ledger, toVisitor: Latencies): void {
  visitor.on('events', (events: LogEvent[]) => {
    const now = performance.now();
    for (const { data } of events) {
      const age = data?.message && ledger.age(ledger.indexOf(data.message.id), now);
      if (age !== undefined) toVisitor.record(age);
    }
  });
}

function compareWithVisitors(posted: number, received: number): string[] {
  if (received === posted) return [];
  return [`visitors received ${received} replies, posted were ${posted}`];
}
