import { createFileRoute } from '@tanstack/react-router';
import { rememberProject } from '../../app/last-project';
import { Shell } from '../../app/shell';

export const Route = createFileRoute('/_member/p/$projectId')({
  onEnter: ({ params }) => rememberProject(params.projectId),
  component: Page,
});

function Page() {
  return <Shell projectId={Route.useParams().projectId} />;
}
