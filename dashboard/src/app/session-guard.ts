import type { QueryClient } from '@tanstack/react-query';
import { redirect } from '@tanstack/react-router';
import { getSession, needsSetup, onSessionChange, restoreSession } from '../api/session';
import type { AppRouter } from './router';

const HOME = '/app/';

/** Let members through; send everybody else to where they become one, and back afterwards. */
export async function requireMember(href: string) {
  const state = await restoreSession();
  if (state.status === 'signed-in') return;
  if (await needsSetup()) throw redirect({ to: '/setup', replace: true });
  const hasLeft = state.status === 'signed-out' && state.why === 'left';
  const search = hasLeft || href === HOME ? {} : { next: href };
  throw redirect({ to: '/sign-in', search, replace: true });
}

/** Pages for those who are not signed in yet. */
export async function requireGuest(next: string | undefined) {
  const state = await restoreSession();
  if (state.status === 'signed-in') throw redirect({ href: next ?? HOME, replace: true });
}

/** When a session ends, here or in another tab, leave; when it changes hands, forget what was read. */
export function followSession(router: AppRouter, client: QueryClient) {
  let userId: string | null = null;
  onSessionChange(() => {
    const state = getSession();
    if (state.status === 'signed-in') {
      if (userId && userId !== state.session.user.id) client.clear();
      userId = state.session.user.id;
      const { pathname } = router.state.location;
      if (/\/(?:sign-in|setup)$/u.test(pathname)) void router.invalidate();
      return;
    }
    if (state.status === 'signed-out') {
      void router.invalidate().then(() => {
        if (state.why === 'left') client.clear();
      });
    }
  });
}
