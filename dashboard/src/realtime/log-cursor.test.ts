import { expect, test } from 'vitest';
import type { LogAnswer, ParlourEvent } from '../api/wire';
import { LogCursor } from './log-cursor';

const event = (seq: number) => ({ seq, type: 'conversation.updated' }) as ParlourEvent;
const events = (...seqs: number[]) => seqs.map(event);
const seqs = (all: ParlourEvent[]) => all.map(({ seq }) => seq);
const missed = (seq: number, ...missedSeqs: number[]): LogAnswer => ({
  ok: true,
  seq,
  events: events(...missedSeqs),
  reload: false,
});

test('live frames wait for the answer, which comes first', () => {
  const cursor = new LogCursor(10);
  cursor.hold();
  expect(cursor.receive(events(13))).toEqual([]);
  expect(cursor.receive(events(14))).toEqual([]);

  expect(seqs(cursor.release(missed(12, 11, 12)))).toEqual([11, 12, 13, 14]);
  expect(cursor.last).toBe(14);
});

test('what is in the answer and in a waiting frame is applied once', () => {
  const cursor = new LogCursor(10);
  cursor.hold();
  cursor.receive(events(12, 13));

  expect(seqs(cursor.release(missed(12, 11, 12)))).toEqual([11, 12, 13]);
});

test('afterwards frames pass at once, and old ones are dropped', () => {
  const cursor = new LogCursor(10);
  cursor.hold();
  cursor.release(missed(12, 11, 12));

  expect(seqs(cursor.receive(events(12, 13)))).toEqual([13]);
  expect(cursor.receive(events(13))).toEqual([]);
});

test('an answer without events moves the position to where the log is', () => {
  const cursor = new LogCursor(10);
  cursor.hold();
  cursor.release(missed(40));

  expect(cursor.last).toBe(40);
  expect(cursor.receive(events(39))).toEqual([]);
});

test('a reload skips what it covers, and keeps what came after', () => {
  const cursor = new LogCursor(10);
  cursor.hold();
  cursor.receive(events(499, 501));

  expect(seqs(cursor.release({ ok: true, seq: 500, events: [], reload: true }))).toEqual([501]);
  expect(cursor.last).toBe(501);
});

test('holding again after a lost connection keeps what was waiting', () => {
  const cursor = new LogCursor(10);
  cursor.hold();
  cursor.receive(events(12));
  cursor.hold();

  expect(seqs(cursor.release(missed(11, 11)))).toEqual([11, 12]);
});

test('a frame out of order is put in order', () => {
  const cursor = new LogCursor(10);
  expect(seqs(cursor.receive(events(12, 11)))).toEqual([11, 12]);
});
