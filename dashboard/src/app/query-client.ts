import { QueryClient } from '@tanstack/react-query';
import { isTransient, Refusal } from '../api/refusal';
import { asAsked, backOff } from '../lib/backoff';

const TRIES = 2;

/** The cache of what the server knows. The log keeps it fresh, so nothing in it grows stale by age. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 30 * 60_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < TRIES && isTransient(error),
      retryDelay: (failures, error) => {
        const asked = error instanceof Refusal ? error.retryAfter : null;
        return asked ? asAsked(asked) : backOff(failures);
      },
    },
    mutations: { networkMode: 'always' },
  },
});
