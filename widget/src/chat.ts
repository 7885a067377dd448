import { effect, signal } from '@preact/signals';
import type { Host } from './host';
import { Outbox } from './outbox';
import { openOutboxStorage } from './outbox-storage';
import { currentPage, describeVisit, watchPage } from './page';
import { Store } from './store';
import { Transport, type TransportOptions } from './transport';
import type { AgentTyping, MessagePage, VisitorEvent, WidgetSession } from './types';
import { TypingNotice } from './typing';
import { uuid } from './uuid';

const READ_TIMEOUT_MS = 15_000;

/** An agent who stops without saying so is believed to type for so long. */
const TYPING_LASTS_MS = 6000;

/** How long it is good to know whether an agent is there. */
const SESSION_FRESH_MS = 60_000;

/** A visitor's chat: joins what is known, what goes over the wire and what waits to be sent. */
export class Chat {
  readonly store = new Store();
  readonly #host: Host;
  readonly #transport: Transport;
  readonly #outbox: Promise<Outbox>;
  readonly #typing = new TypingNotice((isTyping) => this.#transport.setTyping(isTyping));
  readonly #isVisible = signal(document.visibilityState === 'visible');
  readonly #endings: (() => void)[] = [];
  #session: WidgetSession;
  #sessionAt = Date.now();
  #renewal: Promise<void> | undefined;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host, createTransport = (options: TransportOptions) => new Transport(options)) {
    this.#host = host;
    this.#session = host.session;
    this.store.begin(host.session);
    this.store.readUpTo.value = JSON.parse(host.memory.get('read') ?? 'null');
    this.store.draft.value = host.tabMemory.get('draft') ?? '';

