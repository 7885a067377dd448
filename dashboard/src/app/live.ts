import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { keys } from '../api/keys';
import { listQuery } from '../features/conversations/conversations';
import { followEvents, forgetUnseen, loadedAt, readAnew } from '../features/conversations/live';
import type { Outbox } from '../features/conversations/outbox';
import { applyProjectEvent } from '../features/projects/live';
import type { AgentSocket } from '../realtime/connection';
import { applyContext, applyPresence, applyTyping } from '../realtime/signals';
import { type LiveHandlers, startLive } from '../realtime/socket';
import { getStatus, onStatusChange } from '../realtime/status';

/** Keep what is cached of a project as the server has it, until the returned function is called. */
export function followProject(
  client: QueryClient,
  projectId: string,
  socket?: AgentSocket,
): () => void {
  const feed = followEvents(client, projectId);
  const handlers: LiveHandlers = {
    loadedAt: () => loadedAt(client, projectId),
    onEvents: (events) => {
      feed.apply(events);
      for (const event of events) applyProjectEvent(client, event);
    },
    onReload: (seq) => {
      feed.forget();
      void client.refetchQueries({ queryKey: keys.projects });
      return readAnew(client, projectId, seq);
    },
    onRejoin: () => {
      client.setQueryData(keys.typing(projectId), {});
      for (const queryKey of [keys.presence(projectId), keys.visitors(projectId)]) {
        forgetUnseen(client, queryKey);
        void client.invalidateQueries({ queryKey });
      }
      void client.refetchQueries({ predicate: (query) => query.state.status === 'error' });
    },
    signals: {
      'visitor.typing': (signal) => applyTyping(client, signal),
      'visitor.presence': (signal) => applyPresence(client, signal),
      'visitor.context': (signal) => applyContext(client, signal),
    },
  };
  const stop = startLive(projectId, handlers, socket);
  return () => {
    stop();
    feed.stop();
  };
}

/**
 * Keep a project live while it is on screen. The open conversations are read first: the log is
 * joined at their position, so that nothing falls between the two.
 */
export function useLive(projectId: string) {
  const client = useQueryClient();
  useEffect(() => {
    let stop: (() => void) | null = null;
    let isGone = false;
    const start = () => {
      if (!isGone) stop = followProject(client, projectId);
    };
    client.ensureInfiniteQueryData(listQuery(projectId, 'open')).then(start, start);
    return () => {
      isGone = true;
      stop?.();
    };
  }, [client, projectId]);
}

/** Send what waits: at the start, and whenever the server is there again. */
export function useDelivery(outbox: Outbox) {
  useEffect(() => {
    outbox.resume();
    const stop = onStatusChange(() => getStatus().phase === 'live' && outbox.resume());
    return () => {
      stop();
      outbox.close();
    };
  }, [outbox]);
}
