import { asAsked, backOff } from './backoff';
import { exclusively } from './locks';
import type { Memory } from './memory';
import type { WidgetSession } from './types';

const REQUEST_TIMEOUT_MS = 15_000;
const LONGEST_PAUSE_SECONDS = 300;

/** The server's answer is no, and asking again would not change it. The message is its code. */
export class SessionRefused extends Error {}

/** Ask the server who this visitor is. Tries until there is an answer, ever more rarely. */
export async function openSession(
  base: string,
  projectId: string,
  memory: Memory,
  isWanted: () => boolean,
): Promise<WidgetSession> {
  for (let failures = 0; isWanted(); failures++) {
    // One tab at a time: two that ask at once would become two visitors.
    const answer = await exclusively(memory.key('session'), () =>
      requestSession(base, projectId, memory),
    );
    if ('token' in answer) return answer;
    const own = backOff(failures, LONGEST_PAUSE_SECONDS);
    await pause(Math.max(asAsked(answer.retry_after), own));
  }
  throw new Error('The chat was taken off the page.');
}

/** Ask once. What may go better later says when, what will not is thrown. */
async function requestSession(
  base: string,
  projectId: string,
  memory: Memory,
): Promise<WidgetSession | { retry_after: number }> {
  const token = memory.get('token');
  const response = await fetch(`${base}api/widget/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ project_id: projectId, token }),
    credentials: 'omit',
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch(() => null);
  const answer = await response?.json().catch(() => null);
  if (!response || !answer || response.status === 429 || response.status >= 500) {
    // A problem says it more exactly than the header, which may come from a proxy.
    const header = Number(response?.headers.get('retry-after'));
    return { retry_after: answer?.retry_after || header || 0 };
  }
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
