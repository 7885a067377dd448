import type { LucideIcon } from 'lucide-react';
import { CloudOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './button';

interface Props {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** What a pane shows when it has nothing to show: why, and what can be done. */
export function Notice({ icon: Icon, title, children, action }: Props) {
  return (
    <div className="m-auto flex max-w-80 animate-fade flex-col items-center px-6 py-10 text-center">
      <span className="mb-3 grid size-11 place-items-center rounded-full bg-hover text-fg-2">
        <Icon size={20} strokeWidth={1.75} aria-hidden />
      </span>
      <h2 className="font-semibold text-14">{title}</h2>
      {children && <div className="mt-1 text-pretty text-fg-2">{children}</div>}
      {action && <div className="mt-4">{action}</div>}
    </div>
  );
}

interface FailureProps {
  title: string;
  reason: string;
  onRetry: () => void;
}

/** A pane that could not be read. */
export function Failure({ title, reason, onRetry }: FailureProps) {
  return (
    <div role="alert" className="m-auto">
      <Notice icon={CloudOff} title={title} action={<Button onPress={onRetry}>Try again</Button>}>
        {reason}
      </Notice>
    </div>
  );
}
