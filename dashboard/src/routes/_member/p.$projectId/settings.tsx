import { createFileRoute } from '@tanstack/react-router';
import { SettingsPage } from '../../../features/projects/settings-page';

export const Route = createFileRoute('/_member/p/$projectId/settings')({ component: Page });

function Page() {
  return <SettingsPage projectId={Route.useParams().projectId} />;
}
