import { Latencies } from './latencies.ts';
import { MessageIds } from './message-ids.ts';
import type { LogEvent, Message } from './wire.ts';

/** What one agent's socket has received. */
class Receipts {
  readonly counts: Uint8Array;
  readonly lastSeqs = new Map<string, number>();
  lastEvent = 0;
  total = 0;

  constructor(capacity: number) {
    this.counts = new Uint8Array(capacity);
  }
}

/**
 * The books of a run: every message that was sent, when it was due, acked and delivered, and
 * whatever of that is not as promised.
 *
 * Latencies are kept of the messages that were due in the measured window; the checks cover all.
 */
export class Ledger {
  readonly ack = new Latencies();
  readonly delivery = new Latencies();
  readonly refusals = new Map<string, number>();
  ackedInWindow = 0;
  opened = 0;
  acked = 0;
  lostConnections = 0;
  readonly #ids = new MessageIds();
  readonly #dueAt: Float64Array;
  // The place in its conversation that the server gave a message; 0 until anyone was told.
  readonly #seqs: Uint32Array;
  readonly #acks: Uint8Array;
  readonly #agents: Receipts[];
  #from = Number.POSITIVE_INFINITY;
  #until = Number.POSITIVE_INFINITY;
  #failed = 0;
  #outOfOrder = 0;
  #eventsOutOfOrder = 0;
  #disagreements = 0;
  #foreign = 0;
  #malformed = 0;

  constructor(capacity: number, agents: number) {
    // Memory is only taken where it is written, so a generous capacity costs nothing.
    this.#dueAt = new Float64Array(capacity);
    this.#seqs = new Uint32Array(capacity);
    this.#acks = new Uint8Array(capacity);
    this.#agents = Array.from({ length: agents }, () => new Receipts(capacity));
  }

  /** Messages due from then until then are the measured ones. */
  measure(from: number, until: number): void {
    this.#from = from;
    this.#until = until;
  }

  /** Enter a message that is due at a time; its index is what the other methods want. */
  open(dueAt: number): number {
    if (this.opened === this.#dueAt.length) throw new Error('the ledger is full');
    this.#dueAt[this.opened] = dueAt;
    return this.opened++;
  }

  mintId(index: number): string {
    return this.#ids.mint(index);
  }

  indexOf(id: string): number {
    return this.#ids.indexOf(id);
  }

  wasAcked(index: number): boolean {
    return this.#acks[index] === 1;
  }

  /** How long ago a message was due, when it counts; else undefined. */
  age(index: number, now: number): number | undefined {
    const dueAt = this.#dueAt[index] as number;
    return dueAt >= this.#from && dueAt < this.#until ? now - dueAt : undefined;
  }

  enterAck(index: number, message: Message | undefined): void {
    const now = performance.now();
    this.acked += 1;
    this.#acks[index] = 1;
    if (now >= this.#from && now < this.#until) this.ackedInWindow += 1;
    const age = this.age(index, now);
    if (age !== undefined) this.ack.record(age);
    if (!message) return;
    if (this.indexOf(message.id) !== index) this.#disagreements += 1;
    this.#agreeOn(index, message.seq);
  }

  enterRefusal(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  /** Enter that a message was refused for good. */
  enterFailure(): void {
    this.#failed += 1;
  }

  enterEvents(agent: number, events: LogEvent[]): void {
    const now = performance.now();
    const receipts = this.#agents[agent] as Receipts;
    for (const event of events) {
      if (!event.data) {
        this.#malformed += 1;
        continue;
      }
      if (event.seq <= receipts.lastEvent) this.#eventsOutOfOrder += 1;
      receipts.lastEvent = event.seq;
      const message = event.data.message;
      if (event.type === 'message.created' && message) this.#enterDelivery(receipts, message, now);
    }
  }

  /** Whether every acked message has reached every agent as often as it must. */
  get isDelivered(): boolean {
    return this.#agents.every((receipts) => receipts.total >= this.acked);
  }

  get deliveries(): number {
    return this.#agents.reduce((sum, receipts) => sum + receipts.total, 0);
  }

  /** Everything that is not as promised, in words. */
  deviations(): string[] {
    const { missing, repeated, unknown } = this.#recount();
    const pending = this.opened - this.acked - this.#failed;
    const found: [number, string][] = [
      [pending, 'messages were never answered'],
      [this.#failed, 'messages were refused for good'],
      [missing, 'acked messages did not reach an agent'],
      [repeated, 'messages reached an agent more than once'],
      [unknown, 'messages reached an agent but were not acked'],
      [this.#outOfOrder, 'messages came out of the order of their conversation'],
      [this.#eventsOutOfOrder, 'events came out of the order of the log'],
      [this.#disagreements, 'messages were told with two different ids or places'],
      [this.#foreign, 'messages were not of this run'],
      [this.#malformed, 'events had not the shape of one'],
      [this.lostConnections, 'connections were lost'],
    ];
    return found.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  }

  #enterDelivery(receipts: Receipts, message: Message, now: number): void {
    const expected = (receipts.lastSeqs.get(message.conversation_id) ?? 0) + 1;
    if (message.seq !== expected) this.#outOfOrder += 1;
    receipts.lastSeqs.set(message.conversation_id, message.seq);

    const index = this.indexOf(message.id);
    if (index < 0 || index >= this.opened) {
      this.#foreign += 1;
      return;
    }
    receipts.counts[index] = (receipts.counts[index] as number) + 1;
    receipts.total += 1;
    this.#agreeOn(index, message.seq);
    const age = this.age(index, now);
    if (age !== undefined) this.delivery.record(age);
  }

  #agreeOn(index: number, seq: number): void {
    if (this.#seqs[index] === 0) this.#seqs[index] = seq;
    else if (this.#seqs[index] !== seq) this.#disagreements += 1;
  }

  #recount(): { missing: number; repeated: number; unknown: number } {
    let [missing, repeated, unknown] = [0, 0, 0];
    for (const { counts } of this.#agents) {
      for (let index = 0; index < this.opened; index++) {
        const count = counts[index] as number;
        if (count > 1) repeated += 1;
        if (count === 0 && this.wasAcked(index)) missing += 1;
        if (count > 0 && !this.wasAcked(index)) unknown += 1;
      }
    }
    return { missing, repeated, unknown };
  }
}
