import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Outbox, type OutboxOptions } from './outbox';
import { type OutboxMessage, openOutboxStorage } from './outbox-storage';
import type { MessageAnswer, MessageDraft, VisitorMessage } from './types';

type Send = OutboxOptions['send'];

/** One tab: its outbox, and what it showed last. */
interface Tab {
  outbox: Outbox;
  shown: OutboxMessage[];
  sent: string[];
  online: boolean;
  heldUp: boolean;
}

const tabs: Tab[] = [];

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('navigator', { ...navigator, locks: fakeLocks() });
  // Immediates are real: the database runs on them.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  for (const tab of tabs.splice(0)) tab.outbox.close();
  vi.useRealTimers();
});

test('sends in the order of writing, one after another', async () => {
  const answers: (() => void)[] = [];
  const started: string[] = [];
  const tab = await openTab((draft) => {
    started.push(draft.id);
    return new Promise((resolve) => answers.push(() => resolve(stored(draft))));
  });
  void tab.outbox.add(draft('1'));
  void tab.outbox.add(draft('2'));

  await vi.waitUntil(() => tab.shown.length === 2 && answers.length === 1);
  expect(started).toEqual(['1']);
  answers[0]?.();
  await vi.waitUntil(() => answers.length === 2);
  answers[1]?.();
  await vi.waitUntil(() => tab.shown.length === 0);
  expect(tab.sent).toEqual(['1', '2']);
});

test('a message written without a connection survives a reload, and is sent after it', async () => {
  const before = await openTab(async (draft) => stored(draft));
  before.online = false;
  await before.outbox.add(draft('1'));
  expect(before.shown.map(({ draft }) => draft.id)).toEqual(['1']);
  expect(before.sent).toEqual([]);
  close(before);

  const after = await openTab(async (draft) => stored(draft));
  await after.outbox.flush();
  expect(after.sent).toEqual(['1']);
  await vi.waitUntil(() => after.shown.length === 0);
});

test.each(['unavailable', 'busy', 'rate_limited'])(
  '%s is tried again under the same id, when the server says or a little later',
  async (code) => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const ids: string[] = [];
    const tab = await openTab(async (draft) => {
      ids.push(draft.id);
      return ids.length < 3 ? refusal(code, 7) : stored(draft);
    });
    await tab.outbox.add(draft('1'));
    await tab.outbox.add(draft('2'));
    expect(tab.shown).toHaveLength(2);
    expect(tab.shown[0]?.failure).toBeUndefined();

    await vi.advanceTimersByTimeAsync(6999);
    expect(ids).toEqual(['1']);
    random.mockReturnValue(1);
    await vi.advanceTimersByTimeAsync(1);
    await vi.waitUntil(() => ids.length === 2);
    await settle();
    await vi.advanceTimersByTimeAsync(8399);
    expect(ids).toEqual(['1', '1']);
    await vi.advanceTimersByTimeAsync(1);
    await vi.waitUntil(() => tab.shown.length === 0);
    expect(ids).toEqual(['1', '1', '1', '2']);
    expect(tab.sent).toEqual(['1', '2']);
  },
);

test('a clock that is set back holds nothing up', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const send = vi
    .fn<Send>(async (draft) => stored(draft))
    .mockResolvedValueOnce(refusal('busy', 5));
  const tab = await openTab(send);
  await tab.outbox.add(draft('1'));
  vi.setSystemTime(Date.now() - 3_600_000);
  await vi.advanceTimersByTimeAsync(5000);
  await vi.waitUntil(() => tab.shown.length === 0);
  expect(tab.sent).toEqual(['1']);
});

test('without a word from the server, the time between two tries grows', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const send = vi.fn<Send>(async () => refusal('busy'));
  const tab = await openTab(send);
  await tab.outbox.add(draft('1'));
  for (const [tries, wait] of [1500, 3000, 6000, 10_000, 10_000].entries()) {
    await settle();
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(send).toHaveBeenCalledTimes(tries + 1);
    await vi.advanceTimersByTimeAsync(1);
    await vi.waitUntil(() => send.mock.calls.length === tries + 2);
  }
  expect(tab.shown[0]?.failure).toBeUndefined();
});

test.each(['unavailable', 'busy', 'rate_limited'])(
  'after %s nothing is sent before the server wants more, whoever asks',
  async (code) => {
    const send = vi.fn<Send>(async () => refusal(code, 60));
    const tab = await openTab(send);
    await tab.outbox.add(draft('1'));
    await tab.outbox.add(draft('2'));
    await tab.outbox.flush();
    expect(send).toHaveBeenCalledTimes(1);
    expect(tab.heldUp).toBe(code === 'rate_limited');
  },
);

