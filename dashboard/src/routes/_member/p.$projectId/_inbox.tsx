import { createFileRoute } from '@tanstack/react-router';
import type { Status } from '../../../api/wire';
import { InboxLayout } from '../../../app/inbox-layout';
import { STATUSES } from '../../../features/conversations/conversations';

export const Route = createFileRoute('/_member/p/$projectId/_inbox')({
  validateSearch: (search: Record<string, unknown>): { status?: Status | undefined } => ({
    status: STATUSES.find((known) => known === search.status && known !== 'open'),
  }),
  component: Page,
});

function Page() {
  return <InboxLayout projectId={Route.useParams().projectId} />;
}
