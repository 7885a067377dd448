import { asAsked, backOff } from './backoff';
import { exclusively } from './locks';
import type { OutboxMessage, OutboxStorage } from './outbox-storage';
import type { MessageAnswer, MessageDraft, VisitorMessage } from './types';

/** Refusals that are about the moment, not about the message. */
const PASSING = new Set(['unavailable', 'busy', 'rate_limited']);

export interface OutboxOptions {
  /** Names the queue, for the tabs that share it. */
  name: string;
  storage: OutboxStorage;
  isOnline(): boolean;
  /** Rejects when there was no answer. */
  send(draft: MessageDraft): Promise<MessageAnswer>;
  onSent(message: VisitorMessage): void;
  /** What waits has changed, here or in another tab. */
  onChange(messages: OutboxMessage[]): void;
  /** The server asked to wait that long before sending more. */
  onHeldUp(seconds: number | null): void;
}

/**
 * What the visitor has written and the server does not have yet, in order.
 *
 * A message leaves only when it is stored there, or when the visitor discards it. It has the same
 * id however often it is sent, so sending twice is posting once.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #channel: BroadcastChannel;
  #flushing: Promise<void> | undefined;
  #isFlushWanted = false;
  #failures = 0;
  #heldUpUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#channel = new BroadcastChannel(options.name);
    this.#channel.onmessage = async ({ data: sent }: MessageEvent<VisitorMessage | null>) => {
      if (sent) options.onSent(sent);
      await this.#show();
      // Should that tab go away, this one sends what is left.
      void this.flush();
    };
    void this.#show();
  }

  /** Keep a message, and send it when it is its turn. */
  async add(draft: MessageDraft): Promise<void> {
    await this.#options.storage.put({ draft, created_at: new Date().toISOString() });
    await this.#changed();
    await this.flush();
  }

  /** Send a message that failed once more. */
  async retry(id: string): Promise<void> {
    const messages = await this.#options.storage.list();
    const message = messages.find(({ draft }) => draft.id === id);
    if (!message) return;
    await this.#options.storage.put({ draft: message.draft, created_at: message.created_at });
    await this.#changed();
    await this.flush();
  }

  /** Give up a message that failed. */
  async discard(id: string): Promise<void> {
    await this.#options.storage.delete(id);
    await this.#changed();
  }

  /** Send what waits, one after another, as far as it goes now. */
  flush(): Promise<void> {
    this.#isFlushWanted = true;
    this.#flushing ??= exclusively(this.#options.name, () => this.#sendAll()).finally(() => {
      this.#flushing = undefined;
      // Something may have come just after the last look into the storage.
      if (this.#isFlushWanted && !this.#isClosed) void this.flush();
    });
    return this.#flushing;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#channel.close();
    this.#options.storage.close();
  }

  async #sendAll(): Promise<void> {
    this.#isFlushWanted = false;
    while (!this.#isClosed && this.#options.isOnline() && Date.now() >= this.#heldUpUntil) {
      const messages = await this.#options.storage.list();
      const next = messages.find(({ failure }) => failure === undefined);
      if (!next || !(await this.#sendOne(next))) return;
    }
  }

  /** Send one message; tell whether the next may follow. */
  async #sendOne(message: OutboxMessage): Promise<boolean> {
    const { storage, send, onSent } = this.#options;
    let answer: MessageAnswer;
    try {
      answer = await send(message.draft);
    } catch {
      this.#waitAndFlush(backOff(this.#failures++));
      return false;
    }
    if ('error' in answer) {
      const { code, message: reason, retry_after } = answer.error;
      if (PASSING.has(code)) {
        const wait = retry_after ? asAsked(retry_after) : backOff(this.#failures++);
        this.#heldUpUntil = Date.now() + wait * 1000;
        if (code === 'rate_limited') this.#options.onHeldUp(Math.ceil(wait));
        this.#waitAndFlush(wait);
        return false;
      }
      await storage.put({ ...message, failure: reason });
    } else {
      onSent(answer.message);
      await storage.delete(message.draft.id);
    }
    this.#failures = 0;
    await this.#changed('message' in answer ? answer.message : null);
    return true;
  }

  #waitAndFlush(seconds: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#heldUpUntil = 0; // a timer may be early by the clock
      this.#options.onHeldUp(null);
      void this.flush();
    }, seconds * 1000);
  }

  async #changed(sent: VisitorMessage | null = null): Promise<void> {
    if (this.#isClosed) return;
    this.#channel.postMessage(sent);
    await this.#show();
  }

  async #show(): Promise<void> {
    const messages = await this.#options.storage.list();
    if (!this.#isClosed) this.#options.onChange(messages);
  }
}