test('no answer is tried again', async () => {
  const send = vi
    .fn<Send>(async (draft) => stored(draft))
    .mockRejectedValueOnce(new Error('timeout'));
  const tab = await openTab(send);
  await tab.outbox.add(draft('1'));
  expect(tab.sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1500);
  await vi.waitUntil(() => tab.shown.length === 0);
  expect(tab.sent).toEqual(['1']);
});

test('a connection that is back is used at once', async () => {
  const send = vi.fn<Send>(async (draft) => stored(draft)).mockRejectedValueOnce(new Error('lost'));
  const tab = await openTab(send);
  await tab.outbox.add(draft('1'));
  await tab.outbox.flush();
  expect(tab.sent).toEqual(['1']);
});

test('every other refusal is final, lets the next pass, and can be retried or discarded', async () => {
  let isRefused = true;
  const tab = await openTab(async (draft) =>
    isRefused && draft.id !== '3' ? refusal('invalid') : stored(draft),
  );
  for (const id of ['1', '2', '3']) await tab.outbox.add(draft(id));
  expect(tab.sent).toEqual(['3']);
  expect(tab.shown.map(({ failure }) => failure)).toEqual(['Refused.', 'Refused.']);

  isRefused = false;
  await tab.outbox.retry('1');
  await tab.outbox.discard('2');
  expect(tab.sent).toEqual(['3', '1']);
  expect(tab.shown).toEqual([]);
});

test('two tabs never send the same message twice, and both see it sent', async () => {
  const posted: string[] = [];
  const send: Send = async (draft) => {
    await new Promise((resolve) => setImmediate(resolve));
    posted.push(draft.id);
    return stored(draft);
  };
  const [one, other] = [await openTab(send), await openTab(send)];
  one.online = other.online = false;
  await one.outbox.add(draft('1'));
  await other.outbox.add(draft('2'));
  one.online = other.online = true;
  await Promise.all([one.outbox.flush(), other.outbox.flush()]);

  await vi.waitUntil(() => one.shown.length === 0 && other.shown.length === 0);
  expect(posted).toEqual(['1', '2']);
  await vi.waitUntil(() => one.sent.length === 2 && other.sent.length === 2);
});

test('without a database messages are kept in memory', async () => {
  vi.stubGlobal('indexedDB', {
    open() {
      throw new Error('Not here.');
    },
  });
  const tab = await openTab(async (draft) => stored(draft));
  tab.online = false;
  await tab.outbox.add(draft('1'));
  expect(tab.shown).toHaveLength(1);
  tab.online = true;
  await tab.outbox.flush();
  expect(tab.sent).toEqual(['1']);
});

async function openTab(send: Send): Promise<Tab> {
  const tab = { shown: [], sent: [], online: true, heldUp: false } as unknown as Tab;
  tab.outbox = new Outbox({
    name: 'outbox',
    storage: await openOutboxStorage('outbox'),
    isOnline: () => tab.online,
    send,
    onSent: ({ id }) => tab.sent.push(id),
    onChange: (messages) => {
      tab.shown = messages;
    },
    onHeldUp: (seconds) => {
      tab.heldUp = seconds !== null;
    },
  });
  tabs.push(tab);
  return tab;
}

/** Let the database, and what waits for it, come to rest. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
}

function close(tab: Tab): void {
  tab.outbox.close();
  tabs.splice(tabs.indexOf(tab), 1);
}

function draft(id: string): MessageDraft {
  return { id, text: `text ${id}`, kind: 'text', data: null, context: null };
}

function stored({ id, text }: MessageDraft): MessageAnswer {
  const message: VisitorMessage = {
    id,
    conversation_id: 'c1',
    seq: Number(id),
    author: { kind: 'visitor', name: '' },
    kind: 'text',
    text,
    data: null,
    created_at: '2026-01-02T03:04:05Z',
  };
  return { ok: true, message };
}

function refusal(code: string, retryAfter: number | null = null): MessageAnswer {
  return { error: { code, message: 'Refused.', retry_after: retryAfter } };
}

/** What a browser promises the tabs of a website: one holder at a time. */
function fakeLocks() {
  let last: Promise<unknown> = Promise.resolve();
  return {
    request<T>(_name: string, task: () => Promise<T>): Promise<T> {
      const result = last.then(task);
      last = result.catch(() => undefined);
      return result;
    },
  };
}
