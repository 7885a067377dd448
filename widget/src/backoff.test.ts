import { expect, test } from 'vitest';
import { asAsked, backOff } from './backoff';

test('a thousand clients that lost their server come back over more than a second, soon', () => {
  const first = Array.from({ length: 1000 }, () => backOff(0)).sort((a, b) => a - b);
  expect(first.at(0)).toBeGreaterThanOrEqual(0.3);
  expect(first.at(-1)).toBeLessThanOrEqual(1.5);
  const tenths = new Set(first.map((seconds) => Math.floor(seconds * 10)));
  expect(tenths.size).toBeGreaterThanOrEqual(12);
});

test('waits longer after every failure, but never so long that a server is missed for long', () => {
  for (let failures = 0; failures < 50; failures++) {
    expect(backOff(failures)).toBeLessThanOrEqual(Math.min(1.5 * 2 ** failures, 10));
  }
  expect(backOff(50, 300)).toBeGreaterThan(10);
});

test('what the server asks for is kept, and at most a fifth longer', () => {
  for (let tries = 0; tries < 100; tries++) {
    expect(asAsked(5)).toBeGreaterThanOrEqual(5);
    expect(asAsked(5)).toBeLessThanOrEqual(6);
  }
});
