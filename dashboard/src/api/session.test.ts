import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Session } from './wire';

const user = { id: 'u', email: 'ana@example.com', name: 'Ana' };

const sessionOf = (token: string, secondsLeft = 600): Session => ({
  access_token: token,
  expires_at: new Date(Date.now() + secondsLeft * 1000).toISOString(),
  user,
});

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' },
  });

const refused = (code: string) => json({ code, status: 401, title: code, detail: code }, 401);

type Answer = (request: Request) => Response | Promise<Response>;

let sent: Request[];
let answer: Answer;

const pathsSent = () => sent.map((request) => new URL(request.url).pathname);
const request = () => new Request(`${location.origin}/api/projects`);

/** A new page: the module's memory is the page's memory. */
async function openPage() {
  vi.resetModules();
  return import('./session');
}

beforeEach(() => {
  sent = [];
  vi.useFakeTimers();
  vi.stubGlobal('fetch', async (input: Request) => {
    sent.push(input);
    return answer(input);
  });
});
afterEach(() => {
  vi.useRealTimers();
});

test('however many ask for a new token at once, one request is made', async () => {
  answer = () => json(sessionOf('one'));
  const page = await openPage();

  const all = await Promise.all([page.refresh(), page.refresh(), page.refresh()]);

  expect(pathsSent()).toEqual(['/api/auth/refresh']);
  expect(sent[0]?.headers.get('X-Parlour')).toBe('1');
  expect(new Set(all.map((session) => session.access_token))).toEqual(new Set(['one']));
  expect(page.getToken()).toBe('one');
});

test('a request carries the token', async () => {
  answer = () => json({ items: [] });
  const page = await openPage();
  page.signedIn(sessionOf('one'));

  await page.fetchAsMember(request());

  expect(sent[0]?.headers.get('Authorization')).toBe('Bearer one');
});

test('a 401 is answered once with a new token, and the request goes out again with its body', async () => {
  const bodies: string[] = [];
  answer = async (input) => {
    if (input.url.endsWith('/api/auth/refresh')) return json(sessionOf('new'));
    bodies.push(await input.clone().text());
    const isFresh = input.headers.get('Authorization') === 'Bearer new';
    return isFresh ? json({ ok: true }) : refused('unauthenticated');
  };
  const page = await openPage();
  page.signedIn(sessionOf('old'));

  const post = new Request(`${location.origin}/api/projects`, { method: 'POST', body: '{"a":1}' });
  const response = await page.fetchAsMember(post);

  expect(response.status).toBe(200);
  expect(pathsSent()).toEqual(['/api/projects', '/api/auth/refresh', '/api/projects']);
  expect(bodies).toEqual(['{"a":1}', '{"a":1}']);
});

test('a 401 that a new token does not cure is handed on, without a third try', async () => {
  answer = (input) =>
    input.url.endsWith('/api/auth/refresh') ? json(sessionOf('new')) : refused('unauthenticated');
  const page = await openPage();
  page.signedIn(sessionOf('old'));

  const response = await page.fetchAsMember(request());

  expect(response.status).toBe(401);
  expect(pathsSent()).toEqual(['/api/projects', '/api/auth/refresh', '/api/projects']);
});

test('many requests refused at once share one refresh', async () => {
  answer = (input) => {
    if (input.url.endsWith('/api/auth/refresh')) return json(sessionOf('new'));
    const isFresh = input.headers.get('Authorization') === 'Bearer new';
    return isFresh ? json({}) : refused('unauthenticated');
  };
  const page = await openPage();
  page.signedIn(sessionOf('old'));

  const all = await Promise.all([1, 2, 3].map(() => page.fetchAsMember(request())));

  expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(pathsSent().filter((path) => path === '/api/auth/refresh')).toHaveLength(1);
});

test('when the cookie has expired too, one is signed out, and told that it expired', async () => {
  answer = () => refused('session_expired');
  const page = await openPage();
  page.signedIn(sessionOf('old'));

  const response = await page.fetchAsMember(request());

  expect(response.status).toBe(401);
  expect(page.getSession()).toEqual({ status: 'signed-out', why: 'expired' });
});

test('without a network one stays signed in', async () => {
  answer = (input) => {
    if (input.url.endsWith('/api/auth/refresh')) throw new TypeError('Failed to fetch');
    return refused('unauthenticated');
  };
  const page = await openPage();
  page.signedIn(sessionOf('old'));

  await expect(page.fetchAsMember(request())).rejects.toThrow('Failed to fetch');
  expect(page.getSession().status).toBe('signed-in');
});

test('the token is renewed a minute before it expires', async () => {
  answer = () => json(sessionOf('two'));
  const page = await openPage();
  page.signedIn(sessionOf('one', 600));

  await vi.advanceTimersByTimeAsync(538_000);
  expect(sent).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(pathsSent()).toEqual(['/api/auth/refresh']);
  expect(page.getToken()).toBe('two');
});

test('a clock that is ahead does not make us ask all the time', async () => {
  answer = () => json(sessionOf('two', -3_600));
  const page = await openPage();
  page.signedIn(sessionOf('one', -3_600));

  await vi.advanceTimersByTimeAsync(95_000);

  expect(sent).toHaveLength(3);
});

test('at the start, no cookie means signed out, and that is no expiry', async () => {
  answer = () => refused('session_expired');
  const page = await openPage();

  expect(await page.restoreSession()).toEqual({ status: 'signed-out', why: 'nobody' });
});

test('at the start, a server that cannot be reached is an error, not a sign-out', async () => {
  answer = () => {
    throw new TypeError('Failed to fetch');
  };
  const page = await openPage();

  await expect(page.restoreSession()).rejects.toThrow('Failed to fetch');
  expect(page.getSession().status).toBe('unknown');
});

test('signing out forgets the token, and nothing is sent any more', async () => {
  answer = () => new Response(null, { status: 204 });
  const page = await openPage();
  page.signedIn(sessionOf('one'));

  await page.signOut();

  expect(page.getToken()).toBeNull();
  await expect(page.fetchAsMember(request())).rejects.toMatchObject({ code: 'session_expired' });
  expect(pathsSent()).toEqual(['/api/auth/sign-out']);
});
