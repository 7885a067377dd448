import { createFileRoute, redirect, useRouter } from '@tanstack/react-router';
import { needsSetup } from '../api/session';
import { requireGuest } from '../app/session-guard';
import { SignInPage } from '../features/accounts/sign-in-page';

/** Only a path of ours: a link must not be able to send somebody elsewhere after signing in. */
const ownPath = (next: unknown): string | undefined =>
  typeof next === 'string' && /^\/(?![/\\])/u.test(next) ? next : undefined;

export const Route = createFileRoute('/sign-in')({
  validateSearch: (search: Record<string, unknown>): { next?: string | undefined } => ({
    next: ownPath(search.next),
  }),
  beforeLoad: async ({ search }) => {
    await requireGuest(search.next);
    if (await needsSetup()) throw redirect({ to: '/setup', replace: true });
  },
  component: Page,
});

function Page() {
  const router = useRouter();
  const { next } = Route.useSearch();
  return <SignInPage onDone={() => router.history.replace(next ?? '/app/')} />;
}
