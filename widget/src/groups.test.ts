import { expect, test } from 'vitest';
import { groupByDay } from './groups';
import type { Entry } from './store';

let count = 0;

function entry(at: string, author: Entry['author'] = 'member', name = 'Maya'): Entry {
  count += 1;
  return { id: String(count), author, name, text: '', at, state: 'sent' };
}

/** How many messages each group has, day by day. */
function sizes(entries: Entry[]): number[][] {
  return groupByDay(entries).map(({ groups }) => groups.map((group) => group.entries.length));
}

test('messages of one author in a row are a group', () => {
  expect(sizes([entry('2026-01-02T10:00'), entry('2026-01-02T10:01')])).toEqual([[2]]);
});

test('another author, another name or a pause begins another group', () => {
  const entries = [
    entry('2026-01-02T10:00'),
    entry('2026-01-02T10:01', 'visitor', ''),
    entry('2026-01-02T10:02', 'member', 'Maya'),
    entry('2026-01-02T10:03', 'member', 'Jon'),
    entry('2026-01-02T10:09', 'member', 'Jon'),
  ];
  expect(sizes(entries)).toEqual([[1, 1, 1, 1, 1]]);
});

test('another day begins another day, however short the pause', () => {
  expect(sizes([entry('2026-01-02T23:59'), entry('2026-01-03T00:00')])).toEqual([[1], [1]]);
});

test('what the visitor wrote stays together while it is sent', () => {
  const posted = entry('2026-01-02T10:00', 'visitor', 'Visitor 12');
  const sending = entry('2026-01-02T10:01', 'visitor', '');
  expect(sizes([posted, sending])).toEqual([[2]]);
});

test('what the system says stands alone', () => {
  const entries = [
    entry('2026-01-02T10:00', 'system', ''),
    entry('2026-01-02T10:00', 'system', ''),
  ];
  expect(sizes(entries)).toEqual([[1, 1]]);
});
