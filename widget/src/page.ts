import type { PageContext } from './types';

const SECRETS = new Set(['token', 'password', 'secret', 'auth', 'code', 'key']);

/** What a title needs to change after an address did. */
const TITLE_DELAY_MS = 50;

/** Where the visitor is now. */
export function currentPage(): PageContext {
  return { url: stripSecrets(location.href), title: document.title };
}

/** Take out of an address what nobody else should read, such as `?access_token=…`. */
export function stripSecrets(address: string): string {
  if (!URL.canParse(address)) return '';
  const url = new URL(address);
  url.username = url.password = '';
  for (const name of [...url.searchParams.keys()]) {
    if (isSecret(name)) url.searchParams.delete(name);
  }
  if (url.hash.split(/[#?&]/).some((part) => part.includes('=') && isSecret(part.split('=')[0])))
    url.hash = '';
  return url.href;
}

/** Whether one of the words of a parameter's name is a secret's: `api_key`, `authToken`. */
function isSecret(name = ''): boolean {
  const words = name.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase().split(/[^a-z]+/);
  return words.some((word) => SECRETS.has(word));
}

/** Tell when a single-page site shows another page. Returns what ends the watch. */
export function watchPage(onChange: (page: PageContext) => void): () => void {
  let url = location.href;
  let timer: ReturnType<typeof setTimeout>;
  const onNavigation = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (location.href === url) return;
      url = location.href;
      onChange(currentPage());
    }, TITLE_DELAY_MS);
  };
  const stopListening = listenToNavigation(onNavigation);
  return () => {
    clearTimeout(timer);
    stopListening();
  };
}

function listenToNavigation(onNavigation: () => void): () => void {
  const { navigation } = window as { navigation?: EventTarget };
  if (navigation) {
    navigation.addEventListener('currententrychange', onNavigation);
    return () => navigation.removeEventListener('currententrychange', onNavigation);
  }
  return patchHistory(onNavigation);
}

/** For browsers without the Navigation API: listen in on the history. */
function patchHistory(onNavigation: () => void): () => void {
  let isWatching = true;
  const restore = (['pushState', 'replaceState'] as const).map((name) => {
    const original = history[name];
    const patched: typeof original = function (this: History, ...args) {
      original.apply(this, args);
      if (isWatching) onNavigation();
    };
    history[name] = patched;
    return () => {
      // Someone may have patched it after us; theirs still calls ours, which is silent now.
      if (history[name] === patched) history[name] = original;
    };
  });
  addEventListener('popstate', onNavigation);
  return () => {
    isWatching = false;
    for (const undo of restore) undo();
    removeEventListener('popstate', onNavigation);
  };
}
