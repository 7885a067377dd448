import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Summary } from './latencies.ts';
import { round } from './latencies.ts';

/** What a scenario may be told on the command line. */
export interface Options {
  url: string;
  project: string;
  token: string;
  origin: string;
  seconds: number;
  warmup: number;
  visitors: number;
  agents: number;
  messages: number;
  rate: number;
  count: number;
  connections: number;
}

/** What a scenario answers. */
export interface Result {
  /** How long was measured, in seconds. */
  seconds: number;
  /** How many messages, or connections, that time saw. */
  count: number;
  ack?: Summary;
  delivery?: Summary;
  figures?: Record<string, number>;
  deviations: string[];
}

/**
 * What surrounds a scenario: its options, and whoever started it.
 *
 * A runner hears each phase as a line of JSON on standard output and answers with a line, after it
 * has looked at the server's processes. Without a runner phases pass at once.
 */
export class Stage {
  readonly options: Options;
  readonly #runner: Interface | undefined;
  #cpu = process.cpuUsage();
  #startedAt = 0;
  cpuShare = 0;

  constructor(options: Options, hasRunner: boolean) {
    this.options = options;
    this.#runner = hasRunner ? createInterface({ input: process.stdin }) : undefined;
  }

  /** Say that what follows is measured. */
  async begin(): Promise<void> {
    await this.#announce('begin');
    this.#cpu = process.cpuUsage();
    this.#startedAt = performance.now();
  }

  /** Say that what is measured is over; the connections are still open. */
  async end(): Promise<void> {
    const { user, system } = process.cpuUsage(this.#cpu);
    this.cpuShare = round((user + system) / 1000 / (performance.now() - this.#startedAt));
    await this.#announce('end');
  }

  close(): void {
    this.#runner?.close();
    process.stdin.destroy();
  }

  async #announce(phase: string): Promise<void> {
    if (!this.#runner) return;
    const answered = once(this.#runner, 'line');
    process.stdout.write(`${JSON.stringify({ phase })}\n`);
    await answered;
  }
}
