import { useSyncExternalStore } from 'react';
import { getSession, onSessionChange, type SessionState } from './session';
import type { User } from './wire';

/** The session, followed. */
export const useSession = (): SessionState => useSyncExternalStore(onSessionChange, getSession);

/** The signed-in user, or null on the pages before. */
export function useUser(): User | null {
  const state = useSession();
  return state.status === 'signed-in' ? state.session.user : null;
}
