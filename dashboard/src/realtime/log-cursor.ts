import type { LogAnswer, ParlourEvent } from '../api/wire';

/**
 * Where we are in a project's log. While the answer to a join is awaited, live frames wait too,
 * so that nothing newer is applied before what was missed; nothing is applied twice.
 */
export class LogCursor {
  #last: number | null;
  #held: ParlourEvent[] | null = null;

  constructor(after: number | null) {
    this.#last = after;
  }

  /** The position to join after; null before the first answer. */
  get last(): number | null {
    return this.#last;
  }

  /** From now on live frames wait for `release`. */
  hold() {
    this.#held ??= [];
  }

  /** Take a live frame. Returns what may be applied now. */
  receive(frame: ParlourEvent[]): ParlourEvent[] {
    if (this.#held) {
      this.#held.push(...frame);
      return [];
    }
    return this.#advance(frame);
  }

  /** Take the answer to a join. Returns what to apply: the missed first, then what waited. */
  release(answer: LogAnswer): ParlourEvent[] {
    const held = this.#held ?? [];
    this.#held = null;
    if (answer.reload) {
      this.#last = answer.seq; // all is read anew: what came before is in there
      return this.#advance(held);
    }
    const fresh = this.#advance([...answer.events, ...held]);
    this.#last = Math.max(this.#last ?? 0, answer.seq);
    return fresh;
  }

  #advance(events: ParlourEvent[]): ParlourEvent[] {
    const fresh: ParlourEvent[] = [];
    for (const event of [...events].sort((a, b) => a.seq - b.seq)) {
      if (this.#last !== null && event.seq <= this.#last) continue;
      this.#last = event.seq;
      fresh.push(event);
    }
    return fresh;
  }
}
