const REPEAT_MS = 3000;
const PAUSE_MS = 1500;

/** Tells that somebody types: at most every few seconds, and once when they pause. */
export class TypingNotice {
  readonly #tell: (isTyping: boolean) => void;
  #toldAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (isTyping: boolean) => void) {
    this.#tell = tell;
  }

  /** A key was pressed. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end(), PAUSE_MS);
    if (Date.now() - this.#toldAt < REPEAT_MS) return;
    this.#toldAt = Date.now();
    this.#tell(true);
  }

  /** The message was sent, taken back, or is being thought over. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#toldAt === 0) return;
    this.#toldAt = 0;
    this.#tell(false);
  }
}
