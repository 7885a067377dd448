const FIRST = 1_500;
const LONGEST = 10_000;

/**
 * How many milliseconds to wait after so many failures in a row. Of a thousand clients that lost
 * the same server, no two come back in the same moment.
 */
export const backOff = (failures: number): number =>
  Math.min(FIRST * 2 ** failures, LONGEST) * (0.2 + 0.8 * Math.random());

/** How many milliseconds to wait when the server asked for so many seconds. */
export const asAsked = (seconds: number): number => seconds * 1000 * (1 + Math.random() / 5);
