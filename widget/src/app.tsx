/** The chat itself, fetched by the loader when it is wanted. */

import { signal } from '@preact/signals';
import { render } from 'preact';
import css from './app.css?inline';
import { Chat } from './chat';
import { Panel } from './components/panel';
import type { App, Host } from './host';

/** Start the chat in the loader's shadow root: closed, connected, and counting what comes. */
export function start(host: Host): App {
  const chat = new Chat(host);
  const takesFocus = signal(true);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  host.root.adoptedStyleSheets.push(sheet);

  const place = document.createElement('div');
  for (const name of ['keydown', 'keypress', 'keyup']) {
    // What is typed here is not for the page's shortcuts.
    place.addEventListener(name, (event) => event.stopPropagation());
  }
  // Before the launcher, which comes after the chat in the order of reading too.
  host.root.prepend(place);

  const Root = () =>
    chat.store.isOpen.value ? <Panel chat={chat} takesFocus={takesFocus.value} /> : null;
  render(<Root />, place);

  return {
    open({ focus } = { focus: true }) {
      takesFocus.value = focus;
      chat.open();
    },
    close: () => chat.close(),
    destroy() {
      render(null, place);
      chat.destroy();
      place.remove();
    },
  };
}
