const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const timeFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const dayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dateFormat = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});
const longDayFormat = new Intl.DateTimeFormat(undefined, {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
});
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });
const wordFormat = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

/** `14:02` */
export const clockTime = (iso: string): string => timeFormat.format(new Date(iso));

/** The whole date and time, for a title. */
export const exactTime = (iso: string): string => exactFormat.format(new Date(iso));

const midnight = (time: number): number => new Date(time).setHours(0, 0, 0, 0);

/** Calendar days from `iso` to `now`: 0 today, 1 yesterday. Daylight saving does not matter. */
export const daysAgo = (iso: string, now: number): number =>
  Math.round((midnight(now) - midnight(Date.parse(iso))) / DAY);

export const isSameDay = (a: string, b: string): boolean =>
  midnight(Date.parse(a)) === midnight(Date.parse(b));

/** `3 Mar`, with the year when it is another one. */
export function shortDate(iso: string, now: number): string {
  const date = new Date(iso);
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? dayFormat : dateFormat).format(date);
}

/** As short as a list needs: `now`, `8m`, `3h`, `Sat`, `12 Oct`, `12 Oct 2024`. */
export function shortAge(iso: string, now: number): string {
  const age = now - Date.parse(iso);
  if (age < MINUTE) return 'now';
  if (age < HOUR) return `${Math.floor(age / MINUTE)}m`;
  if (age < DAY) return `${Math.floor(age / HOUR)}h`;
  if (daysAgo(iso, now) < 7) return weekdayFormat.format(new Date(iso));
  return shortDate(iso, now);
}

/** `Today`, `Yesterday`, `Monday 3 March`, `3 Mar 2024`: what divides a thread. */
export function dayName(iso: string, now: number): string {
  const days = daysAgo(iso, now);
  if (days < 2) {
    const word = wordFormat.format(-days, 'day');
    return word.charAt(0).toUpperCase() + word.slice(1);
  }
  const date = new Date(iso);
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? longDayFormat : dateFormat).format(date);
}

/** `Today, 14:02`, `3 Mar, 09:15`: for facts about a visitor. */
export function dayAndTime(iso: string, now: number): string {
  const isRecent = daysAgo(iso, now) < 2;
  return `${isRecent ? dayName(iso, now) : shortDate(iso, now)}, ${clockTime(iso)}`;
}

/** How long something has lasted: `1 min`, `2 h 5 min`, `3 days`. */
export function duration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / MINUTE);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return days === 1 ? '1 day' : `${days} days`;
}
