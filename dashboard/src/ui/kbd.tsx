import type { ReactNode } from 'react';

/** A key of the keyboard. Takes its colour from where it stands. */
export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-block h-[17px] min-w-4 rounded-[4px] bg-current/15 px-1 text-center font-sans text-11 font-medium">
      <span>{children}</span>
    </kbd>
  );
}
