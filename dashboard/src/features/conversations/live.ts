import type { QueryClient } from '@tanstack/react-query';
import { keys } from '../../api/keys';
import { isTransient } from '../../api/refusal';
import type { ParlourEvent } from '../../api/wire';
import { applyTyping } from '../../realtime/signals';
import { putConversation, putMessage } from './conversations';

/** Apply an event to the conversations and threads that are cached. Applying it twice is harmless. */
export function applyEvent(client: QueryClient, event: ParlourEvent) {
  switch (event.type) {
    case 'message.created': {
      const { message, conversation } = event.data;
      putMessage(client, event.project_id, message);
      putConversation(client, conversation, event.seq);
      if (message.author.kind === 'visitor') {
        applyTyping(client, {
          project_id: event.project_id,
          conversation_id: message.conversation_id,
          visitor_id: conversation.visitor.id,
          typing: false,
        });
      }
      break;
    }
    case 'conversation.created':
    case 'conversation.updated':
      putConversation(client, event.data.conversation, event.seq);
      break;
    case 'member.added':
    case 'project.updated':
      break; // the projects feature shows these
    default:
      event satisfies never;
  }
}

interface Positioned {
  seq?: number;
  pages?: { seq: number }[];
}

const positions = (data: unknown): number[] => {
  if (typeof data !== 'object' || data === null) return [];
  const { seq, pages } = data as Positioned;
  if (pages) return pages.map((page) => page.seq);
  return seq === undefined ? [] : [seq];
};

/** The oldest position in the log that anything cached of a project was read at. */
export function loadedAt(client: QueryClient, projectId: string): number | null {
  const all = client
    .getQueriesData({ queryKey: keys.project(projectId) })
    .flatMap(([, data]) => positions(data));
  return all.length > 0 ? Math.min(...all) : null;
}

/** Forget what nobody looks at: it is read when it is wanted. */
export function forgetUnseen(client: QueryClient, queryKey: readonly string[]) {
  client.removeQueries({ queryKey, predicate: (query) => query.getObserversCount() === 0 });
}

/**
 * Read anew what is on screen of a project, as it is at a position in the log or later. Rejects
 * when that may work another time.
 *
 * To mark as stale what is not on screen would not do: the next event applied to it makes it look
 * fresh again, with a gap in it.
 */
export async function readAnew(client: QueryClient, projectId: string, seq: number) {
  const onScreen = { queryKey: keys.project(projectId), type: 'active' } as const;
  forgetUnseen(client, onScreen.queryKey);
  await client.refetchQueries(onScreen);
  for (const { state } of client.getQueryCache().findAll(onScreen)) {
    if (state.error && isTransient(state.error)) throw state.error;
    const wasReadBefore = positions(state.data).some((readAt) => readAt < seq);
    if (wasReadBefore && !state.error) throw new Error('An answer is from before the reload.');
  }
}

const REMEMBERED = 500;

/**
 * Apply events, also to what was still being read when they came: an answer that is older than
 * an event we have seen gets the event when it arrives.
 */
export function followEvents(client: QueryClient, projectId: string) {
  let recent: ParlourEvent[] = [];

  const replay = (data: unknown) => {
    const readAt = Math.min(...positions(data));
    for (const event of recent) if (event.seq > readAt) applyEvent(client, event);
  };

  const stop = client.getQueryCache().subscribe((change) => {
    if (change.type !== 'updated' || change.action.type !== 'success') return;
    if (change.action.manual || change.query.queryKey[1] !== projectId) return;
    replay(change.action.data);
  });

  return {
    /** What was applied is not worth remembering: all is read anew. */
    forget() {
      recent = [];
    },
    apply(events: ParlourEvent[]) {
      recent = [...recent, ...events].slice(-REMEMBERED);
      for (const event of events) applyEvent(client, event);
    },
    stop,
  };
}
