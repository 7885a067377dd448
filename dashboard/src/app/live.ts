import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { keys } from '../api/keys';
import { listQuery } from '../features/conversations/conversations';
import { followEvents, loadedAt } from '../features/conversations/live';
import type { Outbox } from '../features/conversations/outbox';
import { applyProjectEvent } from '../features/projects/live';
import { applyContext, applyPresence, applyTyping } from '../realtime/signals';
import { startLive } from '../realtime/socket';
import { getStatus, onStatusChange } from '../realtime/status';

function connect(client: QueryClient, projectId: string): () => void {
  const feed = followEvents(client, projectId);
  const stop = startLive(projectId, {
    loadedAt: () => loadedAt(client, projectId),
    onEvents: (events) => {
      feed.apply(events);
      for (const event of events) applyProjectEvent(client, event);
    },
    onReload: () => {
      void client.invalidateQueries({ queryKey: keys.project(projectId) });
      void client.invalidateQueries({ queryKey: keys.projects });
    },
    onRejoin: () => {
      client.setQueryData(keys.typing(projectId), {});
      void client.invalidateQueries({ queryKey: keys.presence(projectId) });
      void client.invalidateQueries({ queryKey: keys.visitors(projectId) });
      void client.refetchQueries({ predicate: (query) => query.state.status === 'error' });
    },
    signals: {
      'visitor.typing': (signal) => applyTyping(client, signal),
      'visitor.presence': (signal) => applyPresence(client, signal),
      'visitor.context': (signal) => applyContext(client, signal),
    },
  });
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
      if (!isGone) stop = connect(client, projectId);
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
