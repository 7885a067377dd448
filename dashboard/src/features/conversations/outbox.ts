import { explain, isPassing, isTransient, Refusal } from '../../api/refusal';
import type { Message } from '../../api/wire';
import { asAsked, backOff } from '../../lib/backoff';
import { newId } from '../../lib/ids';
import { load, save, storedKeys } from '../../lib/storage';

/**
 * Replies on their way. They are in localStorage until the server has them, so that neither a
 * reload nor a lost connection nor an expired session loses one. `sending` is being tried,
 * `waiting` will be tried again by itself, `failed` waits for a person.
 */
export interface Unsent {
  id: string;
  projectId: string;
  text: string;
  writtenAt: string;
  state: 'sending' | 'waiting' | 'failed';
  reason: string | null;
}

export type Deliver = (conversationId: string, reply: Unsent) => Promise<Message>;

const FAULTS_BEFORE_FAILED = 4;
const none: Unsent[] = [];

export class Outbox {
  readonly #prefix: string;
  readonly #deliver: Deliver;
  readonly #unsent = new Map<string, Unsent[]>();
  readonly #busy = new Set<string>();
  /** How often the server failed at a reply. */
  readonly #faults = new Map<string, number>();
  /** How many tries in a row came to nothing in a conversation. */
  readonly #tries = new Map<string, number>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #listeners = new Set<() => void>();
  /** Until then, by a clock that nobody sets, the server wants nothing more from this member. */
  #heldUpUntil = 0;

  constructor(userId: string, deliver: Deliver) {
    this.#prefix = `parlour.unsent.${userId}.`;
    this.#deliver = deliver;
    for (const key of storedKeys(this.#prefix)) {
      this.#unsent.set(key.slice(this.#prefix.length), load<Unsent[]>(key) ?? none);
    }
    addEventListener('storage', this.#onStorage);
  }

  /** What a conversation has on its way, oldest first. The same array until it changes. */
  list = (conversationId: string): Unsent[] => this.#unsent.get(conversationId) ?? none;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Take a reply over from the composer: stored first, then sent. */
  add(projectId: string, conversationId: string, text: string): Unsent {
    const reply: Unsent = {
      id: newId(),
      projectId,
      text,
      writtenAt: new Date().toISOString(),
      state: 'waiting',
      reason: null,
    };
    this.#put(conversationId, [...this.list(conversationId), reply]);
    void this.#flush(conversationId);
    return reply;
  }

  retry(conversationId: string, id: string) {
    this.#faults.delete(id);
    this.#update(conversationId, id, { state: 'waiting', reason: null });
    void this.#flush(conversationId);
  }

  /** Forget a reply: its author discarded it, or it is among the posted messages. */
  remove(conversationId: string, id: string) {
    const left = this.list(conversationId).filter((reply) => reply.id !== id);
    if (left.length < this.list(conversationId).length) this.#put(conversationId, left);
  }

  /** Try all that waits: at the start, and whenever the server is there again. */
  resume() {
    for (const conversationId of this.#unsent.keys()) void this.#flush(conversationId);
  }

  close() {
    removeEventListener('storage', this.#onStorage);
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#listeners.clear();
  }

  /** Another tab of the same member wrote: what is on its way there is on its way here too. */
  #onStorage = ({ key }: StorageEvent) => {
    if (key?.startsWith(this.#prefix)) {
      this.#show(key.slice(this.#prefix.length), load<Unsent[]>(key) ?? none);
    }
  };

  #show(conversationId: string, replies: Unsent[]) {
    if (replies.length > 0) this.#unsent.set(conversationId, replies);
    else this.#unsent.delete(conversationId);
    for (const listener of this.#listeners) listener();
  }

  #put(conversationId: string, replies: Unsent[]) {
    save(this.#prefix + conversationId, replies.length > 0 ? replies : null);
    this.#show(conversationId, replies);
  }

  #update(conversationId: string, id: string, change: Partial<Unsent>) {
    const replies = this.list(conversationId);
    this.#put(
      conversationId,
      replies.map((reply) => (reply.id === id ? { ...reply, ...change } : reply)),
    );
  }

  /** Send what waits, one after the other, so that replies arrive in the order they were written. */
  async #flush(conversationId: string) {
    clearTimeout(this.#timers.get(conversationId));
    if (this.#busy.has(conversationId)) return;
    const heldUpFor = this.#heldUpUntil - performance.now();
    if (heldUpFor > 0) {
      this.#flushLater(conversationId, heldUpFor);
      return;
    }
    this.#busy.add(conversationId);
    try {
      let isGoing = true;
      while (isGoing) {
        const next = this.list(conversationId).find((reply) => reply.state !== 'failed');
        isGoing = next !== undefined && (await this.#send(conversationId, next));
      }
    } finally {
      this.#busy.delete(conversationId);
    }
  }

  /** True when the next one may go. */
  async #send(conversationId: string, reply: Unsent): Promise<boolean> {
    this.#update(conversationId, reply.id, { state: 'sending' });
    try {
      await this.#deliver(conversationId, reply);
      this.#faults.delete(reply.id);
      this.#tries.delete(conversationId);
      this.remove(conversationId, reply.id);
      return true;
    } catch (error) {
      return this.#notSent(conversationId, reply, error);
    }
  }

  #notSent(conversationId: string, reply: Unsent, error: unknown): boolean {
    const isSignedOut = error instanceof Refusal && error.status === 401;
    if (isSignedOut) {
      this.#update(conversationId, reply.id, { state: 'waiting' });
      return false; // goes out when its author is back
    }
    const tries = this.#tries.get(conversationId) ?? 0;
    this.#tries.set(conversationId, tries + 1);
    if (isPassing(error)) {
      const pause = error.retryAfter ? asAsked(error.retryAfter) : backOff(tries);
      this.#heldUpUntil = performance.now() + pause;
      this.#flushLater(conversationId, pause);
      return false; // still on its way: it is about the moment, not about the reply
    }
    if (error instanceof Refusal && this.#isFinal(reply.id, error)) {
      this.#update(conversationId, reply.id, { state: 'failed', reason: explain(error) });
      this.#tries.delete(conversationId);
      return true;
    }
    this.#update(conversationId, reply.id, { state: 'waiting' });
    this.#flushLater(conversationId, backOff(tries));
    return false;
  }

  #isFinal(id: string, refusal: Refusal): boolean {
    const faults = (this.#faults.get(id) ?? 0) + 1;
    this.#faults.set(id, faults);
    return !isTransient(refusal) || faults >= FAULTS_BEFORE_FAILED;
  }

  #flushLater(conversationId: string, pause: number) {
    clearTimeout(this.#timers.get(conversationId));
    const timer = setTimeout(() => void this.#flush(conversationId), pause);
    this.#timers.set(conversationId, timer);
  }
}
