import { io } from 'socket.io-client';
import { Refusal, unwrapAnswer } from '../api/refusal';
import { getToken } from '../api/session';
import type { LogAnswer, ParlourEvent, Signals } from '../api/wire';
import { asAsked, backOff } from '../lib/backoff';
import { type AgentSocket, Connection } from './connection';
import { LogCursor } from './log-cursor';
import { setPhase } from './status';

const ANSWER_WITHIN = 10_000;
/** Asking again would be answered the same. */
const FINAL = ['forbidden', 'not_found', 'invalid'];

export interface LiveHandlers {
  /** The position in the log that everything on screen is at, or newer. Asked at the first join. */
  loadedAt: () => number | null;
  onEvents: (events: ParlourEvent[]) => void;
  /**
   * Too much was missed: read everything again, as it is at that position or later. What comes in
   * meanwhile is applied afterwards. Rejects when it could not be read.
   */
  onReload: (seq: number) => Promise<void>;
  /** Joined again: signals may have been lost meanwhile. */
  onRejoin: () => void;
  signals: { [Name in keyof Signals]: (signal: Signals[Name]) => void };
}

let current: AgentSocket | null = null;

const connect = (): AgentSocket =>
  io('/agents', {
    path: '/socket.io',
    transports: ['websocket'],
    auth: (give) => give({ token: getToken() }),
    reconnection: false, // `Connection` does it
    timeout: ANSWER_WITHIN,
    forceNew: true,
  });

const countMessages = (events: ParlourEvent[]): number =>
  events.filter(({ type }) => type === 'message.created').length;

/** Join the project on every connect, and apply what was missed before what comes in. */
function followLog(
  socket: AgentSocket,
  connection: Connection,
  projectId: string,
  handlers: LiveHandlers,
) {
  let cursor: LogCursor | null = null;
  let hasJoined = false;
  let attempt = 0;
  let failures = 0;

  const apply = (events: ParlourEvent[]) => {
    const ours = events.filter((event) => event.project_id === projectId);
    if (ours.length > 0) handlers.onEvents(ours);
    return ours;
  };

  /** Ask for what was missed; if that is too much, have everything read again. */
  const ask = async (after: number | null): Promise<LogAnswer> => {
    const answer = unwrapAnswer(
      await socket
        .timeout(ANSWER_WITHIN)
        .emitWithAck('project.join', { project_id: projectId, after }),
    );
    if (answer.reload) await handlers.onReload(answer.seq);
    return answer;
  };

  const takeUp = (missed: ParlourEvent[]) => {
    const applied = apply(missed);
    if (hasJoined) handlers.onRejoin();
    connection.caughtUp(hasJoined ? countMessages(applied) : null);
    hasJoined = true;
    failures = 0;
  };

  const join = async () => {
    cursor ??= new LogCursor(handlers.loadedAt());
    cursor.hold();
    const mine = ++attempt;
    const isOver = () => mine !== attempt || !socket.connected;
    try {
      const answer = await ask(cursor.last);
      if (!isOver()) takeUp(cursor.release(answer));
    } catch (error) {
      if (!isOver()) joinLater(error instanceof Refusal ? error : null);
    }
  };

  const joinLater = (refusal: Refusal | null) => {
    if (refusal && FINAL.includes(refusal.code)) {
      connection.refused();
      return;
    }
    const tried = attempt;
    const wait = refusal?.retryAfter ? asAsked(refusal.retryAfter) : backOff(failures++);
    setTimeout(() => socket.connected && tried === attempt && join(), wait);
  };

  socket.on('connect', () => void join());
  socket.on('events', (frame) => {
    if (cursor) apply(cursor.receive(frame));
  });
}

/** Follow a project until the returned function is called. One project at a time. */
export function startLive(
  projectId: string,
  handlers: LiveHandlers,
  socket: AgentSocket = connect(),
): () => void {
  current = socket;
  const connection = new Connection(socket);
  followLog(socket, connection, projectId, handlers);
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
    connection.stop();
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
