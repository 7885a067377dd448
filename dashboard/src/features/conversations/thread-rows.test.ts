import { expect, test } from 'vitest';
import type { Message } from '../../api/wire';
import { type BubbleRow, threadRows } from './thread-rows';

const me = { id: 'u', name: 'Ana' };

const message = (id: string, at: string, author: Message['author']): Message => ({
  id,
  conversation_id: 'c',
  seq: 1,
  author,
  kind: 'text',
  text: id,
  data: null,
  created_at: new Date(`2026-03-0${at}:00`).toISOString(),
});
const vera: Message['author'] = { kind: 'visitor', id: 'v', name: 'Vera' };
const ana: Message['author'] = { kind: 'member', id: 'u', name: 'Ana' };

const bubbles = (messages: Message[]) =>
  threadRows(messages, [], me, false).filter((row): row is BubbleRow => row.type === 'bubble');

const shape = (messages: Message[]) =>
  bubbles(messages).map(
    ({ key, isFirst, isLast }) => `${isFirst ? '(' : ''}${key}${isLast ? ')' : ''}`,
  );

test('messages of one author within minutes are a group', () => {
  const messages = [
    message('a', '1T10:00', vera),
    message('b', '1T10:02', vera),
    message('c', '1T10:03', ana),
    message('d', '1T10:30', ana),
  ];
  expect(shape(messages)).toEqual(['(a', 'b)', '(c)', '(d)']);
});

test('two colleagues are two groups', () => {
  const ben = { ...ana, id: 'w', name: 'Ben' };
  expect(shape([message('a', '1T10:00', ana), message('b', '1T10:00', ben)])).toEqual([
    '(a)',
    '(b)',
  ]);
});

test('a day begins at its first message, and ends a group', () => {
  const messages = [message('a', '1T23:59', vera), message('b', '2T00:01', vera)];
  expect(bubbles(messages).map(({ startsDay }) => startsDay)).toEqual([true, true]);
  expect(shape(messages)).toEqual(['(a)', '(b)']);
});

test('what the system says is an event between groups', () => {
  const system: Message['author'] = { kind: 'system', id: null, name: 'System' };
  const rows = threadRows(
    [message('a', '1T10:00', vera), message('s', '1T10:01', system), message('b', '1T10:02', vera)],
    [],
    me,
    true,
  );
  expect(rows.map(({ type }) => type)).toEqual(['bubble', 'event', 'bubble', 'typing']);
});

test('what is on its way comes last, as mine, under the name it will keep', () => {
  const unsent = {
    id: 'x',
    projectId: 'p',
    text: 'soon',
    writtenAt: '2026-01-01T00:00:00Z',
    state: 'sending' as const,
    reason: null,
  };
  const rows = threadRows([message('a', '1T10:00', vera)], [unsent], me, false);
  expect(rows.at(-1)).toMatchObject({ key: 'x', side: 'team', isNewest: true, author: ana });
});
