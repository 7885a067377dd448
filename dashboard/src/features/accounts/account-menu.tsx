import { CircleHelp, LogOut, Monitor, Moon, Sun } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { explain } from '../../api/refusal';
import { signOut } from '../../api/session';
import { useUser } from '../../api/use-session';
import { setTheme, useTheme } from '../../lib/theme';
import { Menu, MenuItem, MenuSection, MenuSeparator } from '../../ui/menu';
import { toast } from '../../ui/toast';

const THEMES = [
  { theme: 'light', label: 'Light', icon: Sun },
  { theme: 'dark', label: 'Dark', icon: Moon },
  { theme: 'system', label: 'As the system', icon: Monitor },
] as const;

interface Props {
  trigger: ReactElement;
  placement: 'right bottom' | 'top';
  /** Left out where there is no keyboard to speak of. */
  onShortcuts?: () => void;
  /** What else belongs into it here. */
  children?: ReactNode;
}

/** What belongs to the signed-in person rather than to a project. */
export function AccountMenu({ trigger, placement, onShortcuts, children }: Props) {
  const user = useUser();
  const theme = useTheme();
  const leave = () => void signOut().catch((error: unknown) => toast(explain(error), 'bad'));
  return (
    <Menu label="Your account" placement={placement} trigger={trigger}>
      {children}
      <MenuSection title="Theme">
        {THEMES.map((choice) => (
          <MenuItem
            key={choice.theme}
            icon={choice.icon}
            label={choice.label}
            isChosen={choice.theme === theme}
            onAction={() => setTheme(choice.theme)}
          />
        ))}
      </MenuSection>
      <MenuSeparator />
      {onShortcuts && (
        <>
          <MenuItem icon={CircleHelp} label="Keyboard shortcuts" onAction={onShortcuts} />
          <MenuSeparator />
        </>
      )}
      <MenuSection title={user ? `${user.name} · ${user.email}` : 'Account'}>
        <MenuItem icon={LogOut} label="Sign out" onAction={leave} />
      </MenuSection>
    </Menu>
  );
}
