import type { LucideIcon } from 'lucide-react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import { tv } from 'tailwind-variants/lite';
import { Hint } from './hint';

export const buttonClass = tv({
  base: 'inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-control font-[550] transition-colors disabled:cursor-default disabled:opacity-55',
  variants: {
    look: {
      primary:
        'bg-accent text-on-accent shadow-[inset_0_1px_#ffffff26,0_1px_2px_#14141e33] hover:bg-accent-hover',
      ink: 'bg-fg text-sheet hover:bg-fg/85',
      outline: 'border border-line-2 bg-raised shadow-1 hover:bg-hover',
      quiet: 'text-fg-2 hover:bg-hover hover:text-fg',
      danger: 'text-bad hover:bg-bad-soft',
    },
    size: {
      small: 'h-7 px-2.5 text-12',
      medium: 'h-8 px-[11px] phone:h-10 phone:px-3.5 phone:text-14',
      /** As tall as the field it stands beside. */
      field: 'h-9 px-3.5 phone:h-11 phone:text-14',
      large: 'h-10 px-4 text-14 phone:h-11',
    },
  },
  defaultVariants: { look: 'outline', size: 'medium' },
});

type Look = 'primary' | 'ink' | 'outline' | 'quiet' | 'danger';

interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'isPending'> {
  look?: Look;
  size?: 'small' | 'medium' | 'field' | 'large';
  /** What it does is under way: it keeps the focus, and does nothing until that is done. */
  isPending?: boolean;
  className?: string;
}

export function Button({ look, size, isPending = false, className, ...props }: ButtonProps) {
  const given = className ? ` ${className}` : '';
  const pause = isPending ? ({ type: 'button', onPress: () => {} } as const) : {};
  return (
    <AriaButton
      {...props}
      {...pause}
      className={`${buttonClass({ look: look ?? 'outline', size: size ?? 'medium' })}${given}${isPending ? ' opacity-60' : ''}`}
    />
  );
}

interface IconButtonProps extends Omit<AriaButtonProps, 'className' | 'children'> {
  icon: LucideIcon;
  label: string;
  shortcut?: string;
  className?: string;
}

/** A button that is only an icon; its label is read out, and shown on hover. */
export function IconButton({ icon: Icon, label, shortcut, className, ...props }: IconButtonProps) {
  const given = className ? ` ${className}` : '';
  return (
    <Hint label={label} {...(shortcut ? { shortcut } : {})}>
      <AriaButton
        {...props}
        aria-label={label}
        className={`grid size-8 shrink-0 place-items-center rounded-control text-fg-2 transition-colors hover:bg-hover hover:text-fg disabled:opacity-50 phone:size-10 phone:rounded-row${given}`}
      >
        <Icon size={18} strokeWidth={1.75} aria-hidden />
      </AriaButton>
    </Hint>
  );
}
