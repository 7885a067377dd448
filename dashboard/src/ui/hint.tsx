import type { ReactElement } from 'react';
import { Tooltip, TooltipTrigger } from 'react-aria-components';
import { Kbd } from './kbd';

interface Props {
  label: string;
  shortcut?: string;
  placement?: 'top' | 'right' | 'bottom';
  children: ReactElement;
}

/** What a control does, and the key that does it too, beside it on hover and focus. */
export function Hint({ label, shortcut, placement = 'bottom', children }: Props) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      {children}
      <Tooltip
        placement={placement}
        offset={6}
        className="flex items-center gap-1.5 rounded-chip bg-fg px-2 py-1 text-12 font-medium text-sheet shadow-2 data-entering:animate-fade"
      >
        {label}
        {shortcut && <Kbd>{shortcut}</Kbd>}
      </Tooltip>
    </TooltipTrigger>
  );
}
