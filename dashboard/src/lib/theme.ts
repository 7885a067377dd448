import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark' | 'system';

const KEY = 'parlour.theme'; // read by public/theme.js too, before the first paint
const listeners = new Set<() => void>();
const darkMedia = () => matchMedia('(prefers-color-scheme: dark)');

function stored(): Theme {
  try {
    const choice = localStorage.getItem(KEY);
    return choice === 'light' || choice === 'dark' ? choice : 'system';
  } catch {
    return 'system';
  }
}

let theme = stored();

function paint() {
  const isDark = theme === 'dark' || (theme === 'system' && darkMedia().matches);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
  for (const listener of listeners) listener();
}

/** Follow the system, and the choice made in another tab. */
export function watchTheme() {
  darkMedia().addEventListener('change', paint);
  addEventListener('storage', ({ key }) => {
    if (key !== KEY) return;
    theme = stored();
    paint();
  });
}

export function setTheme(choice: Theme) {
  theme = choice;
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // Kept until the page is closed.
  }
  paint();
}

export const useTheme = (): Theme =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => theme,
  );
