import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { unwrap } from '../../api/refusal';
import type {
  Conversation,
  ConversationDetail,
  ConversationPage,
  Message,
  MessagePage,
  Status,
} from '../../api/wire';

export const STATUSES: readonly Status[] = ['open', 'pending', 'resolved', 'spam'];

/** A status as the address tells it: the open ones need no word. */
export const statusSearch = (status: Status): { status?: Status } =>
  status === 'open' ? {} : { status };

type Pages<Page> = InfiniteData<Page, string | null>;
export type ListData = Pages<ConversationPage>;
export type ThreadData = Pages<MessagePage>;

/** The conversations of one status, newest first. */
export const listQuery = (projectId: string, status: Status) =>
  infiniteQueryOptions({
    queryKey: keys.list(projectId, status),
    queryFn: async ({ pageParam, signal }): Promise<ConversationPage> =>
      unwrap(
        await api.GET('/api/projects/{project_id}/conversations', {
          params: {
            path: { project_id: projectId },
            query: { status, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

/** One conversation with where its visitor came from. */
export const conversationQuery = (projectId: string, conversationId: string) =>
  queryOptions({
    queryKey: keys.conversation(projectId, conversationId),
    queryFn: async ({ signal }): Promise<ConversationDetail> =>
      unwrap(
        await api.GET('/api/projects/{project_id}/conversations/{conversation_id}', {
          params: { path: { project_id: projectId, conversation_id: conversationId } },
          signal,
        }),
      ),
  });

/** What was posted in a conversation. The first page is the newest; a page reads downwards. */
export const messagesQuery = (projectId: string, conversationId: string) =>
  infiniteQueryOptions({
    queryKey: keys.messages(projectId, conversationId),
    queryFn: async ({ pageParam, signal }): Promise<MessagePage> =>
      unwrap(
        await api.GET('/api/projects/{project_id}/conversations/{conversation_id}/messages', {
          params: {
            path: { project_id: projectId, conversation_id: conversationId },
            query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

const isBefore = (a: Conversation, b: Conversation): boolean =>
  a.last_message_at === b.last_message_at ? a.id > b.id : a.last_message_at > b.last_message_at;

/** Put a conversation where it belongs in a list, unless that is further down than we have read. */
function insert(data: ListData, conversation: Conversation): ListData {
  const pages = [...data.pages];
  for (const [index, page] of pages.entries()) {
    const at = page.items.findIndex((item) => isBefore(conversation, item));
    const isLast = index === pages.length - 1;
    if (at < 0 && !(isLast && page.next_cursor === null)) continue;
    const items = [...page.items];
    items.splice(at < 0 ? items.length : at, 0, conversation);
    pages[index] = { ...page, items };
    return { ...data, pages };
  }
  return data;
}

function without(data: ListData, id: string): ListData {
  if (!data.pages.some((page) => page.items.some((item) => item.id === id))) return data;
  const pages = data.pages.map((page) => ({
    ...page,
    items: page.items.filter((item) => item.id !== id),
  }));
  return { ...data, pages };
}

const knowsAlready = (pages: { seq: number }[], seq: number): boolean =>
  pages.length > 0 && pages.every((page) => page.seq >= seq);

/**
 * Show a conversation as it is after `seq` wherever it is cached: moved to the list of its status,
 * in the order of its last message. What was read at a later position stays.
 */
export function putConversation(client: QueryClient, conversation: Conversation, seq: number) {
  const { id, project_id } = conversation;
  for (const status of STATUSES) {
    client.setQueryData<ListData>(keys.list(project_id, status), (data) => {
      if (!data || knowsAlready(data.pages, seq)) return data;
      const others = without(data, id);
      return status === conversation.status ? insert(others, conversation) : others;
    });
  }
  client.setQueryData<ConversationDetail>(keys.conversation(project_id, id), (detail) =>
    detail && detail.seq < seq ? { ...detail, ...conversation } : detail,
  );
}

/** Put a message into its thread, if that is loaded: once, and in the order of the log. */
export function putMessage(client: QueryClient, projectId: string, message: Message) {
  client.setQueryData<ThreadData>(keys.messages(projectId, message.conversation_id), (data) => {
    const newest = data?.pages[0];
    if (!data || !newest) return data;
    if (data.pages.some((page) => page.items.some((item) => item.id === message.id))) return data;
    const items = [...newest.items, message].sort((a, b) => a.seq - b.seq);
    return { ...data, pages: [{ ...newest, items }, ...data.pages.slice(1)] };
  });
}

/** The position an answer without one is at: newer than what we have read, older than what comes. */
const NOW = Number.MAX_SAFE_INTEGER;

export function useSetStatus(projectId: string, conversationId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (status: Status) =>
      unwrap(
        await api.PATCH('/api/projects/{project_id}/conversations/{conversation_id}', {
          params: { path: { project_id: projectId, conversation_id: conversationId } },
          body: { status },
        }),
      ),
    onSuccess: (conversation) => putConversation(client, conversation, NOW),
  });
}

/** Say that members have read up to a message. Losing it costs nothing: the next one says more. */
export function useMarkRead(projectId: string, conversationId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (seq: number) =>
      unwrap(
        await api.POST('/api/projects/{project_id}/conversations/{conversation_id}/read', {
          params: { path: { project_id: projectId, conversation_id: conversationId } },
          body: { seq },
        }),
      ),
    onSuccess: (conversation) => putConversation(client, conversation, NOW),
  });
}
