import { queryOptions } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { unwrap } from '../../api/refusal';
import type { Visitor } from '../../api/wire';

/** A visitor, and where on the site they are. */
export const visitorQuery = (projectId: string, visitorId: string) =>
  queryOptions({
    queryKey: keys.visitor(projectId, visitorId),
    queryFn: async ({ signal }): Promise<Visitor> =>
      unwrap(
        await api.GET('/api/projects/{project_id}/visitors/{visitor_id}', {
          params: { path: { project_id: projectId, visitor_id: visitorId } },
          signal,
        }),
      ),
  });
