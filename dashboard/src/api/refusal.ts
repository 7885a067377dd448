import type { Problem, Refused } from './wire';

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
  const problem: Partial<Problem> = typeof error === 'object' && error !== null ? error : {};
  // A problem says it more exactly than the header, which may come from a proxy.
  const header = Number(result.response.headers.get('Retry-After'));
  const retry_after = problem.retry_after || header || null;
  throw new Refusal(result.response.status, { ...problem, retry_after });
}

/** What a socket's ack says, or a thrown `Refusal`: its status is 0, since sockets have none. */
export function unwrapAnswer<Said extends object>(answer: Said | Refused): Said {
  if (!('error' in answer)) return answer;
  const { message, ...refusal } = answer.error;
  throw new Refusal(0, { ...refusal, detail: message });
}

/** True when trying the same again may work: no answer, an overload, a fault of the server. */
export const isTransient = (error: unknown): boolean =>
  !(error instanceof Refusal) || error.status === 429 || error.status >= 500;

/** True when the server would take the same later, and it is about the moment alone. */
export const isPassing = (error: unknown): error is Refusal =>
  error instanceof Refusal && [429, 502, 503, 504].includes(error.status);

/** One sentence for a person about what went wrong. */
export function explain(error: unknown): string {
  if (!(error instanceof Refusal)) {
    return 'The server cannot be reached. Check your connection and try again.';
  }
  if (error.status === 429) {
    const wait = error.retryAfter ? ` in ${Math.ceil(error.retryAfter)} seconds` : ' in a moment';
    return `Too many attempts. Try again${wait}.`;
  }
  if (error.status >= 500) return 'The server had a problem. Try again in a moment.';
  return error.message;
}
