import type { Socket } from 'socket.io-client';
import type { Ledger } from './ledger.ts';
import { type Ack, type Message, RETRYABLE, type Refusal } from './wire.ts';

// As long as people write: 100 bytes.
export const TEXT =
  'Hello, I ordered two lamps last week and only one has arrived. Could you see where the other one is?';

/**
 * A visitor who writes one message after another: the next as soon as the last is acked.
 *
 * Payload and callback are made once; a message costs its id and what the client allocates.
 */
export class ClosedLoop {
  readonly #socket: Socket;
  readonly #ledger: Ledger;
  readonly #payload = { id: '', text: TEXT };
  #index = 0;
  #until = 0;
  #finish: () => void = () => undefined;

  constructor(socket: Socket, ledger: Ledger) {
    this.#socket = socket;
    this.#ledger = ledger;
  }

  /** Write until a time, and resolve when the last message is acked. */
  run(until: number): Promise<void> {
    this.#until = until;
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#next();
    });
  }

  #next(): void {
    const now = performance.now();
    if (now >= this.#until) {
      this.#finish();
      return;
    }
    this.#index = this.#ledger.open(now);
    this.#payload.id = this.#ledger.mintId(this.#index);
    this.#emit();
  }

  readonly #emit = (): void => {
    this.#socket.emit('message.send', this.#payload, this.#onAck);
  };

  readonly #onAck = (ack: Ack): void => {
    if (ack.error) {
      if (refuse(this.#ledger, ack.error, this.#emit)) return;
    } else {
      this.#ledger.enterAck(this.#index, ack.message);
    }
    this.#next();
  };
}

/** Send one message, again when that is asked for; resolve with what is stored, if it is. */
export function sendOne(
  socket: Socket,
  ledger: Ledger,
  index: number,
): Promise<Message | undefined> {
  const payload = { id: ledger.mintId(index), text: TEXT };
  return new Promise((resolve) => {
    const emit = (): void => {
      socket.emit('message.send', payload, onAck);
    };
    const onAck = (ack: Ack): void => {
      if (ack.error) {
        if (refuse(ledger, ack.error, emit)) return;
      } else {
        ledger.enterAck(index, ack.message);
      }
      resolve(ack.message);
    };
    emit();
  });
}

/** Enter a refusal; resend what may be sent again, and tell whether it will be. */
function refuse(ledger: Ledger, refusal: Refusal, resend: () => void): boolean {
  ledger.enterRefusal(refusal.code);
  if (!RETRYABLE.has(refusal.code)) {
    ledger.enterFailure();
    return false;
  }
  setTimeout(resend, (refusal.retry_after ?? 1) * 1000);
  return true;
}
