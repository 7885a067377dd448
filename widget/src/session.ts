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

/** Ask the server who this visitor is. Tries until there is an answer, ever more rarely. */
export async function openSession(
  base: string,
  projectId: string,
  memory: Memory,
  isWanted: () => boolean,
): Promise<WidgetSession> {
  let delay = FIRST_DELAY_SECONDS;
  while (isWanted()) {
    // One tab at a time: two that ask at once would become two visitors.
    const answer = await exclusively(memory.key('session'), () =>
      requestSession(base, projectId, memory),
    );
    if ('token' in answer) return answer;
    await pause(Math.max(answer.retry_after ?? 0, delay * (0.5 + Math.random() / 2)));
    delay = Math.min(delay * 2, LONGEST_DELAY_SECONDS);
  }
  throw new Error('The chat was taken off the page.');
}

/** Ask once. What may go better later is returned, what will not is thrown. */
async function requestSession(
  base: string,
  projectId: string,
  memory: Memory,
): Promise<WidgetSession | Partial<Problem>> {
  const token = memory.get('token');
  const response = await fetch(`${base}api/widget/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ project_id: projectId, token }),
    credentials: 'omit',
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (!response || !answer || response.status === 429 || response.status >= 500)
    return answer ?? {};
  if (!response.ok) throw new SessionRefused(answer.code);
  memory.set('token', answer.token);
  return answer;
}

/** Wait, but not once the network is back. */
function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    addEventListener('online', done);
  });
}
