import { type QueryClient, useInfiniteQuery } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, useSyncExternalStore } from 'react';
import { api } from '../../api/client';
import { unwrap } from '../../api/refusal';
import { messagesQuery, putMessage } from './conversations';
import { Outbox, type Unsent } from './outbox';

/** An outbox that posts to the API, and shows what was posted. */
export const createOutbox = (client: QueryClient, userId: string): Outbox =>
  new Outbox(userId, async (conversationId, { id, projectId, text }) => {
    const message = unwrap(
      await api.POST('/api/projects/{project_id}/conversations/{conversation_id}/messages', {
        params: { path: { project_id: projectId, conversation_id: conversationId } },
        body: { id, text },
      }),
    );
    putMessage(client, projectId, message);
    return message;
  });

const OutboxContext = createContext<Outbox | null>(null);
export const OutboxProvider = OutboxContext.Provider;

/** The replies of the signed-in member that are on their way. */
export function useOutbox(): Outbox {
  const outbox = useContext(OutboxContext);
  if (!outbox) throw new Error('useOutbox needs an OutboxProvider above it');
  return outbox;
}

/**
 * What a conversation shows: what was posted, then what is still on its way.
 *
 * A reply has its id before it is sent. The answer and the socket's echo are the same message,
 * whichever comes first, and the row on screen stays the same row.
 */
export function useThread(projectId: string, conversationId: string) {
  const query = useInfiniteQuery(messagesQuery(projectId, conversationId));
  const outbox = useOutbox();
  const onTheirWay = useSyncExternalStore(outbox.subscribe, () => outbox.list(conversationId));

  const posted = useMemo(
    () => [...(query.data?.pages ?? [])].reverse().flatMap((page) => page.items),
    [query.data],
  );
  const postedIds = useMemo(() => new Set(posted.map(({ id }) => id)), [posted]);
  const unsent: Unsent[] = useMemo(
    () => onTheirWay.filter(({ id }) => !postedIds.has(id)),
    [onTheirWay, postedIds],
  );

  useEffect(() => {
    // The echo is proof enough, also when the answer itself was lost.
    for (const { id } of onTheirWay) if (postedIds.has(id)) outbox.remove(conversationId, id);
  }, [outbox, conversationId, onTheirWay, postedIds]);

  return { query, posted, unsent };
}