    this.#transport = createTransport(this.#describeTransport());
    this.#outbox = this.#openOutbox();
    this.#keepInStep();
    this.#transport.start();
  }

  open(): void {
    this.store.isOpen.value = true;
    if (Date.now() - this.#sessionAt > SESSION_FRESH_MS) void this.#renewSession();
  }

  close(): void {
    this.store.isOpen.value = false;
  }

  destroy(): void {
    for (const end of this.#endings) end();
    clearTimeout(this.#typingTimer);
    this.#typing.end();
    this.#transport.stop();
    void this.#outbox.then((outbox) => outbox.close());
  }

  /** Take down what the visitor writes, as they write it. */
  write(text: string): void {
    this.store.draft.value = text;
    if (text.trim()) this.#typing.touch();
    else this.#typing.end();
  }

  /** Send what is written. It is on its way from now on, whatever happens to this page. */
  async send(): Promise<void> {
    const text = this.store.draft.value.replaceAll('\0', '').trim();
    if (!text) return;
    this.store.draft.value = '';
    this.#typing.end();
    const isFirst = this.store.entries.value.length === 0;
    const context = isFirst ? describeVisit(this.#host.tabMemory) : null;
    const draft = { id: uuid(), text, kind: 'text', data: null, context };
    await (await this.#outbox).add(draft);
  }

  async retry(id: string): Promise<void> {
    await (await this.#outbox).retry(id);
  }

  async discard(id: string): Promise<void> {
    await (await this.#outbox).discard(id);
  }

  /** Read the history again, after it could not be read. */
  tryAgain(): void {
    this.store.history.value = 'loading';
    this.#transport.wake();
  }

  /** Show what was said before what is shown. */
  async loadOlder(): Promise<void> {
    const { olderCursor, older, history } = this.store;
    const cursor = olderCursor.value;
    if (cursor === null || older.value === 'loading' || history.value !== 'ready') return;
    older.value = 'loading';
    try {
      const page = await this.#readMessages(cursor);
      // The history may have been read anew meanwhile.
      if (olderCursor.value === cursor) this.store.showOlder(page);
      else older.value = 'ready';
    } catch {
      older.value = 'failed';
    }
  }

  #describeTransport(): TransportOptions {
    return {
      base: this.#host.base,
      token: () => this.#session.token,
      seq: () => this.store.seq,
      prepare: () => this.#prepare(),
      applyEvents: (events, seq) => this.#applyEvents(events, seq),
      reload: async () => {
        const page = await this.#readMessages();
        return () => this.store.showLatest(page);
      },
      renewSession: () => this.#renewSession(),
      onAgentTyping: (signal) => this.#showTyping(signal),
      onConnection: (connection) => {
        this.store.connection.value = connection;
        if (connection !== 'online') return;
        this.#transport.setContext(currentPage());
        void this.#outbox.then((outbox) => outbox.flush());
      },
    };
  }

  async #openOutbox(): Promise<Outbox> {
    const name = this.#host.memory.key('outbox');
    return new Outbox({
      name,
      storage: await openOutboxStorage(name),
      isOnline: () => this.store.connection.value === 'online',
      send: (draft) => this.#transport.send(draft),
      onSent: (message) => this.store.addPosted([message]),
      onChange: (messages) => {
        this.store.waiting.value = messages;
        // The next page has to load the app for them, even if the visitor does not.
        this.#host.memory.set('outbox', messages.length > 0 ? 'waiting' : null);
      },
      onHeldUp: (seconds) => {
        this.store.heldUp.value = seconds;
      },
    });
  }

  /** Let the page, the browser's storage and other tabs know what changes here. */
  #keepInStep(): void {
    const { store } = this;
    const { memory, tabMemory, onState } = this.#host;
    const onVisibility = () => {
      this.#isVisible.value = document.visibilityState === 'visible';
    };
    const onStorage = ({ key, newValue }: StorageEvent) => {
      if (key === memory.key('read')) store.readUpTo.value = JSON.parse(newValue ?? 'null');
    };
    document.addEventListener('visibilitychange', onVisibility);
    addEventListener('storage', onStorage);
    this.#endings.push(
      effect(() => {
        if (store.isOpen.value && this.#isVisible.value) store.markRead();
      }),
      effect(() => memory.set('read', JSON.stringify(store.readUpTo.value))),
      effect(() => tabMemory.set('draft', store.draft.value || null)),
      effect(() => onState({ isOpen: store.isOpen.value, unread: store.unread.value })),
      watchPage((page) => this.#transport.setContext(page)),
      () => document.removeEventListener('visibilitychange', onVisibility),
      () => removeEventListener('storage', onStorage),
    );
  }

  /** Read the history before the first connection, so that events have something to follow. */
  async #prepare(): Promise<void> {
    if (this.store.history.value === 'ready') return;
    try {
      this.store.showLatest(await this.#readMessages());
    } catch (error) {
      this.store.history.value = 'failed';
      throw error;
    }
  }

  async #readMessages(cursor?: string): Promise<MessagePage> {
    let response = await this.#requestMessages(cursor);
    if (response.status === 401) {
      await this.#renewSession();
      response = await this.#requestMessages(cursor);
    }
    if (!response.ok) throw new Error(`The history could not be read: ${response.status}.`);
    return response.json();
  }

  #requestMessages(cursor?: string): Promise<Response> {
    const url = new URL('api/widget/messages', this.#host.base);
    if (cursor) url.searchParams.set('cursor', cursor);
    return fetch(url, {
      headers: { authorization: `Bearer ${this.#session.token}` },
      credentials: 'omit',
      signal: AbortSignal.timeout(READ_TIMEOUT_MS),
    });
  }

  #renewSession(): Promise<void> {
    this.#renewal ??= this.#host
      .renewSession()
      .then((session) => this.#adopt(session))
      .finally(() => {
        this.#renewal = undefined;
      });
    return this.#renewal;
  }

  #adopt(session: WidgetSession): void {
    const isSomebodyElse = session.visitor_id !== this.#session.visitor_id;
    this.#session = session;
    this.#sessionAt = Date.now();
    if (isSomebodyElse) this.store.begin(session);
    else this.store.isAgentOnline.value = session.online;
  }

  #applyEvents(events: VisitorEvent[], seq?: number): void {
    for (const message of this.store.applyEvents(events, seq)) this.#host.onMessage(message);
  }

  #showTyping({ name, typing }: AgentTyping): void {
    clearTimeout(this.#typingTimer);
    this.store.typingName.value = typing ? name : null;
    if (!typing) return;
    this.store.isAgentOnline.value = true;
    this.#typingTimer = setTimeout(() => {
      this.store.typingName.value = null;
    }, TYPING_LASTS_MS);
  }
}
