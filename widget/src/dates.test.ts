import { expect, test } from 'vitest';
import { formatDay } from './dates';

const now = new Date('2026-03-01T09:00');

test.each([
  ['2026-03-01T00:01', 'Today'],
  ['2026-02-28T23:59', 'Yesterday'],
])('%s is %s', (at, name) => {
  expect(formatDay(new Date(at).toDateString(), now)).toBe(name);
});

test('a day before yesterday goes by its date', () => {
  expect(formatDay(new Date('2026-02-27T12:00').toDateString(), now)).toMatch(/27.*2026/);
});
