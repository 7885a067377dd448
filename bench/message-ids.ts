/**
 * Mints UUIDv7 whose last twelve digits count the run's messages, so that a received id leads to
 * its message by arithmetic, without a map of strings.
 */
export class MessageIds {
  // Version and variant, with what tells this run from another.
  readonly #run = `7${digits(3)}-8${digits(3)}-`;
  #milliseconds = 0;
  #time = '';

  mint(index: number): string {
    const now = Date.now();
    if (now > this.#milliseconds) {
      this.#milliseconds = now;
      const hex = now.toString(16).padStart(12, '0');
      this.#time = `${hex.slice(0, 8)}-${hex.slice(8)}-`;
    }
    return this.#time + this.#run + index.toString(16).padStart(12, '0');
  }

  /** The message an id stands for; -1 when another run minted it. */
  indexOf(id: string): number {
    return id.startsWith(this.#run, 14) ? Number.parseInt(id.slice(24), 16) : -1;
  }
}

function digits(count: number): string {
  return Math.floor(Math.random() * 16 ** count)
    .toString(16)
    .padStart(count, '0');
}
