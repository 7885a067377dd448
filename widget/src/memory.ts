/** What the widget remembers in the page's storage: one set of keys per project. */
export interface Memory {
  get(name: string): string | null;
  set(name: string, value: string | null): void;
  key(name: string): string;
}

/** Open the memory of a project. Where storage is switched off, nothing is remembered. */
export function openMemory(area: 'localStorage' | 'sessionStorage', projectId: string): Memory {
  const key = (name: string) => `parlour:${projectId}:${name}`;
  return {
    key,
    get(name) {
      try {
        return window[area].getItem(key(name));
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        if (value === null) window[area].removeItem(key(name));
        else window[area].setItem(key(name), value);
      } catch {
        // Forgotten on the next page, which is all we can do.
      }
    },
  };
}
