import type { Status } from './wire';

/** Names of what is cached. All that belongs to a project starts with it, so it can be reloaded whole. */
export const keys = {
  projects: ['projects'] as const,
  project: (project: string) => ['project', project] as const,
  members: (project: string) => ['project', project, 'members'] as const,
  presence: (project: string) => ['project', project, 'presence'] as const,
  typing: (project: string) => ['project', project, 'typing'] as const,
  visitors: (project: string) => ['project', project, 'visitors'] as const,
  visitor: (project: string, visitor: string) => ['project', project, 'visitors', visitor] as const,
  lists: (project: string) => ['project', project, 'lists'] as const,
  list: (project: string, status: Status) => ['project', project, 'lists', status] as const,
  conversations: (project: string) => ['project', project, 'conversations'] as const,
  conversation: (project: string, conversation: string) =>
    ['project', project, 'conversations', conversation] as const,
  messages: (project: string, conversation: string) =>
    ['project', project, 'messages', conversation] as const,
};
