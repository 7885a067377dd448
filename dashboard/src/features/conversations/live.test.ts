import { QueryClient } from '@tanstack/react-query';
import { beforeEach, expect, test } from 'vitest';
import { keys } from '../../api/keys';
import type {
  Conversation,
  ConversationDetail,
  ConversationPage,
  Message,
  MessagePage,
  ParlourEvent,
  Status,
} from '../../api/wire';
import type { ListData, ThreadData } from './conversations';
import { applyEvent, followEvents, loadedAt } from './live';

const minute = (n: number) => new Date(Date.UTC(2026, 0, 1, 12, n)).toISOString();

const conversation = (id: string, at: number, more: Partial<Conversation> = {}): Conversation => ({
  id,
  project_id: 'p',
  visitor: { id: `v-${id}`, name: id },
  status: 'open',
  assignee_id: null,
  snippet: '',
  snippet_author: 'visitor',
  last_message_seq: at,
  last_message_at: minute(at),
  unread: 0,
  waiting_since: null,
  created_at: minute(0),
  ...more,
});

const message = (id: string, seq: number, conversationId = 'a'): Message => ({
  id,
  conversation_id: conversationId,
  seq,
  author: { kind: 'visitor', id: 'v', name: 'Vera' },
  kind: 'text',
  text: id,
  data: null,
  created_at: minute(seq),
});

const updated = (seq: number, changed: Conversation): ParlourEvent => ({
  seq,
  type: 'conversation.updated',
  project_id: 'p',
  at: minute(seq),
  data: { project_id: 'p', conversation_id: changed.id, conversation: changed },
});

const posted = (seq: number, posted: Message, changed: Conversation): ParlourEvent => ({
  seq,
  type: 'message.created',
  project_id: 'p',
  at: minute(seq),
  data: {
    project_id: 'p',
    conversation_id: changed.id,
    message: posted,
    conversation: changed,
  },
});

let client: QueryClient;

const loadList = (status: Status, ...pages: ConversationPage[]) =>
  client.setQueryData<ListData>(keys.list('p', status), {
    pages,
    pageParams: pages.map(() => null),
  });
const loadThread = (...pages: MessagePage[]) =>
  client.setQueryData<ThreadData>(keys.messages('p', 'a'), {
    pages,
    pageParams: pages.map(() => null),
  });
const listed = (status: Status = 'open') =>
  client
    .getQueryData<ListData>(keys.list('p', status))
    ?.pages.flatMap((page) => page.items.map(({ id }) => id));
const thread = () =>
  client
    .getQueryData<ThreadData>(keys.messages('p', 'a'))
    ?.pages.map((page) => page.items.map(({ id }) => id));

const page = (items: Conversation[], next_cursor: string | null = null, seq = 10) => ({
  items,
  next_cursor,
  seq,
});

beforeEach(() => {
  client = new QueryClient();
});

test('a message moves its conversation to the top, with what was said', () => {
  loadList('open', page([conversation('b', 2), conversation('a', 1)]));

  applyEvent(client, posted(11, message('m', 11), conversation('a', 11, { snippet: 'm' })));

  expect(listed()).toEqual(['a', 'b']);
  const first = client.getQueryData<ListData>(keys.list('p', 'open'))?.pages[0]?.items[0];
  expect(first?.snippet).toBe('m');
});

test('a message is put into its thread once, however often it comes', () => {
  loadThread({ items: [message('m1', 1)], next_cursor: null, seq: 10 });
  const event = posted(11, message('m2', 11), conversation('a', 11));

  applyEvent(client, event);
  applyEvent(client, event);

  expect(thread()).toEqual([['m1', 'm2']]);
});

test('messages out of order are put in order', () => {
  loadThread({ items: [message('m1', 1)], next_cursor: null, seq: 10 });

  applyEvent(client, posted(13, message('m3', 13), conversation('a', 13)));
  applyEvent(client, posted(12, message('m2', 12), conversation('a', 13)));

  expect(thread()).toEqual([['m1', 'm2', 'm3']]);
});

