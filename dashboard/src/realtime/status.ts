import { useSyncExternalStore } from 'react';

/** `connecting` is the first time only; what is on screen may be stale unless `live`. */
export type Phase = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'refused';

export interface LiveStatus {
  phase: Phase;
  /** How many messages came while away; set for some seconds after a reconnect. */
  caughtUp: number | null;
}

const SHOWN_FOR = 5_000;

let status: LiveStatus = { phase: 'connecting', caughtUp: null };
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

export const getStatus = (): LiveStatus => status;

function change(next: LiveStatus) {
  status = next;
  for (const listener of listeners) listener();
}

export function setPhase(phase: Phase) {
  if (phase === status.phase) return;
  clearTimeout(timer);
  change({ phase, caughtUp: null });
}

/** Say that all that was missed is here now. */
export function setCaughtUp(count: number) {
  clearTimeout(timer);
  change({ phase: 'live', caughtUp: count });
  timer = setTimeout(() => change({ phase: status.phase, caughtUp: null }), SHOWN_FOR);
}

export function onStatusChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useLiveStatus = (): LiveStatus => useSyncExternalStore(onStatusChange, getStatus);
