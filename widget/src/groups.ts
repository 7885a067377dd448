import type { Entry } from './store';

/** How long a pause may be within a group. */
const PAUSE_MS = 5 * 60_000;

/** Messages of one author in a row: one name above, one time below. */
export interface Group {
  key: string;
  author: Entry['author'];
  name: string;
  entries: [Entry, ...Entry[]];
}

export interface Day {
  key: string;
  groups: Group[];
}

/** Arrange messages by day, and within a day by author. */
export function groupByDay(entries: Entry[]): Day[] {
  const days: Day[] = [];
  for (const entry of entries) {
    const key = new Date(entry.at).toDateString();
    let day = days.at(-1);
    if (day?.key !== key) {
      day = { key, groups: [] };
      days.push(day);
    }
    const group = day.groups.at(-1);
    if (group && belongsTo(group, entry)) group.entries.push(entry);
    else
      day.groups.push({ key: entry.id, author: entry.author, name: entry.name, entries: [entry] });
  }
  return days;
}

function belongsTo(group: Group, entry: Entry): boolean {
  const last = group.entries.at(-1) ?? group.entries[0];
  return (
    entry.author === group.author &&
    entry.author !== 'system' &&
    // One's own messages carry a name only once the server has them.
    (entry.author === 'visitor' || entry.name === group.name) &&
    Date.parse(entry.at) - Date.parse(last.at) < PAUSE_MS
  );
}
