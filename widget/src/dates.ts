import { texts } from './texts';

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** The time of day, as visitors write it. */
export function formatTime(at: string): string {
  return time.format(new Date(at));
}

/** A day: Today, Yesterday, or its date. */
export function formatDay(day: string, now = new Date()): string {
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (day === now.toDateString()) return texts.today;
  if (day === yesterday.toDateString()) return texts.yesterday;
  return date.format(new Date(day));
}
