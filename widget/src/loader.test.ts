import { afterEach, beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal('__APP_FILE__', 'app-1.js');
  vi.stubGlobal(
    'fetch',
    vi.fn<typeof fetch>(() => new Promise(() => undefined)),
  );
});

afterEach(() => {
  window.Parlour?.destroy();
  Reflect.deleteProperty(document, 'currentScript');
});

test('asks the server that the script came from', async () => {
  await include('https://chat.example/widget/loader.js', 'p1');
  expect(asked()).toEqual(['https://chat.example/api/widget/session']);
});

test('works from a path below the server', async () => {
  await include('https://example.com/chat/widget/loader.js?v=1', 'p1');
  expect(asked()).toEqual(['https://example.com/chat/api/widget/session']);
});

test('included twice is included once', async () => {
  await include('https://chat.example/widget/loader.js', 'p1');
  const first = window.Parlour;
  vi.resetModules();
  await include('https://chat.example/widget/loader.js', 'p1');
  expect(window.Parlour).toBe(first);
  expect(asked()).toHaveLength(1);
});

test('adds one global, and takes it away again', async () => {
  const before = Object.keys(window);
  await include('https://chat.example/widget/loader.js', 'p1');
  expect(Object.keys(window).filter((name) => !before.includes(name))).toEqual(['Parlour']);
  expect(Object.keys(window.Parlour ?? {})).toEqual(['open', 'close', 'on', 'destroy']);
  window.Parlour?.destroy();
  expect('Parlour' in window).toBe(false);
});

test('says what is missing when no project is named', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  await include('https://chat.example/widget/loader.js');
  expect(warn).toHaveBeenCalledTimes(1);
  expect(window.Parlour).toBeUndefined();
  expect(asked()).toEqual([]);
});

/** Run the loader as a script of the page. */
async function include(src: string, project?: string): Promise<void> {
  const script = document.createElement('script');
  script.type = 'text/plain'; // the test runs it, not the page
  script.setAttribute('src', src);
  if (project) script.dataset.project = project;
  Object.defineProperty(document, 'currentScript', { configurable: true, value: script });
  await import('./loader');
}

function asked(): string[] {
  return vi.mocked(fetch).mock.calls.map(([address]) => String(address));
}
