import { expect, test } from 'vitest';
import { dayName, daysAgo, duration, isSameDay, shortAge } from './dates';

const local = (text: string) => new Date(text).toISOString();
const now = new Date('2026-03-12T15:00:00').getTime();

test.each([
  ['2026-03-12T14:59:30', 'now'],
  ['2026-03-12T14:52:00', '8m'],
  ['2026-03-12T12:00:00', '3h'],
  ['2026-03-11T16:00:00', '23h'],
])('%s is %s', (iso, age) => {
  expect(shortAge(local(iso), now)).toBe(age);
});

test('older than a day is a weekday, older than a week a date, of another year with the year', () => {
  const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
  expect(shortAge(local('2026-03-10T10:00:00'), now)).toBe(
    weekday.format(new Date('2026-03-10T10:00:00')),
  );
  expect(shortAge(local('2026-02-01T10:00:00'), now)).toMatch(/1/u);
  expect(shortAge(local('2026-02-01T10:00:00'), now)).not.toMatch(/2026/u);
  expect(shortAge(local('2025-02-01T10:00:00'), now)).toMatch(/2025/u);
});

test('a clock that is behind never shows a negative age', () => {
  expect(shortAge(local('2026-03-12T15:05:00'), now)).toBe('now');
});

test('days are those of the calendar, not of 24 hours', () => {
  expect(daysAgo(local('2026-03-11T23:59:00'), now)).toBe(1);
  expect(daysAgo(local('2026-03-12T00:01:00'), now)).toBe(0);
  expect(isSameDay(local('2026-03-11T23:59:00'), local('2026-03-12T00:01:00'))).toBe(false);
});

test('today and yesterday have names', () => {
  expect(dayName(local('2026-03-12T01:00:00'), now)).toBe('Today');
  expect(dayName(local('2026-03-11T01:00:00'), now)).toBe('Yesterday');
  expect(dayName(local('2026-03-10T01:00:00'), now)).toMatch(/10/u);
});

test('a duration is said in the unit one would use', () => {
  const minutes = 60_000;
  expect(duration(20_000)).toBe('less than a minute');
  expect(duration(9 * minutes)).toBe('9 min');
  expect(duration(60 * minutes)).toBe('1 h');
  expect(duration(125 * minutes)).toBe('2 h 5 min');
  expect(duration(25 * 60 * minutes)).toBe('1 day');
  expect(duration(72 * 60 * minutes)).toBe('3 days');
});
