import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TypingNotice } from './typing';

const tell = vi.fn();
let typing: TypingNotice;

beforeEach(() => {
  vi.useFakeTimers();
  tell.mockClear();
  typing = new TypingNotice(tell);
});

afterEach(() => {
  vi.useRealTimers();
});

test('says so at the first key, and that it is over 1.5 seconds after the last', () => {
  typing.touch();
  vi.advanceTimersByTime(1000);
  typing.touch();
  vi.advanceTimersByTime(1499);
  expect(tell.mock.calls).toEqual([[true]]);
  vi.advanceTimersByTime(1);
  expect(tell.mock.calls).toEqual([[true], [false]]);
});

test('says so again only every few seconds', () => {
  for (let key = 0; key < 40; key++) {
    typing.touch();
    vi.advanceTimersByTime(100);
  }
  expect(tell.mock.calls).toEqual([[true], [true]]);
});

test('ends at once, and only once', () => {
  typing.touch();
  typing.end();
  typing.end();
  vi.runAllTimers();
  expect(tell.mock.calls).toEqual([[true], [false]]);
});
