import type { Problem } from './wire';

/** The server answered, and said no. `code` is stable; `message` is for people. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Record<string, string>;
  readonly retryAfter: number | null;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.name = 'Refusal';
    this.status = status;
    this.code = problem.code ?? 'unknown';
    this.retryAfter = problem.retry_after ?? null;
    this.fields = Object.fromEntries(
      (problem.errors ?? []).map(({ field, message }) => [field, message]),
    );
  }
}

interface Result<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or a thrown `Refusal`. */
export function unwrap<Data>(result: Result<Data>): Data {
  if (result.response.ok) return result.data as Data;
  const { error } = result;
  const problem = typeof error === 'object' && error !== null ? error : {};
  throw new Refusal(result.response.status, problem);
}

/** True when trying the same again may work: no answer, an overload, a fault of the server. */
export const isTransient = (error: unknown): boolean =>
  !(error instanceof Refusal) || error.status === 429 || error.status >= 500;

/** One sentence for a person about what went wrong. */
export function explain(error: unknown): string {
  if (!(error instanceof Refusal)) {
    return 'The server cannot be reached. Check your connection and try again.';
  }
  if (error.status === 429) {
    const wait = error.retryAfter ? ` in ${error.retryAfter} seconds` : ' in a moment';
    return `Too many attempts. Try again${wait}.`;
  }
  if (error.status >= 500) return 'The server had a problem. Try again in a moment.';
  return error.message;
}
