import type { ReactNode } from 'react';
import { Logo } from './logo';

interface Props {
  title: string;
  lead?: ReactNode;
  /** `2 of 3`, where a page is a step. */
  step?: { at: number; of: number };
  isWide?: boolean;
  footer?: ReactNode;
  children: ReactNode;
}

/** A page with one thing to do, outside the inbox. */
export function PlainPage({ title, lead, step, isWide = false, footer, children }: Props) {
  return (
    <main className="flex min-h-full flex-col items-center px-4 py-12 phone:py-6">
      <div className={`w-full ${isWide ? 'max-w-[620px]' : 'max-w-[400px]'} my-auto`}>
        <div className="mb-5 flex items-center gap-3 px-1">
          <Logo />
          <span className="font-semibold text-16 tracking-[-0.014em]">Parlour</span>
          {step && <Steps {...step} />}
        </div>
        <div className="animate-rise rounded-sheet border border-line bg-sheet p-7 shadow-1 phone:p-5">
          <h1 className="font-semibold text-20 tracking-[-0.018em]">{title}</h1>
          {lead && <p className="mt-1 text-pretty text-fg-2 text-14">{lead}</p>}
          <div className="mt-6">{children}</div>
        </div>
        {footer && <div className="mt-4 px-1 text-center text-fg-2">{footer}</div>}
      </div>
    </main>
  );
}

function Steps({ at, of }: { at: number; of: number }) {
  return (
    <span className="ml-auto flex items-center gap-2 text-12 text-fg-2">
      Step {at} of {of}
      <span aria-hidden="true" className="flex gap-1">
        {Array.from({ length: of }, (_, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: the steps never move
            key={index}
            className={`h-1 w-5 rounded-full ${index < at ? 'bg-accent' : 'bg-line-2'}`}
          />
        ))}
      </span>
    </span>
  );
}
