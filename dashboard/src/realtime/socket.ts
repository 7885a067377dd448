import { io, type Socket } from 'socket.io-client';
import { Refusal } from '../api/refusal';
import { getToken, onSessionChange, refresh } from '../api/session';
import type { LogAnswer, ParlourEvent, Refused, Signals } from '../api/wire';
import { LogCursor } from './log-cursor';
import { getStatus, setCaughtUp, setPhase } from './status';

const ANSWER_WITHIN = 10_000;
const TRY_AGAIN_AFTER = 2_000;

interface FromServer extends SignalListeners {
  events: (frame: ParlourEvent[]) => void;
  closing: (reason: { code: string }) => void;
}
type SignalListeners = { [Name in keyof Signals]: (signal: Signals[Name]) => void };

interface ToServer {
  'project.join': (
    to: { project_id: string; after?: number },
    ack: (answer: LogAnswer | Refused) => void,
  ) => void;
  'typing.set': (
    signal: { project_id: string; conversation_id: string; typing: boolean },
    ack: (answer: { ok: true } | Refused) => void,
  ) => void;
  'auth.renew': (
    renewal: { token: string },
    ack: (answer: { ok: true; expires_at: string } | Refused) => void,
  ) => void;
}

export type AgentSocket = Socket<FromServer, ToServer>;

export interface LiveHandlers {
  /** The position in the log that everything on screen is at, or newer. Asked at every join. */
  loadedAt: () => number | null;
  onEvents: (events: ParlourEvent[]) => void;
  /** Too much was missed: read everything again. */
  onReload: () => void;
  /** Joined again: signals may have been lost meanwhile. */
  onRejoin: () => void;
  signals: SignalListeners;
}

let current: AgentSocket | null = null;

const connect = (): AgentSocket =>
  io('/agents', {
    path: '/socket.io',
    transports: ['websocket'],
    auth: (give) => give({ token: getToken() }),
    reconnectionDelay: 500,
    reconnectionDelayMax: 8_000,
    forceNew: true,
  });

/** Join the project on every connect, and apply what was missed before what comes in. */
function followLog(socket: AgentSocket, projectId: string, handlers: LiveHandlers) {
  let cursor: LogCursor | null = null;
  let attempt = 0;

  const apply = (events: ParlourEvent[]) => {
    const ours = events.filter((event) => event.project_id === projectId);
    if (ours.length > 0) handlers.onEvents(ours);
    return ours;
  };

  const join = async () => {
    const isFirst = cursor === null;
    cursor ??= new LogCursor(handlers.loadedAt());
    cursor.hold();
    const mine = ++attempt;
    const after = cursor.last === null ? {} : { after: cursor.last };
    const answer = await socket
      .timeout(ANSWER_WITHIN)
      .emitWithAck('project.join', { project_id: projectId, ...after })
      .catch(() => null);
    if (mine !== attempt || !socket.connected) return;
    if (answer === null || 'error' in answer) {
      refuse(answer);
      return;
    }
    const applied = apply(cursor.release(answer));
    if (answer.reload) handlers.onReload();
    if (isFirst) {
      setPhase('live');
      return;
    }
    handlers.onRejoin();
    setCaughtUp(applied.filter((event) => event.type === 'message.created').length);
  };

  const refuse = (refused: Refused | null) => {
    const wait = refused?.error.retry_after;
    const isFinal = ['forbidden', 'not_found', 'invalid'].includes(refused?.error.code ?? '');
    if (isFinal) {
      setPhase('refused');
      return;
    }
    setTimeout(() => socket.connected && join(), wait ? wait * 1000 : TRY_AGAIN_AFTER);
  };

  socket.on('connect', () => void join());
  socket.on('events', (frame) => {
    if (cursor) apply(cursor.receive(frame));
  });
}

/** Keep the socket's token fresh, and get a new one when the server no longer takes ours. */
function stayAuthenticated(socket: AgentSocket): () => void {
  let isClosed = false;
  let lastToken = getToken();

  const reconnect = async () => {
    try {
      await refresh();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return; // signed out: no more tries
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_AFTER));
    }
    if (!isClosed) socket.connect();
  };

  socket.on('connect_error', (error) => {
    if (socket.active) return; // a lost network: the client tries again by itself
    const code = (error as Error & { data?: { code?: string } }).data?.code;
    if (code === 'unauthenticated' || code === 'session_expired') void reconnect();
    else setTimeout(() => !isClosed && socket.connect(), TRY_AGAIN_AFTER);
  });
  let hasExpired = false;
  socket.on('closing', ({ code }) => {
    hasExpired = code === 'session_expired';
  });
  socket.on('disconnect', (reason) => {
    if (reason !== 'io server disconnect') return; // the client tries again by itself
    if (hasExpired) void reconnect();
    else setTimeout(() => !isClosed && socket.connect(), TRY_AGAIN_AFTER);
    hasExpired = false;
  });
  const stopListening = onSessionChange(() => {
    const token = getToken();
    if (token === lastToken) return;
    lastToken = token;
    if (token && socket.connected) {
      socket
        .timeout(ANSWER_WITHIN)
        .emitWithAck('auth.renew', { token })
        .catch(() => null);
    }
  });
  return () => {
    isClosed = true;
    stopListening();
  };
}

/** Show what the connection is worth, and use a network that is back at once. */
function reportStatus(socket: AgentSocket): () => void {
  const lost = () => setPhase(navigator.onLine ? 'reconnecting' : 'offline');
  const onOffline = () => setPhase('offline');
  const onOnline = () => {
    if (socket.connected) setPhase('live');
    else {
      setPhase('reconnecting');
      socket.connect();
    }
  };
  socket.on('connect_error', lost);
  socket.on('disconnect', (reason) => reason !== 'io client disconnect' && lost());
  addEventListener('offline', onOffline);
  addEventListener('online', onOnline);
  if (getStatus().phase !== 'live') setPhase(navigator.onLine ? 'connecting' : 'offline');
  return () => {
    removeEventListener('offline', onOffline);
    removeEventListener('online', onOnline);
  };
}

/** Follow a project until the returned function is called. One project at a time. */
export function startLive(
  projectId: string,
  handlers: LiveHandlers,
  socket: AgentSocket = connect(),
): () => void {
  current = socket;
  followLog(socket, projectId, handlers);
  const stopAuth = stayAuthenticated(socket);
  const stopStatus = reportStatus(socket);
  const { signals } = handlers;
  socket.on('visitor.typing', (s) => s.project_id === projectId && signals['visitor.typing'](s));
  socket.on('visitor.presence', (s) => {
    if (s.project_id === projectId) signals['visitor.presence'](s);
  });
  socket.on('visitor.context', (s) => {
    if (s.project_id === projectId) signals['visitor.context'](s);
  });
  return () => {
    if (current === socket) current = null;
    stopAuth();
    stopStatus();
    socket.removeAllListeners();
    socket.disconnect();
    setPhase('connecting');
  };
}

/** Tell the visitor that a reply is being written. May be lost; it is not worth a queue. */
export function setTyping(projectId: string, conversationId: string, typing: boolean) {
  if (!current?.connected) return;
  current
    .timeout(ANSWER_WITHIN)
    .emitWithAck('typing.set', {
      project_id: projectId,
      conversation_id: conversationId,
      typing,
    })
    .catch(() => null);
}
