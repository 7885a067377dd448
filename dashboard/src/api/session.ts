import createClient from 'openapi-fetch';
import { Refusal, unwrap } from './refusal';
import type { paths, Session } from './wire';

/**
 * Who is signed in. The access token lives in memory only; the HttpOnly cookie behind
 * `/api/auth/refresh` brings it back after a reload.
 */
export type SessionState =
  | { status: 'unknown' }
  | { status: 'signed-in'; session: Session }
  | { status: 'signed-out'; why: 'nobody' | 'expired' | 'left' };

type Notice = { kind: 'session'; session: Session } | { kind: 'signed-out' };

const MINUTE = 60_000;
const LOCK = 'parlour-refresh';
const CHANNEL = 'parlour-session';
const NEVER_SOONER = 30_000; // a clock that is ahead must not make us ask all the time
const proof = { headers: { 'X-Parlour': '1' } };

let state: SessionState = { status: 'unknown' };
let refreshing: Promise<Session> | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL);

/** Requests that need no token: a 401 from them is an answer, not a reason to refresh. */
export const openApi = createClient<paths>({
  baseUrl: location.origin,
  fetch: (request) => globalThis.fetch(request),
});

export const getSession = (): SessionState => state;

export const getToken = (): string | null =>
  state.status === 'signed-in' ? state.session.access_token : null;

export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next: SessionState) {
  state = next;
  clearTimeout(timer);
  if (next.status === 'signed-in') {
    const left = Date.parse(next.session.expires_at) - Date.now() - MINUTE;
    timer = setTimeout(() => void refresh().catch(() => {}), Math.max(left, NEVER_SOONER));
  }
  for (const listener of listeners) listener();
}

function tellTabs(notice: Notice) {
  channel?.postMessage(notice);
}

channel?.addEventListener('message', ({ data }: MessageEvent<Notice>) => {
  if (data.kind === 'session') change({ status: 'signed-in', session: data.session });
  else change({ status: 'signed-out', why: 'left' });
});

/** Take up a session just granted, here and in the other tabs. */
export function signedIn(session: Session) {
  change({ status: 'signed-in', session });
  tellTabs({ kind: 'session', session });
}

function withLock<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work();
}

async function askForSession(staleToken: string | null): Promise<Session> {
  // Another tab may have refreshed while this one waited for the lock.
  if (state.status === 'signed-in' && state.session.access_token !== staleToken) {
    return state.session;
  }
  try {
    const session = unwrap(await openApi.POST('/api/auth/refresh', proof));
    signedIn(session);
    return session;
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) {
      change({ status: 'signed-out', why: state.status === 'signed-in' ? 'expired' : 'nobody' });
    }
    throw error;
  }
}

/** Get a new access token. However many ask at once, in however many tabs, one request is made. */
export function refresh(): Promise<Session> {
  const staleToken = getToken();
  refreshing ??= withLock(() => askForSession(staleToken)).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** Find out, once, whether this browser is signed in. Throws when the server cannot be reached. */
export async function restoreSession(): Promise<SessionState> {
  if (state.status === 'unknown') {
    await refresh().catch((error: unknown) => {
      if (!(error instanceof Refusal && error.status === 401)) throw error;
    });
  }
  return state;
}

export async function signIn(email: string, password: string) {
  signedIn(unwrap(await openApi.POST('/api/auth/sign-in', { body: { email, password } })));
}

export async function signUp(account: { name: string; email: string; password: string }) {
  signedIn(unwrap(await openApi.POST('/api/auth/sign-up', { body: account })));
}

/** Leave, in every tab. The server forgets the cookie; without it we could not say so, and stay. */
export async function signOut() {
  const result = await openApi.POST('/api/auth/sign-out', proof);
  if (result.response.status !== 401) unwrap(result);
  change({ status: 'signed-out', why: 'left' });
  tellTabs({ kind: 'signed-out' });
}

/** True until the first account exists. */
export async function needsSetup(): Promise<boolean> {
  return unwrap(await openApi.GET('/api/setup')).needs_setup;
}

function authorized(request: Request): Request {
  const token = getToken();
  const copy = request.clone();
  if (token) copy.headers.set('Authorization', `Bearer ${token}`);
  return copy;
}

/** Fetch as the signed-in member. A 401 is answered once with a new token. */
export async function fetchAsMember(request: Request): Promise<Response> {
  if (state.status === 'signed-out') throw new Refusal(401, { code: 'session_expired' });
  const token = getToken();
  const response = await fetch(authorized(request));
  if (response.status !== 401) return response;
  if (token === getToken()) {
    try {
      await refresh();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return response;
      throw error;
    }
  }
  return fetch(authorized(request));
}
