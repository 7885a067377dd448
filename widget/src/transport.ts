import { Manager, type Socket } from 'socket.io-client';
import { asAsked, backOff } from './backoff';
import type {
  AgentTyping,
  FromServer,
  MessageAnswer,
  MessageDraft,
  PageContext,
  Refusal,
  ToServer,
  VisitorEvent,
} from './types';

const ANSWER_TIMEOUT_MS = 10_000;

/** A connection that is back after so long was never worth a word. */
const SILENT_MS = 2000;

/** `refused`: the server does not want this page, and will not be asked again. */
export type Connection = 'connecting' | 'online' | 'offline' | 'refused';

export interface TransportOptions {
  base: string;
  token(): string;
  /** Up to where in the log events are known. */
  seq(): number;
  /** What has to be done before connecting makes sense. Rejects when it did not work. */
  prepare(): Promise<void>;
  applyEvents(events: VisitorEvent[], seq?: number): void;
  /** Too much was missed: read everything anew. Returns what shows it. */
  reload(): Promise<() => void>;
  /** The server does not know the visitor any more. */
  renewSession(): Promise<void>;
  onConnection(connection: Connection): void;
  onAgentTyping(signal: AgentTyping): void;
}

export type VisitorSocket = Socket<FromServer, ToServer>;

/** The connection to the server, which is made again for as long as the page is there. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #socket: VisitorSocket;
  /** Live events that came while those before them are still being asked for. */
  #held: VisitorEvent[] | null = null;
  #phase: 'stopped' | 'waiting' | 'connecting' | 'connected' = 'stopped';
  /** Why the connection was left, where that is known. */
  #reason: Partial<Refusal> = {};
  #failures = 0;
  #hasRenewed = false;
  #notBefore = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(options: TransportOptions, openSocket = createSocket) {
    this.#options = options;
    this.#socket = openSocket(options.base, options.token);
    this.#socket.on('connect', () => this.#catchUp());
    this.#socket.on('disconnect', () => this.#onDisconnect());
    this.#socket.on('connect_error', (error) => this.#onConnectError(error));
    this.#socket.on('closing', (reason) => this.#leave(reason));
    this.#socket.on('events', (events) => {
      if (this.#held) this.#held.push(...events);
      else options.applyEvents(events);
    });
    this.#socket.on('agent.typing', (signal) => options.onAgentTyping(signal));
  }

  start(): void {
    addEventListener('online', this.#wake);
    document.addEventListener('visibilitychange', this.#wake);
    this.#phase = 'waiting';
    void this.#connect();
  }

  stop(): void {
    removeEventListener('online', this.#wake);
    document.removeEventListener('visibilitychange', this.#wake);
    this.#halt();
  }

  /** Connect now, if there is no connection; if there is one, find out whether it still lives. */
  wake(): void {
    if (this.#phase === 'waiting') {
      if (Date.now() >= this.#notBefore) void this.#connect();
    } else if (this.#phase === 'connected' && !this.#held) void this.#catchUp();
  }

  /** Send a message. Rejects when there is no answer. */
  async send(draft: MessageDraft): Promise<MessageAnswer> {
    if (!this.#socket.connected) throw new Error('There is no connection.');
    return this.#socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck('message.send', draft);
  }

  /** Tell whether the visitor is typing, to whoever hears it. */
  setTyping(typing: boolean): void {
    if (this.#socket.connected) this.#socket.emit('typing.set', { typing }, ignore);
  }

  /** Tell which page the visitor is on. */
  setContext(page: PageContext): void {
    if (this.#socket.connected) this.#socket.emit('context.set', page, ignore);
  }

  readonly #wake = () => {
    if (document.visibilityState === 'visible') this.wake();
  };

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isStopped()) return;
    this.#phase = 'connecting';
    try {
      await this.#options.prepare();
      if (!this.#isStopped()) this.#socket.connect();
    } catch {
      this.#connectLater();
    }
  }

  /** Ask for what came since the last known event, then let live events through. */
  async #catchUp(): Promise<void> {
    this.#phase = 'connected';
    const held: VisitorEvent[] = [];
    this.#held = held;
    const isCurrent = () => this.#held === held;
    try {
      const answer = await this.#socket
        .timeout(ANSWER_TIMEOUT_MS)
        .emitWithAck('log.after', { seq: this.#options.seq() });
      if (!isCurrent()) return;
      if ('error' in answer) {
        this.#leave(answer.error);
        return;
      }
      const show = answer.reload
        ? await this.#options.reload()
        : () => this.#options.applyEvents(answer.events, answer.seq);
      if (!isCurrent()) return;
      show();
      this.#held = null;
      this.#options.applyEvents(held);
      this.#onCaughtUp();
    } catch {
      if (isCurrent()) this.#leave({});
    }
  }

  /** End this connection. The reason says when the next one may begin. */
  #leave(reason: Partial<Refusal>): void {
    this.#reason = reason;
    this.#socket.disconnect();
  }

  #onCaughtUp(): void {
    this.#failures = 0;
    this.#hasRenewed = false;
    clearTimeout(this.#silence);
    this.#silence = undefined;
    this.#options.onConnection('online');
  }

  #onDisconnect(): void {
    const { code, retry_after } = this.#reason;
    this.#reason = {};
    this.#held = null;
    if (code === 'restarting') this.#connectIn(Math.random() * (retry_after ?? 1));
    else this.#connectLater(retry_after);
  }

  #onConnectError(error: Error & { data?: Partial<Refusal> }): void {
    this.#socket.disconnect(); // a refused namespace leaves its connection open
    if (error.data?.code === 'origin_not_allowed') {
      this.#halt();
      this.#options.onConnection('refused');
    } else if (error.data?.code === 'unauthenticated' && !this.#hasRenewed) {
      this.#hasRenewed = true;
      void this.#options.renewSession().then(
        () => this.#connect(),
        () => this.#connectLater(),
      );
    } else {
      this.#connectLater(error.data?.retry_after);
    }
  }

  /** Connect after a failure: never before the server wants it. */
  #connectLater(asked?: number | null): void {
    const least = asAsked(asked ?? 0);
    this.#notBefore = Date.now() + least * 1000;
    this.#connectIn(Math.max(least, backOff(this.#failures++)));
  }

  #connectIn(seconds: number): void {
    if (this.#isStopped()) return;
    this.#phase = 'waiting';
    const { onConnection } = this.#options;
    if (!navigator.onLine) onConnection('offline');
    this.#silence ??= setTimeout(() => onConnection('offline'), SILENT_MS);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), seconds * 1000);
  }

  #isStopped(): boolean {
    return this.#phase === 'stopped';
  }

  #halt(): void {
    this.#phase = 'stopped';
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#socket.disconnect();
  }
}

function createSocket(base: string, token: () => string): VisitorSocket {
  const manager = new Manager<FromServer, ToServer>(base, {
    path: new URL('socket.io/', base).pathname,
    transports: ['websocket'],
    autoConnect: false,
    reconnection: false, // done here: at once when the network is back, and after refusals too
    timeout: ANSWER_TIMEOUT_MS,
  });
  return manager.socket('/visitors', { auth: (give) => give({ token: token() }) });
}

/** Every command is answered, but a signal that was lost is not sent again. */
function ignore(): void {}
