import type { Memory } from './memory';
import type { PageContext, VisitContext } from './types';

/** Parameters that carry credentials, whatever is around the word: access_token, apiKey. */
const SECRET = /token|passw|secret|auth|code|key/i;

/** The longest address and title the server takes. */
const URL_LENGTH = 2048;
const TITLE_LENGTH = 300;

/** How long a page may take to change its title after its address. */
const TITLE_DELAY_MS = 50;

/** Where the visitor is now. */
export function currentPage(): PageContext {
  return { url: stripSecrets(location.href), title: document.title.slice(0, TITLE_LENGTH) };
}

/** How the visitor came, and where they are. */
export function describeVisit(tabMemory: Memory): VisitContext {
  const { referrer, landing_page } = JSON.parse(tabMemory.get('visit') ?? '{}');
  return {
    referrer: stripSecrets(referrer) || null,
    landing_page: stripSecrets(landing_page) || null,
    ...currentPage(),
  };
}

/** Leave out of an address what may let its reader in: secret parameters, user and fragment. */
export function stripSecrets(address: string): string {
  if (!URL.canParse(address)) return '';
  const url = new URL(address);
  url.username = url.password = url.hash = '';
  for (const name of [...url.searchParams.keys()]) {
    if (SECRET.test(name)) url.searchParams.delete(name);
  }
  return url.href.slice(0, URL_LENGTH);
}

/** Tell when a single-page site shows another page. Returns what ends the watch. */
export function watchPage(onChange: (page: PageContext) => void): () => void {
  let { url } = currentPage();
  let timer: ReturnType<typeof setTimeout>;
  const onNavigation = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const page = currentPage();
      if (page.url === url) return;
      url = page.url;
      onChange(page);
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
