import { useCallback, useSyncExternalStore } from 'react';

/** The widths of styles.css, for what CSS alone cannot decide. */
export const COMPACT = '(width <= 1180px)';
export const NARROW = '(width <= 900px)';
export const PHONE = '(width <= 700px)';

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const media = matchMedia(query);
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}
