import type { App, AppModule, ChatState } from './host';
import { Launcher } from './launcher';
import { openMemory } from './memory';
import { stripSecrets } from './page';
import { openSession, SessionRefused } from './session';
import type { VisitContext, VisitorMessage, WidgetSession } from './types';

/** What a page can listen to. */
export interface PageEvents {
  message: VisitorMessage;
  open: undefined;
  close: undefined;
  unread: number;
}

type Listener<E extends keyof PageEvents> = (detail: PageEvents[E]) => void;

const REFUSALS: Record<string, string> = {
  origin_not_allowed: 'this website is not among the domains of its project',
  not_found: 'data-project does not name a project',
};

/** The chat on a page, from the session to the launcher. Fetches the app only when wanted. */
export class Embed {
  readonly #base: string;
  readonly #projectId: string;
  readonly #importApp: (attempt: number) => Promise<AppModule>;
  readonly #memory;
  readonly #tabMemory;
  readonly #visit: VisitContext;
  readonly #ended = new AbortController();
  readonly #listeners = new Map<keyof PageEvents, Set<Listener<never>>>();
  readonly #started: Promise<void>;
  #session: WidgetSession | undefined;
  #launcher: Launcher | undefined;
  #app: Promise<App> | undefined;
  #failures = 0;
  #state: ChatState = { isOpen: false, unread: 0 };

  /** `importApp` is told how often it has failed before. */
  constructor(base: string, projectId: string, importApp: (failures: number) => Promise<AppModule>) {
    this.#base = base;
    this.#projectId = projectId;
    this.#importApp = importApp;
    this.#memory = openMemory('localStorage', projectId);
    this.#tabMemory = openMemory('sessionStorage', projectId);
    this.#visit = this.#recallVisit();
    this.#started = this.#start().catch(explainRefusal);
  }

  /** Open the chat as soon as it can be. */
  async open(options?: { focus: boolean }): Promise<void> {
    await this.#started;
    const app = await this.#load();
    if (app) app.open(options);
    else this.#launcher?.showFailure();
  }

  /** Close the chat. */
  async close(): Promise<void> {
    (await this.#app)?.close();
  }

  /** Listen; returns what takes the listener off again. */
  on<E extends keyof PageEvents>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Take the chat off the page, with everything it set up. */
  async destroy(): Promise<void> {
    this.#ended.abort();
    this.#listeners.clear();
    this.#launcher?.remove();
    (await this.#app)?.destroy();
  }

  async #start(): Promise<void> {
    this.#session = await this.#openSession();
    if (!document.body) {
      await new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve));
    }
    if (this.#ended.signal.aborted) return;

    this.#launcher = new Launcher(this.#session.project.name);
    const { button } = this.#launcher;
    button.onclick = () => (this.#state.isOpen ? this.close() : this.open({ focus: true }));
    button.onpointerenter = button.onfocus = () => this.#load();

    const wasOpen = this.#tabMemory.get('open') !== null;
    if (wasOpen || this.#session.conversation || this.#memory.get('outbox')) {
      whenIdle(() => (wasOpen ? this.open({ focus: false }) : this.#load()));
    }
  }

  #openSession(): Promise<WidgetSession> {
    return openSession(this.#base, this.#projectId, this.#memory, this.#ended.signal);
  }

  /** Fetch the app, once. Nothing comes of it where there is no session, or no network. */
  async #load(): Promise<App | undefined> {
    if (!this.#session || this.#ended.signal.aborted) return undefined;
    this.#app ??= this.#importAndStart(this.#session, this.#launcher as Launcher);
    try {
      return await this.#app;
    } catch {
      this.#app = undefined;
      return undefined;
    }
  }
}
