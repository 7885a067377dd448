const FIRST_SECONDS = 1.5;

/**
 * How many seconds to wait after so many failures in a row. Of a thousand clients that lost the
 * same server, no two come back in the same moment.
 */
export function backOff(failures: number, longest = 10): number {
  return Math.min(FIRST_SECONDS * 2 ** failures, longest) * (0.2 + 0.8 * Math.random());
}

/** How many seconds to wait when the server asked for so many. */
export function asAsked(seconds: number): number {
  return seconds * (1 + Math.random() / 5);
}
