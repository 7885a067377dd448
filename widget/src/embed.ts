import type { App, AppModule, ChatState } from './host';
import { Launcher } from './launcher';
import { type Memory, openMemory } from './memory';
import { openSession, SessionRefused } from './session';
import type { VisitorMessage, WidgetSession } from './types';

/** What a page can listen to. */
export interface PageEvents {
  message: VisitorMessage;
  open: undefined;
  close: undefined;
  unread: number;
}

type Listener<E extends keyof PageEvents> = (detail: PageEvents[E]) => void;

/** Below this the chat fills the screen, and opens only when the visitor says so. */
const NARROW = '(max-width: 480px)';

/** The chat on a page, from session to launcher. Fetches the app only when it is wanted. */
export class Embed {
  readonly #base: string;
  readonly #projectId: string;
  readonly #importApp: (failures: number) => Promise<AppModule>;
  readonly #memory: Memory;
  readonly #tabMemory: Memory;
  readonly #listeners = new Map<keyof PageEvents, Set<Listener<never>>>();
  readonly #started: Promise<void>;
  #session: WidgetSession | undefined;
  #launcher: Launcher | undefined;
  #app: Promise<App | undefined> | undefined;
  #failures = 0;
  #isOver = false;
  #state: ChatState = { isOpen: false, unread: 0 };

  /** `importApp` is told how often it has failed before. */
  constructor(
    base: string,
    projectId: string,
    importApp: (failures: number) => Promise<AppModule>,
  ) {
    this.#base = base;
    this.#projectId = projectId;
    this.#importApp = importApp;
    this.#memory = openMemory('localStorage', projectId);
    this.#tabMemory = openMemory('sessionStorage', projectId);
    // How the visitor came, as only the first page of a tab knows.
    const visit = { referrer: document.referrer, landing_page: location.href };
    if (!this.#tabMemory.get('visit')) this.#tabMemory.set('visit', JSON.stringify(visit));
    this.#started = this.#start().catch(explainRefusal);
  }

  /** Open the chat as soon as that is possible. */
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
    this.#isOver = true;
    this.#listeners.clear();
    this.#launcher?.remove();
    (await this.#app)?.destroy();
  }

  async #start(): Promise<void> {
    this.#session = await this.#openSession();
    if (!document.body) {
      await new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve));
    }
    if (this.#isOver) return;

    this.#launcher = new Launcher();
    const { button } = this.#launcher;
    button.onclick = () => (this.#state.isOpen ? this.close() : this.open());
    button.onpointerenter = button.onfocus = () => this.#load();

    const wasOpen = this.#tabMemory.get('open') !== null && !matchMedia(NARROW).matches;
    if (wasOpen) whenIdle(() => this.open({ focus: false }));
    else if (this.#session.conversation || this.#memory.get('outbox')) whenIdle(() => this.#load());
  }

  #openSession(): Promise<WidgetSession> {
    return openSession(this.#base, this.#projectId, this.#memory, () => !this.#isOver);
  }

  /** Fetch the app, once. Nothing comes of it without a session or a network. */
  async #load(): Promise<App | undefined> {
    if (!this.#session || !this.#launcher || this.#isOver) return undefined;
    this.#app ??= this.#startApp(this.#session, this.#launcher).catch(() => {
      this.#failures += 1;
      this.#app = undefined;
      return undefined;
    });
    return this.#app;
  }

  async #startApp(session: WidgetSession, launcher: Launcher): Promise<App> {
    const { start } = await this.#importApp(this.#failures);
    return start({
      base: this.#base,
      root: launcher.root,
      session,
      renewSession: () => this.#openSession(),
      memory: this.#memory,
      tabMemory: this.#tabMemory,
      onState: (state) => this.#showState(state, launcher),
      onMessage: (message) => this.#tell('message', message),
    });
  }

  #showState(state: ChatState, launcher: Launcher): void {
    const before = this.#state;
    this.#state = state;
    launcher.show(state);
    this.#tabMemory.set('open', state.isOpen ? 'yes' : null);
    if (before.isOpen && !state.isOpen) launcher.button.focus({ preventScroll: true });
    if (before.isOpen !== state.isOpen) this.#tell(state.isOpen ? 'open' : 'close', undefined);
    if (before.unread !== state.unread) this.#tell('unread', state.unread);
  }

  /** Tell the page. What goes wrong there is the page's, and must not stop the chat. */
  #tell<E extends keyof PageEvents>(event: E, detail: PageEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        (listener as Listener<E>)(detail);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** Say once why there is no chat, to whoever put the script there. */
function explainRefusal(error: unknown): void {
  if (!(error instanceof SessionRefused)) return;
  console.warn(
    error.message === 'origin_not_allowed'
      ? 'Parlour: this website is not among the domains of the project.'
      : `Parlour: the chat cannot start (${error.message}).`,
  );
}

function whenIdle(task: () => void): void {
  // Safari has no idle callbacks.
  (window.requestIdleCallback ?? setTimeout)(task);
}
