/** The script a website embeds: all that a page pays for until somebody wants to chat. */

import { Embed, type PageEvents } from './embed';
import type { AppModule } from './host';

declare const __APP_FILE__: string;

/** What a page may do with the chat: `window.Parlour`. */
export interface PageApi {
  open(): void;
  close(): void;
  /** Returns what takes the listener off again. */
  on<E extends keyof PageEvents>(event: E, listener: (detail: PageEvents[E]) => void): () => void;
  /** Take the chat off the page, with everything it set up. */
  destroy(): void;
}

declare global {
  interface Window {
    Parlour?: PageApi;
  }
}

const script = document.currentScript as HTMLScriptElement | null;

if (script && !window.Parlour) embed(script);

function embed(script: HTMLScriptElement): void {
  const { project } = script.dataset;
  if (!project) {
    console.warn('Parlour: the script tag needs data-project, with the id of a project.');
    return;
  }
  // A browser may remember that a module failed to load: another address makes it try again.
  const chat = new Embed(
    new URL('..', script.src).href,
    project,
    (failures): Promise<AppModule> => {
      const address = new URL(failures ? `${__APP_FILE__}?${failures}` : __APP_FILE__, script.src);
      return import(/* @vite-ignore */ address.href);
    },
  );
  window.Parlour = {
    open: () => void chat.open(),
    close: () => void chat.close(),
    on: (event, listener) => chat.on(event, listener),
    destroy() {
      void chat.destroy();
      delete window.Parlour;
    },
  };
}
