import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { unwrap } from '../../api/refusal';
import type { Member, MemberCreate, Project, ProjectUpdate } from '../../api/wire';

/** The projects the signed-in user is a member of. */
export const projectsQuery = () =>
  queryOptions({
    queryKey: keys.projects,
    queryFn: async ({ signal }): Promise<Project[]> =>
      unwrap(await api.GET('/api/projects', { signal })).items,
  });

export const projectQuery = (projectId: string) =>
  queryOptions({
    queryKey: keys.project(projectId),
    queryFn: async ({ signal }): Promise<Project> =>
      unwrap(
        await api.GET('/api/projects/{project_id}', {
          params: { path: { project_id: projectId } },
          signal,
        }),
      ),
  });

export const membersQuery = (projectId: string) =>
  queryOptions({
    queryKey: keys.members(projectId),
    queryFn: async ({ signal }): Promise<Member[]> =>
      unwrap(
        await api.GET('/api/projects/{project_id}/members', {
          params: { path: { project_id: projectId } },
          signal,
        }),
      ).items,
  });

export function useCreateProject() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (project: { name: string; domains: string[] }) =>
      unwrap(await api.POST('/api/projects', { body: project })),
    onSuccess: (project) => {
      client.setQueryData(keys.project(project.id), project);
      client.setQueryData<Project[]>(keys.projects, (all) => all && [...all, project]);
    },
  });
}

export function useUpdateProject(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (update: ProjectUpdate) =>
      unwrap(
        await api.PATCH('/api/projects/{project_id}', {
          params: { path: { project_id: projectId } },
          body: update,
        }),
      ),
    onSuccess: (project) => {
      client.setQueryData(keys.project(projectId), project);
      client.setQueryData<Project[]>(keys.projects, (all) =>
        all?.map((other) => (other.id === projectId ? project : other)),
      );
    },
  });
}

export function useAddMember(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (member: MemberCreate) =>
      unwrap(
        await api.POST('/api/projects/{project_id}/members', {
          params: { path: { project_id: projectId } },
          body: member,
        }),
      ),
    onSuccess: (member) =>
      client.setQueryData<Member[]>(
        keys.members(projectId),
        (all) => all && [...all.filter(({ user_id }) => user_id !== member.user_id), member],
      ),
  });
}
