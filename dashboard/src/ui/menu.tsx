import { Check, type LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import {
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuSection as AriaMenuSection,
  Header,
  MenuTrigger,
  Popover,
  Separator,
} from 'react-aria-components';

interface MenuProps {
  label: string;
  trigger: ReactElement;
  placement?: 'bottom end' | 'right bottom' | 'top' | 'right top';
  children: ReactNode;
}

/** A button and the list of actions it opens. */
export function Menu({ label, trigger, placement = 'bottom end', children }: MenuProps) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover
        placement={placement}
        offset={6}
        className="min-w-52 max-w-[min(20rem,calc(100vw-16px))] overflow-auto rounded-row bg-raised p-[5px] shadow-3 data-entering:animate-rise"
      >
        <AriaMenu aria-label={label} className="outline-none">
          {children}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

interface ItemProps {
  icon?: LucideIcon;
  label: string;
  isChosen?: boolean;
  onAction: () => void;
}

export function MenuItem({ icon: Icon, label, isChosen = false, onAction }: ItemProps) {
  return (
    <AriaMenuItem
      textValue={label}
      onAction={onAction}
      {...(isChosen ? { 'aria-label': `${label} (current)` } : {})}
      className="flex h-8 cursor-pointer items-center gap-2.5 rounded-control px-2.5 outline-none focus:bg-hover phone:h-11 phone:text-14"
    >
      {Icon && <Icon size={16} strokeWidth={1.75} aria-hidden className="shrink-0 text-fg-2" />}
      <span className="min-w-0 flex-1 truncate">{label}</span>
      {isChosen && <Check size={16} aria-hidden className="shrink-0 text-accent-fg" />}
    </AriaMenuItem>
  );
}

export function MenuSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <AriaMenuSection>
      <Header className="truncate px-2.5 pt-1.5 pb-1 text-12 font-[550] text-fg-3">{title}</Header>
      {children}
    </AriaMenuSection>
  );
}

export const MenuSeparator = () => <Separator className="mx-2 my-[5px] h-px bg-line" />;
