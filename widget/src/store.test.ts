import { beforeEach, expect, test } from 'vitest';
import { Store } from './store';
import type { AuthorKind, VisitorEvent, VisitorMessage } from './types';

function message(seq: number, kind: AuthorKind = 'member'): VisitorMessage {
  return {
    id: `m${seq}`,
    conversation_id: 'c1',
    seq,
    author: { kind, name: 'Maya' },
    kind: 'text',
    text: `text ${seq}`,
    data: null,
    created_at: '2026-01-02T03:04:05Z',
  };
}

function event(seq: number, of = message(seq)): VisitorEvent {
  return {
    seq,
    type: 'message.created',
    project_id: 'p',
    data: { message: of },
    at: of.created_at,
  };
}

function draft(id: string) {
  return { id, text: 'waiting', kind: 'text', data: null, context: null };
}

let store: Store;

beforeEach(() => {
  store = new Store();
});

test('an event is applied once, and never an older one', () => {
  expect(store.applyEvents([event(1), event(2)])).toHaveLength(2);
  expect(store.applyEvents([event(1), event(2)])).toEqual([]);
  expect(store.seq).toBe(2);
  expect(store.entries.value.map(({ id }) => id)).toEqual(['m1', 'm2']);
});

test('the place in the log never goes back', () => {
  store.applyEvents([], 9);
  store.applyEvents([], 4);
  expect(store.seq).toBe(9);
});

test('messages are in the order of the conversation, however they came', () => {
  store.addPosted([message(3)]);
  store.addPosted([message(1), message(2)]);
  store.addPosted([message(2)]);
  expect(store.posted.value.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test('a message that is stored and still in the outbox is shown once, as sent', () => {
  store.waiting.value = [{ draft: draft('m1'), created_at: '2026-01-02T03:04:05Z' }];
  expect(store.entries.value.map(({ state }) => state)).toEqual(['sending']);

  store.addPosted([message(1, 'visitor')]);
  expect(store.entries.value.map(({ state }) => state)).toEqual(['sent']);
});

test('what failed is shown as failed, with the reason', () => {
  store.waiting.value = [
    { draft: draft('x'), created_at: '2026-01-02T03:04:05Z', failure: 'Too long.' },
  ];
  expect(store.entries.value).toMatchObject([{ state: 'failed', failure: 'Too long.' }]);
});

test('counts answers after what was read, and after what the visitor wrote', () => {
  store.addPosted([message(1), message(2)]);
  expect(store.unread.value).toBe(2);
  store.markRead();
  store.addPosted([message(3)]);
  expect(store.unread.value).toBe(1);
  store.addPosted([message(4, 'visitor')]);
  expect(store.unread.value).toBe(0);
});

test('an answer ends the typing', () => {
  store.typingName.value = 'Maya';
  store.applyEvents([event(1, message(1, 'visitor'))]);
  expect(store.typingName.value).toBe('Maya');
  store.applyEvents([event(2)]);
  expect(store.typingName.value).toBeNull();
});

test('the latest page replaces what was shown, an older one is put before it', () => {
  store.addPosted([message(1)]);
  store.showLatest({ items: [message(8), message(9)], next_cursor: 'older', seq: 20 });
  expect(store.posted.value.map(({ seq }) => seq)).toEqual([8, 9]);
  expect(store.seq).toBe(20);

  store.showOlder({ items: [message(6), message(7)], next_cursor: null, seq: 21 });
  expect(store.posted.value.map(({ seq }) => seq)).toEqual([6, 7, 8, 9]);
  expect(store.seq).toBe(20);
  expect(store.olderCursor.value).toBeNull();
});
