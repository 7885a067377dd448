import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

/** What went wrong with what was just tried. */
export function Alert({ children }: { children: ReactNode }) {
  return (
    <p
      role="alert"
      className="flex animate-fade gap-2 rounded-control bg-bad-soft px-3 py-2 text-pretty text-bad"
    >
      <CircleAlert size={16} className="mt-0.5 shrink-0" aria-hidden />
      <span>{children}</span>
    </p>
  );
}
