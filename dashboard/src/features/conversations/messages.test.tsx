import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, cleanup, renderHook } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keys } from '../../api/keys';
import { Refusal } from '../../api/refusal';
import type { Message } from '../../api/wire';
import { putMessage, type ThreadData } from './conversations';
import { OutboxProvider, useThread } from './messages';
import { Outbox, type Unsent } from './outbox';

interface Delivery {
  reply: Unsent;
  succeed: () => Promise<void>;
  fail: (error: unknown) => Promise<void>;
}

let client: QueryClient;
let outbox: Outbox;
let deliveries: Delivery[];

const messageOf = ({ id, text }: Unsent, seq = 11): Message => ({
  id,
  conversation_id: 'c',
  seq,
  author: { kind: 'member', id: 'u', name: 'Ana' },
  kind: 'text',
  text,
  data: null,
  created_at: '2026-01-01T12:00:00Z',
});

const settle = () => act(() => vi.advanceTimersByTimeAsync(0));

/** An outbox whose server is held in the hand. Opening another one is a reload. */
const openOutbox = () =>
  new Outbox(
    'u',
    (_conversation, reply) =>
      new Promise<Message>((resolve, reject) => {
        deliveries.push({
          reply,
          succeed: async () => {
            putMessage(client, 'p', messageOf(reply));
            resolve(messageOf(reply));
            await settle();
          },
          fail: async (error) => {
            reject(error);
            await settle();
          },
        });
      }),
  );

function openThread() {
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>
      <OutboxProvider value={outbox}>{children}</OutboxProvider>
    </QueryClientProvider>
  );
  const { result } = renderHook(() => useThread('p', 'c'), { wrapper });
  return () => ({
    posted: result.current.posted.map(({ text }) => text),
    unsent: result.current.unsent.map(({ text, state }) => `${text}: ${state}`),
  });
}

const write = async (text: string) => {
  act(() => {
    outbox.add('p', 'c', text);
  });
  await settle();
};

const echo = async (reply: Unsent) => {
  act(() => putMessage(client, 'p', messageOf(reply)));
  await settle();
};

const latest = (): Delivery => {
  const delivery = deliveries.at(-1);
  if (!delivery) throw new Error('nothing was sent');
  return delivery;
};

const refusal = (status: number, detail = 'No.') =>
  new Refusal(status, { code: 'invalid', detail });

const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds));

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  deliveries = [];
  client = new QueryClient({
    defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } },
  });
  client.setQueryData<ThreadData>(keys.messages('p', 'c'), {
    pages: [{ items: [], next_cursor: null, seq: 10 }],
    pageParams: [null],
  });
  outbox = openOutbox();
});
afterEach(() => {
  outbox.close();
  cleanup();
  vi.useRealTimers();
});

test('a reply is on screen at once, and posted when the server has it', async () => {
  const thread = openThread();
  await write('Hello');
  expect(thread()).toEqual({ posted: [], unsent: ['Hello: sending'] });

  await latest().succeed();
  expect(thread()).toEqual({ posted: ['Hello'], unsent: [] });
});

test('the echo before the answer: one message, never two', async () => {
  const thread = openThread();
  await write('Hello');
  await echo(latest().reply);
  expect(thread()).toEqual({ posted: ['Hello'], unsent: [] });

  await latest().succeed();
  expect(thread()).toEqual({ posted: ['Hello'], unsent: [] });
  expect(outbox.list('c')).toEqual([]);
});

test('the echo after the answer: one message, never two', async () => {
  const thread = openThread();
  await write('Hello');
  const { reply } = latest();
  await latest().succeed();
  await echo(reply);

  expect(thread()).toEqual({ posted: ['Hello'], unsent: [] });
});

test('the echo is enough when the answer was lost', async () => {
  const thread = openThread();
  await write('Hello');
  const { reply } = latest();
  await latest().fail(new TypeError('Failed to fetch'));
  await echo(reply);

  expect(thread()).toEqual({ posted: ['Hello'], unsent: [] });
  await act(() => vi.advanceTimersByTimeAsync(60_000));
  expect(deliveries).toHaveLength(1);
});

test('replies go out one after the other, in the order they were written', async () => {
  const thread = openThread();
  await write('One');
  await write('Two');
  expect(deliveries.map(({ reply }) => reply.text)).toEqual(['One']);
  expect(thread().unsent).toEqual(['One: sending', 'Two: waiting']);

  await latest().succeed();
  expect(deliveries.map(({ reply }) => reply.text)).toEqual(['One', 'Two']);
});

test('a refused reply has failed, with the reason, and does not hold up the next', async () => {
  const thread = openThread();
  await write('Bad');
  await write('Good');
  await latest().fail(refusal(422, 'Too rude.'));

  expect(thread().unsent).toEqual(['Bad: failed', 'Good: sending']);
  expect(outbox.list('c')[0]?.reason).toBe('Too rude.');
});

