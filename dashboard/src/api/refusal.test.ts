import { expect, test } from 'vitest';
import { isPassing, Refusal, unwrap, unwrapAnswer } from './refusal';

function refusalOf(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
  }
  throw new Error('It was not refused.');
}

const answered = (error: unknown, headers: HeadersInit = {}, status = 503) =>
  refusalOf(() => unwrap({ error, response: new Response(null, { status, headers }) }));

test('says when to try again: as the problem has it, else the header', () => {
  const header = { 'Retry-After': '3' };
  expect(answered({ code: 'busy', retry_after: 2.5 }, header).retryAfter).toBe(2.5);
  expect(answered({ code: 'busy', retry_after: null }, header).retryAfter).toBe(3);
  expect(answered('<h1>Bad gateway</h1>', header).retryAfter).toBe(3);
  expect(answered({ code: 'busy' }).retryAfter).toBeNull();
  expect(answered('', { 'Retry-After': 'Wed, 21 Oct 2026 07:28:00 GMT' }).retryAfter).toBeNull();
});

test('an overload passes; a fault of the server or of the request need not', () => {
  const passing = [429, 500, 501, 502, 503, 504].filter((status) =>
    isPassing(answered({}, {}, status)),
  );
  expect(passing).toEqual([429, 502, 503, 504]);
  expect(isPassing(new TypeError('Failed to fetch'))).toBe(false);
});

test('an ack is what it says, or a refusal', () => {
  expect(unwrapAnswer({ ok: true, seq: 3 })).toEqual({ ok: true, seq: 3 });
  const error = { code: 'busy', message: 'Too much to do.', retry_after: 2 };
  const refusal = refusalOf(() => unwrapAnswer({ error }));
  expect(refusal).toMatchObject({ code: 'busy', message: 'Too much to do.', retryAfter: 2 });
});
