import { useQuery } from '@tanstack/react-query';
import { Link, useMatchRoute, useNavigate } from '@tanstack/react-router';
import { CircleUserRound, Inbox, type LucideIcon, Plus, Settings } from 'lucide-react';
import { Button as AriaButton, Focusable } from 'react-aria-components';
import { useUser } from '../api/use-session';
import { AccountMenu } from '../features/accounts/account-menu';
import { projectsQuery } from '../features/projects/projects';
import { useLiveStatus } from '../realtime/status';
import { Avatar } from '../ui/avatar';
import { Hint } from '../ui/hint';
import { Logo } from '../ui/logo';
import { Menu, MenuItem, MenuSection, MenuSeparator } from '../ui/menu';

interface Props {
  projectId: string;
  unread: number;
  onShortcuts: () => void;
}

interface Place {
  icon: LucideIcon;
  label: string;
  to: '/p/$projectId' | '/p/$projectId/settings';
  isHere: boolean;
  unread: number;
}

function usePlaces(unread: number): Place[] {
  const isInSettings = useMatchRoute()({ to: '/p/$projectId/settings' }) !== false;
  return [
    { icon: Inbox, label: 'Inbox', to: '/p/$projectId', isHere: !isInSettings, unread },
    {
      icon: Settings,
      label: 'Settings',
      to: '/p/$projectId/settings',
      isHere: isInSettings,
      unread: 0,
    },
  ];
}

/** The narrow column at the left: where to go, and who one is. */
export function Rail({ projectId, unread, onShortcuts }: Props) {
  const user = useUser();
  const isLive = useLiveStatus().phase === 'live';
  const places = usePlaces(unread);
  return (
    <nav
      aria-label="Main"
      className="flex w-[60px] shrink-0 flex-col items-center gap-1 pt-3.5 pb-3 phone:hidden"
    >
      <ProjectSwitcher projectId={projectId} />
      {places.map((place) => (
        <Hint key={place.label} label={place.label} placement="right">
          <Focusable>
            <Link
              to={place.to}
              params={{ projectId }}
              activeOptions={{ exact: true }}
              aria-label={spoken(place)}
              aria-current={place.isHere ? 'page' : undefined}
              className={`relative grid size-10 place-items-center rounded-[10px] ${
                place.isHere
                  ? 'bg-sheet text-accent-fg shadow-[var(--sh-1),0_0_0_1px_var(--line)]'
                  : 'text-fg-2 transition-colors hover:bg-hover'
              }`}
            >
              <place.icon size={20} strokeWidth={1.75} aria-hidden />
              {place.unread > 0 && (
                <span
                  aria-hidden="true"
                  className="absolute top-[3px] right-px h-4 min-w-4 rounded-full bg-accent px-1 text-center font-semibold text-[10px] text-on-accent leading-4 ring-2 ring-canvas"
                >
                  {counted(place.unread)}
                </span>
              )}
            </Link>
          </Focusable>
        </Hint>
      ))}
      <div className="flex-1" />
      <AccountMenu
        placement="right bottom"
        onShortcuts={onShortcuts}
        trigger={
          <AriaButton className="grid size-10 place-items-center rounded-full">
            <Avatar name={user?.name ?? ''} size="small" isOnline={isLive} />
            <span className="sr-only">{user?.name}, your account</span>
          </AriaButton>
        }
      />
    </nav>
  );
}

/** The same at the bottom of a phone. */
export function TabBar({ projectId, unread }: Omit<Props, 'onShortcuts'>) {
  const places = usePlaces(unread);
  return (
    <nav
      aria-label="Main"
      className="hidden shrink-0 grid-cols-3 border-line border-t bg-sheet px-2.5 pt-2 pb-[max(10px,env(safe-area-inset-bottom))] phone:grid"
    >
      {places.map((place) => (
        <Link
          key={place.label}
          to={place.to}
          params={{ projectId }}
          activeOptions={{ exact: true }}
          aria-current={place.isHere ? 'page' : undefined}
          className={`${tabClass} ${place.isHere ? 'text-accent-fg' : 'text-fg-3'}`}
        >
          <place.icon size={22} strokeWidth={1.75} aria-hidden />
          {place.label}
          {place.unread > 0 && (
            <span className="-top-px absolute left-[calc(50%+5px)] h-[17px] min-w-[17px] rounded-full bg-accent px-[5px] text-center font-semibold text-[10.5px] text-on-accent leading-[17px] ring-2 ring-sheet">
              {counted(place.unread)}
              <span className="sr-only"> unread</span>
            </span>
          )}
        </Link>
      ))}
      <AccountMenu
        placement="top"
        trigger={
          <AriaButton className={`${tabClass} text-fg-3`}>
            <CircleUserRound size={22} strokeWidth={1.75} aria-hidden />
            You
          </AriaButton>
        }
      >
        <ProjectItems projectId={projectId} />
        <MenuSeparator />
      </AccountMenu>
    </nav>
  );
}

const tabClass =
  'relative grid min-h-11 content-center justify-items-center gap-[3px] rounded-row font-medium text-11 leading-[14px]';

const counted = (unread: number) => (unread > 99 ? '99+' : unread);

const spoken = ({ label, unread }: Place) => (unread > 0 ? `${label}, ${unread} unread` : label);

function ProjectSwitcher({ projectId }: { projectId: string }) {
  const { data: projects = [] } = useQuery(projectsQuery());
  const current = projects.find((project) => project.id === projectId);
  return (
    <Menu
      label="Projects"
      placement="right top"
      trigger={
        <AriaButton
          aria-label={`Project ${current?.name ?? ''}, change`}
          className="mb-3.5 rounded-[10px]"
        >
          <Logo />
        </AriaButton>
      }
    >
      <ProjectItems projectId={projectId} />
    </Menu>
  );
}

function ProjectItems({ projectId }: { projectId: string }) {
  const { data: projects = [] } = useQuery(projectsQuery());
  const navigate = useNavigate();
  return (
    <>
      <MenuSection title="Projects">
        {projects.map((project) => (
          <MenuItem
            key={project.id}
            label={project.name}
            isChosen={project.id === projectId}
            onAction={() =>
              void navigate({ to: '/p/$projectId', params: { projectId: project.id } })
            }
          />
        ))}
      </MenuSection>
      <MenuSeparator />
      <MenuItem
        icon={Plus}
        label="New project"
        onAction={() => void navigate({ to: '/new-project' })}
      />
    </>
  );
}
