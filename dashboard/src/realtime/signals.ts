import { type QueryClient, skipToken, useQuery } from '@tanstack/react-query';
import { api } from '../api/client';
import { keys } from '../api/keys';
import { unwrap } from '../api/refusal';
import type { ConversationDetail, Presence, Signals, Visitor } from '../api/wire';

const TYPING_LASTS = 6_000; // a lost "stopped typing" must not stay on screen

type Typing = Record<string, true>;

const timers = new Map<string, ReturnType<typeof setTimeout>>();

/** A visitor began or ceased to type. */
export function applyTyping(client: QueryClient, signal: Signals['visitor.typing']) {
  const { project_id, conversation_id, typing } = signal;
  clearTimeout(timers.get(conversation_id));
  timers.delete(conversation_id);
  if (typing) {
    const stop = () => applyTyping(client, { ...signal, typing: false });
    timers.set(conversation_id, setTimeout(stop, TYPING_LASTS));
  }
  client.setQueryData<Typing>(keys.typing(project_id), (all = {}) => {
    if (typing) return all[conversation_id] ? all : { ...all, [conversation_id]: true };
    const { [conversation_id]: _, ...others } = all;
    return others;
  });
}

/** A visitor came or went. */
export function applyPresence(client: QueryClient, signal: Signals['visitor.presence']) {
  const { project_id, visitor_id, online } = signal;
  client.setQueryData<Presence>(keys.presence(project_id), (presence) => {
    if (!presence) return presence;
    const others = presence.visitor_ids.filter((id) => id !== visitor_id);
    return { ...presence, visitor_ids: online ? [...others, visitor_id] : others };
  });
  client.setQueryData<Visitor>(
    keys.visitor(project_id, visitor_id),
    (visitor) => visitor && { ...visitor, online, last_seen_at: new Date().toISOString() },
  );
}

/** A visitor went to another page: show it, and add it to the trail. */
export function applyContext(client: QueryClient, signal: Signals['visitor.context']) {
  const { project_id, visitor_id, url, title } = signal;
  const at = new Date().toISOString();
  client.setQueryData<Visitor>(
    keys.visitor(project_id, visitor_id),
    (visitor) => visitor && { ...visitor, current_url: url, current_title: title },
  );
  client.setQueriesData<ConversationDetail>(
    { queryKey: keys.conversations(project_id) },
    (detail) => {
      if (detail?.visitor.id !== visitor_id) return detail;
      const trail = detail.metadata.url_history;
      if (trail.at(-1)?.url === url) return detail;
      const metadata = { ...detail.metadata, url_history: [...trail, { url, title, at }] };
      return { ...detail, metadata };
    },
  );
}

/** Whether the visitor of a conversation is typing right now. */
export function useIsTyping(projectId: string, conversationId: string): boolean {
  const { data } = useQuery<Typing, Error, boolean>({
    queryKey: keys.typing(projectId),
    queryFn: skipToken,
    select: (all) => all[conversationId] === true,
  });
  return data ?? false;
}

/** Whether a visitor is on the site right now. */
export function useIsOnline(projectId: string, visitorId: string): boolean {
  const { data } = useQuery({
    queryKey: keys.presence(projectId),
    queryFn: async (): Promise<Presence> =>
      unwrap(
        await api.GET('/api/projects/{project_id}/presence', {
          params: { path: { project_id: projectId } },
        }),
      ),
    select: (presence) => presence.visitor_ids.includes(visitorId),
  });
  return data ?? false;
}
