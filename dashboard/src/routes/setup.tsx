import { createFileRoute, redirect, useNavigate } from '@tanstack/react-router';
import { needsSetup } from '../api/session';
import { requireGuest } from '../app/session-guard';
import { FirstRunPage } from '../features/accounts/first-run-page';

export const Route = createFileRoute('/setup')({
  beforeLoad: async () => {
    await requireGuest('/app/new-project');
    if (!(await needsSetup())) throw redirect({ to: '/sign-in', replace: true });
  },
  component: Page,
});

function Page() {
  const navigate = useNavigate();
  return <FirstRunPage onDone={() => void navigate({ to: '/new-project', replace: true })} />;
}
