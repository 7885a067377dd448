/** Samples in milliseconds, and what is said of them. */

export interface Summary {
  count: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

export class Latencies {
  #values = new Float64Array(1 << 14);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  record(milliseconds: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = milliseconds;
  }

  /** Percentiles by nearest rank: every figure is a sample that happened. */
  summary(): Summary {
    const sorted = this.#values.slice(0, this.#count).sort();
    const at = (share: number): number => round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
    return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
