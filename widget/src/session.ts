import { exclusively } from './locks';
import type { Memory } from './memory';
import type { Problem, WidgetSession } from './types';

const REQUEST_TIMEOUT_MS = 15_000;
const FIRST_DELAY_SECONDS = 2;
const LONGEST_DELAY_SECONDS = 300;

/** The server's answer is no, and asking again would not change it. */
export class SessionRefused extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** A try that may go better later. */
class NotNow {
  readonly retryAfter: number;

  constructor(retryAfter: number) {
    this.retryAfter = retryAfter;
  }
}

/** Ask the server who this visitor is. Tries until there is an answer, ever more rarely. */
export async function openSession(
  base: string,
  projectId: string,
  memory: Memory,
  ended: AbortSignal,
): Promise<WidgetSession> {
  for (let delay = FIRST_DELAY_SECONDS; ; delay = Math.min(delay * 2, LONGEST_DELAY_SECONDS)) {
    ended.throwIfAborted();
    // One tab at a time: two that ask at once would become two visitors.
    const answer = await exclusively(memory.key('session'), () =>
      requestSession(base, projectId, memory),
    );
    if (!(answer instanceof NotNow)) return answer;
    await pause(Math.max(answer.retryAfter, delay * (0.5 + Math.random() / 2)), ended);
  }
}

async function requestSession(
  base: string,
  projectId: string,
  memory: Memory,
): Promise<WidgetSession | NotNow> {
  const token = memory.get('token');
  let response: Response;
  try {
    response = await fetch(`${base}api/widget/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ project_id: projectId, ...(token && { token }) }),
      credentials: 'omit',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    if (response.ok) {
      const session: WidgetSession = await response.json();
      memory.set('token', session.token);
      return session;
    }
  } catch {
    return new NotNow(0);
  }
  const problem: Partial<Problem> = await response.json().catch(() => ({}));
  if (response.status === 429 || response.status >= 500) return new NotNow(problem.retry_after ?? 0);
  throw new SessionRefused(problem.code ?? String(response.status));
}

/** Wait, but not once the network is back. */
function pause(seconds: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      ended.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    addEventListener('online', done);
    ended.addEventListener('abort', done);
  });
}
