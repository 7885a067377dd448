import {
  Ban,
  Check,
  ChevronLeft,
  Clock3,
  Ellipsis,
  Globe,
  Inbox,
  type LucideIcon,
  PanelRight,
  RotateCcw,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { explain } from '../../api/refusal';
import type { Conversation, Status } from '../../api/wire';
import { PHONE, useMedia } from '../../lib/media';
import { useShortcuts } from '../../lib/shortcuts';
import { useIsOnline } from '../../realtime/signals';
import { Avatar } from '../../ui/avatar';
import { Button, IconButton } from '../../ui/button';
import { Hint } from '../../ui/hint';
import { Menu, MenuItem, MenuSeparator } from '../../ui/menu';
import { toast } from '../../ui/toast';
import { useSetStatus } from './conversations';

const MOVES: { status: Status; label: string; icon: LucideIcon; done: string }[] = [
  { status: 'open', label: 'Move to open', icon: Inbox, done: 'Reopened.' },
  { status: 'pending', label: 'Mark as pending', icon: Clock3, done: 'Marked as pending.' },
  { status: 'resolved', label: 'Resolve', icon: Check, done: 'Resolved.' },
  { status: 'spam', label: 'Mark as spam', icon: Ban, done: 'Marked as spam.' },
];

interface Props {
  conversation: Conversation;
  /** Where the visitor is now. */
  whereabouts: ReactNode;
  onBack: () => void;
  onDetails: () => void;
  /** Presence may be out of date: shown grey. */
  isStale: boolean;
}

/** Whom one talks to, where they are, and what becomes of the conversation. */
export function ThreadHeader({ conversation, whereabouts, onBack, onDetails, isStale }: Props) {
  const { id, project_id, visitor, status } = conversation;
  const isPhone = useMedia(PHONE);
  const isOnline = useIsOnline(project_id, visitor.id);
  const { mutate, isPending } = useSetStatus(project_id, id);
  const isClosed = status === 'resolved' || status === 'spam';
  const next: Status = isClosed ? 'open' : 'resolved';

  const move = (to: Status) =>
    mutate(to, {
      onSuccess: () => toast(MOVES.find((choice) => choice.status === to)?.done ?? 'Done.'),
      onError: (error) => toast(explain(error), 'bad'),
    });
  useShortcuts({ e: () => !isPending && move(next) });

  return (
    <header className="flex h-[60px] shrink-0 items-center gap-2.5 border-line border-b pr-3 pl-5 narrow:pl-2 phone:h-16 phone:gap-2 phone:pr-2">
      <IconButton
        icon={ChevronLeft}
        label="Back to the list"
        onPress={onBack}
        className="hidden narrow:grid"
      />
      <span className={isStale ? 'grayscale-75' : ''}>
        <Avatar name={visitor.name} isOnline={isOnline} on="sheet" />
      </span>
      <div className="min-w-0 flex-1">
        <h1 className="truncate font-semibold text-[14.5px] tracking-[-0.011em] phone:text-16 phone:leading-5">
          {visitor.name}
        </h1>
        <p className="flex min-w-0 items-center gap-[5px] text-12 text-fg-2 phone:text-13">
          <Globe size={13} className="shrink-0 text-fg-3" aria-hidden />
          <span className="truncate">{isOnline ? whereabouts : 'Not on the site'}</span>
        </p>
      </div>
      {!isPhone && <IconButton icon={PanelRight} label="Details" onPress={onDetails} />}
      <Menu
        label="More about this conversation"
        trigger={<IconButton icon={Ellipsis} label="More" />}
      >
        {isPhone && (
          <>
            <MenuItem icon={PanelRight} label="Details" onAction={onDetails} />
            <MenuSeparator />
          </>
        )}
        {MOVES.filter((choice) => choice.status !== status).map((choice) => (
          <MenuItem
            key={choice.status}
            icon={choice.icon}
            label={choice.label}
            onAction={() => move(choice.status)}
          />
        ))}
      </Menu>
      <Hint label={isClosed ? 'Reopen' : 'Resolve'} shortcut="E">
        <Button
          look={isClosed ? 'outline' : 'ink'}
          isPending={isPending}
          aria-label={isClosed ? 'Reopen' : 'Resolve'}
          onPress={() => move(next)}
          className="phone:w-[42px] phone:p-0"
        >
          {isClosed ? <RotateCcw size={15} aria-hidden /> : <Check size={16} aria-hidden />}
          <span className="phone:hidden">{isClosed ? 'Reopen' : 'Resolve'}</span>
        </Button>
      </Hint>
    </header>
  );
}
