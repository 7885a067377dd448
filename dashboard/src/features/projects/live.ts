import type { QueryClient } from '@tanstack/react-query';
import { keys } from '../../api/keys';
import type { Member, ParlourEvent, Project } from '../../api/wire';

/** Apply an event to the projects and members that are cached. */
export function applyProjectEvent(client: QueryClient, event: ParlourEvent) {
  switch (event.type) {
    case 'project.updated': {
      const { id, name, domains } = event.data.project;
      const update = <T extends Project>(project: T): T => ({ ...project, name, domains });
      client.setQueryData<Project>(keys.project(id), (project) => project && update(project));
      client.setQueryData<Project[]>(keys.projects, (all) =>
        all?.map((project) => (project.id === id ? update(project) : project)),
      );
      break;
    }
    case 'member.added': {
      const { member } = event.data;
      client.setQueryData<Member[]>(
        keys.members(event.project_id),
        (all) => all && [...all.filter(({ user_id }) => user_id !== member.user_id), member],
      );
      break;
    }
    case 'message.created':
    case 'conversation.created':
    case 'conversation.updated':
      break; // the conversations feature shows these
    default:
      event satisfies never;
  }
}