test('new messages go to the newest page', () => {
  loadThread(
    { items: [message('m3', 3)], next_cursor: 'x', seq: 10 },
    { items: [message('m1', 1), message('m2', 2)], next_cursor: null, seq: 10 },
  );

  applyEvent(client, posted(11, message('m4', 11), conversation('a', 11)));

  expect(thread()).toEqual([
    ['m3', 'm4'],
    ['m1', 'm2'],
  ]);
});

test('what is not loaded stays unloaded', () => {
  applyEvent(client, posted(11, message('m', 11), conversation('a', 11)));

  expect(listed()).toBeUndefined();
  expect(thread()).toBeUndefined();
});

test('a resolved conversation leaves the open ones and joins the resolved, in order', () => {
  loadList('open', page([conversation('b', 2), conversation('a', 1)]));
  loadList('resolved', page([conversation('d', 3), conversation('c', 0)]));

  applyEvent(client, updated(11, conversation('a', 1, { status: 'resolved' })));

  expect(listed('open')).toEqual(['b']);
  expect(listed('resolved')).toEqual(['d', 'a', 'c']);
});

test('a conversation older than what we have read of a list is not put at its end', () => {
  loadList('resolved', page([conversation('d', 5)], 'more'));

  applyEvent(client, updated(11, conversation('a', 1, { status: 'resolved' })));

  expect(listed('resolved')).toEqual(['d']);
});

test('an event that a list has in it already does not turn it back', () => {
  loadList('open', page([conversation('a', 9, { unread: 0 })], null, 20));

  applyEvent(client, updated(15, conversation('a', 5, { unread: 3 })));

  const first = client.getQueryData<ListData>(keys.list('p', 'open'))?.pages[0]?.items[0];
  expect(first?.unread).toBe(0);
});

test('a conversation moves from a later page to the first, and is there once', () => {
  loadList('open', page([conversation('c', 3)], 'x'), page([conversation('a', 1)]));

  applyEvent(client, posted(11, message('m', 11), conversation('a', 11)));

  expect(listed()).toEqual(['a', 'c']);
});

test('the opened conversation keeps where its visitor came from', () => {
  const metadata = { referrer: 'https://a.example', landing_page: null, url_history: [] };
  const detail: ConversationDetail = { ...conversation('a', 1), metadata, seq: 10 };
  client.setQueryData(keys.conversation('p', 'a'), detail);

  applyEvent(client, updated(11, conversation('a', 1, { status: 'pending' })));

  expect(client.getQueryData(keys.conversation('p', 'a'))).toMatchObject({
    status: 'pending',
    metadata,
  });
});

test('a message ends the typing of its visitor', () => {
  client.setQueryData(keys.typing('p'), { a: true, b: true });

  applyEvent(client, posted(11, message('m', 11), conversation('a', 11)));

  expect(client.getQueryData(keys.typing('p'))).toEqual({ b: true });
});

test('the log is joined at the oldest position of all that is loaded', () => {
  expect(loadedAt(client, 'p')).toBeNull();
  loadList('open', page([], null, 12));
  loadThread({ items: [], next_cursor: null, seq: 9 }, { items: [], next_cursor: null, seq: 14 });
  client.setQueryData(keys.project('p'), { id: 'p', name: 'Shop' });

  expect(loadedAt(client, 'p')).toBe(9);
});

test('an answer that was on its way while an event came gets the event too', async () => {
  const feed = followEvents(client, 'p');
  let answer: (page: MessagePage) => void = () => {};
  const reading = client.fetchInfiniteQuery({
    queryKey: keys.messages('p', 'a'),
    queryFn: () => new Promise<MessagePage>((resolve) => (answer = resolve)),
    initialPageParam: null,
  });

  feed.apply([posted(11, message('m2', 11), conversation('a', 11))]);
  answer({ items: [message('m1', 1)], next_cursor: null, seq: 10 });
  await reading;

  expect(thread()).toEqual([['m1', 'm2']]);
  feed.stop();
});
