import { expect, test, vi } from 'vitest';
import { uuid } from './uuid';

test('is a UUIDv7 of the present time', () => {
  const before = Date.now();
  const id = uuid();

  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const time = Number.parseInt(id.replace('-', '').slice(0, 12), 16);
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThan(before + 1000);
});

test('each is greater than the one before, within a millisecond and when the clock goes back', () => {
  const now = Date.now() + 60_000;
  const clock = vi.spyOn(Date, 'now').mockReturnValue(now);
  const ids = Array.from({ length: 5000 }, uuid);
  clock.mockReturnValue(now - 30_000);
  ids.push(uuid());

  expect(ids).toEqual([...ids].sort());
  expect(new Set(ids).size).toBe(ids.length);
});
