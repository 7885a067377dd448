import { expect, test } from 'vitest';
import { newId } from './ids';

test('an id is a UUID of version 7, made of the time', () => {
  expect(newId(0x0123456789ab)).toMatch(
    /^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u,
  );
});

test('ids sort by the time they were made, and never repeat', () => {
  expect(newId(1_000) < newId(2_000)).toBe(true);
  expect(new Set(Array.from({ length: 1000 }, () => newId(1)))).toHaveLength(1000);
});