test('a failed reply survives a reload, is sent by Retry with the same id, and goes by Discard', async () => {
  await write('Bad');
  await latest().fail(refusal(422));
  const { id } = latest().reply;
  outbox.close();

  outbox = openOutbox();
  const thread = openThread();
  outbox.resume();
  await settle();
  expect(thread().unsent).toEqual(['Bad: failed']);
  expect(deliveries).toHaveLength(1);

  act(() => outbox.retry('c', id));
  await settle();
  expect(deliveries).toHaveLength(2);
  expect(latest().reply.id).toBe(id);

  await latest().fail(refusal(422));
  act(() => outbox.remove('c', id));
  expect(thread().unsent).toEqual([]);
  expect(localStorage.length).toBe(0);
});

test('a reply that was on its way during a reload is sent again', async () => {
  await write('Hello');
  outbox.close();

  outbox = openOutbox();
  outbox.resume();
  await settle();

  expect(deliveries.map(({ reply }) => reply.id)).toEqual([
    deliveries[0]?.reply.id,
    deliveries[0]?.reply.id,
  ]);
});

test('without a network a reply waits, and goes out by itself', async () => {
  const thread = openThread();
  await write('Hello');
  await latest().fail(new TypeError('Failed to fetch'));
  expect(thread().unsent).toEqual(['Hello: waiting']);

  await pass(1_500);
  expect(deliveries).toHaveLength(2);
  await latest().fail(new TypeError('Failed to fetch'));
  act(() => outbox.resume());
  await settle();
  expect(deliveries).toHaveLength(3);
});

test('a server that keeps failing makes it fail; it is not tried for ever', async () => {
  const thread = openThread();
  await write('Hello');
  for (const pause of [1_500, 3_000, 6_000]) {
    await latest().fail(refusal(500));
    await pass(pause);
  }
  expect(deliveries).toHaveLength(4);
  await latest().fail(refusal(500));

  expect(thread().unsent).toEqual(['Hello: failed']);
  expect(outbox.list('c')[0]?.reason).toContain('The server had a problem.');
});

test.each([429, 502, 503, 504])(
  'a server with too much to do (%i) is asked again when it says, however often, in order',
  async (status) => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const thread = openThread();
    await write('One');
    await write('Two');
    const { id } = latest().reply;
    for (let tries = 1; tries <= 6; tries++) {
      random.mockReturnValue(tries % 2);
      const wait = tries % 2 ? 8_400 : 7_000;
      await latest().fail(new Refusal(status, { code: 'busy', retry_after: 7 }));
      expect(thread().unsent).toEqual(['One: sending', 'Two: waiting']);
      await pass(wait - 1);
      expect(deliveries).toHaveLength(tries);
      await pass(1);
      expect(deliveries).toHaveLength(tries + 1);
      expect(latest().reply.id).toBe(id);
    }
    await latest().succeed();
    expect(thread()).toEqual({ posted: ['One'], unsent: ['Two: sending'] });
  },
);

test('a server that does not say when is asked ever more rarely', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  await write('Hello');
  for (const [tries, wait] of [1_500, 3_000, 6_000, 10_000, 10_000].entries()) {
    await latest().fail(refusal(503));
    await pass(wait - 1);
    expect(deliveries).toHaveLength(tries + 1);
    await pass(1);
    expect(deliveries).toHaveLength(tries + 2);
  }
});

test('nothing is sent before the server wants more, in whichever conversation', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  await write('One');
  await latest().fail(new Refusal(429, { code: 'rate_limited', retry_after: 60 }));
  act(() => {
    outbox.add('p', 'c', 'Two');
    outbox.add('p', 'other', 'Elsewhere');
    outbox.resume();
  });
  vi.setSystemTime(Date.now() - 3_600_000); // what the clock shows does not matter
  await pass(59_999);
  expect(deliveries).toHaveLength(1);
  await pass(1);
  expect(deliveries.map(({ reply }) => reply.text)).toEqual(['One', 'One', 'Elsewhere']);
});

test('refusals for the moment do not count as faults of the server', async () => {
  const thread = openThread();
  await write('Hello');
  for (let tries = 0; tries < 5; tries++) {
    await latest().fail(refusal(503));
    await pass(10_000);
  }
  await latest().fail(refusal(500));
  expect(thread().unsent).toEqual(['Hello: waiting']);
});

test('an expired session keeps the reply until its author is back', async () => {
  const thread = openThread();
  await write('Hello');
  await latest().fail(refusal(401));

  expect(thread().unsent).toEqual(['Hello: waiting']);
});

test('a reply written in another tab is shown here, and not overwritten by one written here', async () => {
  const elsewhere = openOutbox();
  const thread = openThread();
  elsewhere.add('p', 'c', 'There');
  const key = 'parlour.unsent.u.c';
  act(() => {
    dispatchEvent(new StorageEvent('storage', { key }));
  });
  expect(thread().unsent).toEqual(['There: sending']);

  await write('Here');
  expect(JSON.parse(localStorage.getItem(key) ?? '[]')).toHaveLength(2);
  elsewhere.close();
});

test('replies of another member of this browser are not mine', async () => {
  await write('Mine');
  const other = new Outbox('other', () => Promise.reject(new Error('not asked')));

  expect(other.list('c')).toEqual([]);
});
