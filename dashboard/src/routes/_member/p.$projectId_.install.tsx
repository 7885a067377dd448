import { createFileRoute } from '@tanstack/react-router';
import { InstallPage } from '../../features/projects/install-page';

export const Route = createFileRoute('/_member/p/$projectId_/install')({ component: Page });

function Page() {
  return <InstallPage projectId={Route.useParams().projectId} />;
}
