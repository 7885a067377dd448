import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Memory } from './memory';
import { describeVisit, stripSecrets, watchPage } from './page';

let stop: (() => void) | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  location.href = 'https://shop.example/start';
});

afterEach(() => {
  stop?.();
  stop = undefined;
  vi.useRealTimers();
  Reflect.deleteProperty(window, 'navigation');
});

test.each([
  ['https://a.example/x?token=1&page=2', 'https://a.example/x?page=2'],
  ['https://a.example/x?access_token=1&apiKey=2&resetCode=3', 'https://a.example/x'],
  ['https://a.example/x?utm_source=mail&q=chair', 'https://a.example/x?utm_source=mail&q=chair'],
  ['https://ana:pw@a.example/x#access_token=1', 'https://a.example/x'],
  ['not an address', ''],
])('%s is told as %s', (address, told) => {
  expect(stripSecrets(address)).toBe(told);
});

test('an address is told in the length the server takes', () => {
  expect(stripSecrets(`https://a.example/${'x'.repeat(5000)}`)).toHaveLength(2048);
});

test('says how the visitor came, as the first page of the tab knew it', () => {
  const visit = {
    referrer: 'https://search.example/?q=1',
    landing_page: 'https://shop.example/?key=1',
  };
  document.title = 'Start';
  expect(describeVisit(remembering(visit))).toEqual({
    referrer: 'https://search.example/?q=1',
    landing_page: 'https://shop.example/',
    url: 'https://shop.example/start',
    title: 'Start',
  });
  expect(describeVisit(remembering({ referrer: '' }))).toMatchObject({
    referrer: null,
    landing_page: null,
  });
});

test('tells of another page once, with its title, through the Navigation API', () => {
  const navigation = new EventTarget();
  Object.assign(window, { navigation });
  const changed = vi.fn();
  stop = watchPage(changed);

  location.href = 'https://shop.example/cart';
  navigation.dispatchEvent(new Event('currententrychange'));
  navigation.dispatchEvent(new Event('currententrychange'));
  document.title = 'Cart';
  vi.runAllTimers();
  expect(changed.mock.calls).toEqual([[{ url: 'https://shop.example/cart', title: 'Cart' }]]);

  stop();
  location.href = 'https://shop.example/pay';
  navigation.dispatchEvent(new Event('currententrychange'));
  vi.runAllTimers();
  expect(changed).toHaveBeenCalledTimes(1);
});

test('a place within the page is not another page', () => {
  const changed = vi.fn();
  stop = watchPage(changed);
  history.pushState(null, '', '#reviews');
  vi.runAllTimers();
  expect(changed).not.toHaveBeenCalled();
});

test('without the Navigation API it listens in on the history, and puts it back', () => {
  const { pushState, replaceState } = history;
  const changed = vi.fn();
  stop = watchPage(changed);

  history.pushState(null, '', '/cart');
  vi.runAllTimers();
  history.replaceState(null, '', '/pay');
  vi.runAllTimers();
  expect(changed.mock.calls.map(([{ url }]) => url)).toEqual([
    'https://shop.example/cart',
    'https://shop.example/pay',
  ]);

  stop();
  expect(history.pushState).toBe(pushState);
  expect(history.replaceState).toBe(replaceState);
});

test('a patch of somebody else is left in place, and hears nothing of us any more', () => {
  const { pushState } = history;
  const changed = vi.fn();
  stop = watchPage(changed);
  const ours = history.pushState;
  const theirs: typeof ours = (...args) => ours.apply(history, args);
  history.pushState = theirs;

  stop();
  expect(history.pushState).toBe(theirs);
  history.pushState(null, '', '/cart');
  vi.runAllTimers();
  expect(changed).not.toHaveBeenCalled();
  expect(location.pathname).toBe('/cart');
  history.pushState = pushState;
});

function remembering(visit: object): Memory {
  return { get: () => JSON.stringify(visit), set: () => undefined, key: (name) => name };
}
