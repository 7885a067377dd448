import { inParallel } from './in-parallel.ts';
import type { Ledger } from './ledger.ts';
import { Rest } from './rest.ts';
import type { Options } from './stage.ts';
import type { Conversation, Message, Page } from './wire.ts';

export interface Stored {
  conversations: number;
  /** Messages that REST returns, page by page. */
  messages: number;
  /** The sum of `last_message_seq` over all conversations. */
  lastSeqs: number;
  deviations: string[];
}

/** Read everything back over REST and compare it with the ledger. */
export async function compareWithStored(options: Options, ledger: Ledger): Promise<Stored> {
  const rest = new Rest(options.url, 4);
  const base = `/api/projects/${options.project}/conversations`;
  const headers = { Authorization: `Bearer ${options.token}` };
  const read = <Item>(path: string, limit: number): Promise<Item[]> =>
    readPages<Item>(rest, path, limit, headers);
  try {
    const conversations = await read<Conversation>(base, 100);
    const lists = await inParallel(conversations, 4, ({ id }) =>
      read<Message>(`${base}/${id}/messages`, 200),
    );
    return compare(conversations, lists, ledger);
  } finally {
    rest.close();
  }
}

async function readPages<Item>(
  rest: Rest,
  path: string,
  limit: number,
  headers: Record<string, string>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<Item> = await rest.ask('GET', `${path}?limit=${limit}${after}`, headers);
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}

function compare(conversations: Conversation[], lists: Message[][], ledger: Ledger): Stored {
  const lastSeqs = conversations.reduce((sum, { last_message_seq }) => sum + last_message_seq, 0);
  const messages = lists.reduce((sum, list) => sum + list.length, 0);
  const deviations: string[] = [];
  if (lastSeqs !== ledger.acked) {
    deviations.push(`the sum of last_message_seq is ${lastSeqs}, acked were ${ledger.acked}`);
  }
  if (messages !== ledger.acked) {
    deviations.push(`REST returns ${messages} messages, acked were ${ledger.acked}`);
  }
  const gaps = lists.filter((list, index) => !isGapless(list, conversations[index])).length;
  if (gaps > 0) deviations.push(`${gaps} conversations have gaps over REST`);
  const known = new Set(lists.flat().map(({ id }) => ledger.indexOf(id)));
  let lost = 0;
  for (let index = 0; index < ledger.opened; index++) {
    if (ledger.wasAcked(index) && !known.has(index)) lost += 1;
  }
  if (lost > 0) deviations.push(`${lost} acked messages are not in the database`);
  return { conversations: conversations.length, messages, lastSeqs, deviations };
}

function isGapless(list: Message[], conversation: Conversation | undefined): boolean {
  const seqs = list.map(({ seq }) => seq).sort((a, b) => a - b);
  return (
    seqs.length === conversation?.last_message_seq && seqs.every((seq, index) => seq === index + 1)
  );
}
