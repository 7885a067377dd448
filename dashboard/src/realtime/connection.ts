import type { Socket } from 'socket.io-client';
import { Refusal } from '../api/refusal';
import { getToken, onSessionChange, refresh } from '../api/session';
import { asAsked, backOff } from '../lib/backoff';
import type { FromServer, ToServer } from './events.gen';
import { getStatus, setCaughtUp, setPhase } from './status';

const ANSWER_WITHIN = 10_000;

/** A restart that is over by then was never worth a word. */
const SILENT_FOR = 2_000;

export type AgentSocket = Socket<FromServer, ToServer>;

/** What the server says when it does not want a connection, or ends one. */
interface Reason {
  code?: string;
  retry_after?: number | null;
}

/**
 * Keeps a socket connected for as long as its owner is signed in, and says what it is worth.
 *
 * All coming back is done here, and none by the client library: that would leave it when the
 * server ends a connection in an orderly way, and would not ask when the server wants it back.
 */
export class Connection {
  readonly #socket: AgentSocket;
  readonly #endings: (() => void)[];
  #lastToken = getToken();
  #reason: Reason = {};
  #failures = 0;
  #hasRenewed = false;
  #notBefore = 0;
  #isStopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: AgentSocket) {
    this.#socket = socket;
    socket.on('connect', () => clearTimeout(this.#timer));
    socket.on('connect_error', (error: Error & { data?: Reason }) => {
      this.#showLoss();
      this.#comeBack(error.data ?? {});
    });
    socket.on('closing', (reason) => {
      this.#reason = reason;
      socket.disconnect(); // nothing more will come
    });
    socket.on('disconnect', () => this.#onDisconnect());
    addEventListener('offline', this.#onOffline);
    addEventListener('online', this.#onOnline);
    this.#endings = [
      onSessionChange(() => this.#renewSocket()),
      () => removeEventListener('offline', this.#onOffline),
      () => removeEventListener('online', this.#onOnline),
    ];
    if (getStatus().phase !== 'live') setPhase(navigator.onLine ? 'connecting' : 'offline');
  }

  /** All that was missed is here now; that many messages, or null if nothing could be missed. */
  caughtUp(messages: number | null) {
    this.#failures = 0;
    this.#hasRenewed = false;
    this.#endSilence();
    if (messages === null || getStatus().phase === 'live') setPhase('live');
    else setCaughtUp(messages);
  }

  /** The server gives no live updates, and asking again would not change it. */
  refused() {
    this.#endSilence();
    setPhase('refused');
  }

  stop() {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#endSilence();
    for (const end of this.#endings) end();
  }

  #onDisconnect() {
    const reason = this.#reason;
    this.#reason = {};
    if (this.#isStopped) return;
    if (reason.code !== 'restarting') {
      this.#showLoss();
      this.#comeBack(reason);
      return;
    }
    this.#silence ??= setTimeout(() => {
      this.#endSilence();
      this.#showLoss();
    }, SILENT_FOR);
    this.#connectIn(Math.random() * (reason.retry_after ?? 1) * 1000);
  }

  #comeBack({ code, retry_after }: Reason) {
    if (code === 'session_expired' || code === 'unauthenticated') {
      void this.#renewAndConnect();
      return;
    }
    const least = asAsked(retry_after ?? 0);
    this.#notBefore = Date.now() + least;
    this.#connectIn(Math.max(least, backOff(this.#failures++)));
  }

  async #renewAndConnect() {
    const isSecond = this.#hasRenewed;
    this.#hasRenewed = true;
    try {
      await refresh();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return; // signed out: no more tries
      this.#comeBack({ retry_after: error instanceof Refusal ? error.retryAfter : null });
      return;
    }
    // A server that takes no new token either is not asked again and again.
    this.#connectIn(isSecond ? backOff(this.#failures++) : 0);
  }

  #connectIn(milliseconds: number) {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => this.#socket.connect(), milliseconds);
  }

  /** Let the server know a newer token, so that it does not end the connection. */
  #renewSocket() {
    const token = getToken();
    if (token === this.#lastToken) return;
    this.#lastToken = token;
    if (!token || !this.#socket.connected) return;
    this.#socket
      .timeout(ANSWER_WITHIN)
      .emitWithAck('auth.renew', { token })
      .catch(() => null);
  }

  readonly #onOffline = () => setPhase('offline');

  /** Use a network that is back at once, unless the server wants to be left alone. */
  readonly #onOnline = () => {
    if (this.#socket.connected) {
      setPhase('live');
      return;
    }
    setPhase('reconnecting');
    if (Date.now() >= this.#notBefore) this.#connectIn(0);
  };

  #showLoss() {
    if (!navigator.onLine) setPhase('offline');
    else if (this.#silence === undefined) setPhase('reconnecting');
  }

  #endSilence() {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }
}
