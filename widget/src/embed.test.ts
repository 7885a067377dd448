import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Embed } from './embed';
import type { AppModule, Host } from './host';

let embed: Embed | undefined;
let session: Record<string, unknown>;

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  vi.stubGlobal('requestIdleCallback', (task: () => void) => task());
  session = {
    token: 'token-1',
    visitor_id: 'v',
    project: { id: 'p', name: 'Shop' },
    online: true,
    conversation: null,
    seq: 1,
  };
});

afterEach(async () => {
  await embed?.destroy();
  embed = undefined;
  vi.useRealTimers();
});

test('shows a launcher and keeps the token, and fetches no app until somebody comes near', async () => {
  const { importApp } = begin();
  await vi.waitUntil(launcher);
  expect(localStorage.getItem('parlour:p:token')).toBe('token-1');
  expect(importApp).not.toHaveBeenCalled();

  launcher()?.dispatchEvent(new Event('pointerenter'));
  expect(importApp).toHaveBeenCalledTimes(1);
});

test('fetches the app by itself when there is a conversation', async () => {
  session.conversation = { id: 'c', status: 'open', last_message_seq: 1 };
  const { importApp } = begin();
  await vi.waitUntil(() => importApp.mock.calls.length === 1);
});

test('fetches the app by itself when a message waits to be sent', async () => {
  localStorage.setItem('parlour:p:outbox', 'waiting');
  const { importApp } = begin();
  await vi.waitUntil(() => importApp.mock.calls.length === 1);
});

test('a click opens the chat, the next one closes it', async () => {
  const { app, host } = begin();
  await vi.waitUntil(launcher);
  launcher()?.click();
  await vi.waitUntil(() => app.open.mock.calls.length === 1);

  host().onState({ isOpen: true, unread: 0 });
  expect(launcher()?.getAttribute('aria-expanded')).toBe('true');
  launcher()?.click();
  await vi.waitUntil(() => app.close.mock.calls.length === 1);
});

test('gives the token it has, so that the visitor stays who they are', async () => {
  localStorage.setItem('parlour:p:token', 'token-0');
  const { request } = begin();
  await vi.waitUntil(launcher);
  const [address, init] = request.mock.calls[0] ?? [];
  expect(address).toBe('https://chat.example/api/widget/session');
  expect(JSON.parse(String(init?.body))).toEqual({ project_id: 'p', token: 'token-0' });
});

test('a website that is not allowed is warned of once, and gets no launcher', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const { request } = begin(Response.json({ code: 'origin_not_allowed' }, { status: 403 }));
  await vi.waitUntil(() => warn.mock.calls.length === 1);
  await embed?.open();
  expect(warn).toHaveBeenCalledTimes(1);
  expect(request).toHaveBeenCalledTimes(1);
  expect(launcher()).toBeFalsy();
});

test('a server that is away is asked again, quietly', async () => {
  vi.useFakeTimers();
  const warn = vi.spyOn(console, 'warn');
  const { request } = begin(Response.json({ code: 'unavailable' }, { status: 503 }));
  await vi.advanceTimersByTimeAsync(0);
  expect(request).toHaveBeenCalledTimes(1);
  expect(launcher()).toBeFalsy();
  await vi.advanceTimersByTimeAsync(2000);
  expect(request).toHaveBeenCalledTimes(2);
  expect(launcher()).toBeTruthy();
  expect(warn).not.toHaveBeenCalled();
});

test.each([
  ['the problem', Response.json({ code: 'busy', retry_after: 20 }, { status: 503 })],
  ['the header', new Response('', { status: 429, headers: { 'retry-after': '20' } })],
])('a server with too much to do is asked again when it says: in %s', async (_, answer) => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { request } = begin(answer);
  await vi.advanceTimersByTimeAsync(19_999);
  expect(request).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(request).toHaveBeenCalledTimes(2);
});

test('tells the page what it listens to, whatever a listener does', async () => {
  const { host } = begin();
  vi.stubGlobal('reportError', vi.fn());
  const heard = vi.fn();
  embed?.on('unread', () => {
    throw new Error('The page is broken.');
  });
  const stop = embed?.on('unread', heard);
  await embed?.open();
  host().onState({ isOpen: false, unread: 2 });
  stop?.();
  host().onState({ isOpen: false, unread: 3 });
  expect(heard.mock.calls).toEqual([[2]]);
});

test('leaves nothing on the page', async () => {
  const { app } = begin();
  await embed?.open();
  await embed?.destroy();
  expect(document.querySelector('parlour-chat')).toBeNull();
  expect(app.destroy).toHaveBeenCalledTimes(1);
});

function begin(firstAnswer?: Response) {
  const request = vi.fn<typeof fetch>(async () => Response.json(session));
  if (firstAnswer) request.mockResolvedValueOnce(firstAnswer);
  vi.stubGlobal('fetch', request);
  const app = { open: vi.fn(), close: vi.fn(), destroy: vi.fn() };
  let given: Host | undefined;
  const start = (host: Host) => {
    given = host;
    return app;
  };
  const importApp = vi.fn(async (): Promise<AppModule> => ({ start }));
  embed = new Embed('https://chat.example/', 'p', importApp);
  return { app, importApp, request, host: () => given as Host };
}

function launcher(): HTMLButtonElement | null | undefined {
  return document.querySelector('parlour-chat')?.shadowRoot?.querySelector('button');
}
