import { createFileRoute, redirect } from '@tanstack/react-router';
import { lastProject } from '../../app/last-project';
import { projectsQuery } from '../../features/projects/projects';

export const Route = createFileRoute('/_member/')({
  beforeLoad: async ({ context, preload }) => {
    if (preload) return;
    const projects = await context.queryClient.ensureQueryData(projectsQuery());
    const remembered = lastProject();
    const project = projects.find(({ id }) => id === remembered) ?? projects[0];
    if (!project) throw redirect({ to: '/new-project', replace: true });
    throw redirect({ to: '/p/$projectId', params: { projectId: project.id }, replace: true });
  },
});
