import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { Conversation, Status } from '../../api/wire';
import { duration, exactTime, shortAge } from '../../lib/dates';
import { useIsOnline, useIsTyping } from '../../realtime/signals';
import { Avatar } from '../../ui/avatar';
import { Skeleton } from '../../ui/skeleton';
import { statusSearch } from './conversations';

const LATE_AFTER = 15 * 60_000;

interface Props {
  conversation: Conversation;
  status: Status;
  now: number;
  isSelected: boolean;
  isReachable: boolean;
  onFocus: (id: string) => void;
}

/** A conversation in the list: who, since when, and what was said last. */
export const ConversationRow = memo(function ConversationRow(props: Props) {
  const { conversation, status, now, isSelected, isReachable, onFocus } = props;
  const { id, project_id, visitor, unread } = conversation;
  const isTyping = useIsTyping(project_id, id);
  const isOnline = useIsOnline(project_id, visitor.id);
  const isUnread = unread > 0;

  return (
    <Link
      to="/p/$projectId/c/$conversationId"
      params={{ projectId: project_id, conversationId: id }}
      search={statusSearch(status)}
      data-row={id}
      aria-current={isSelected ? 'true' : undefined}
      tabIndex={isReachable ? 0 : -1}
      onFocus={() => onFocus(id)}
      className={`group grid grid-cols-[36px_minmax(0,1fr)] items-center gap-x-[11px] rounded-row px-2.5 pt-2.5 pb-[11px] outline-offset-[-2px] phone:grid-cols-[46px_minmax(0,1fr)] phone:gap-x-3 phone:py-3 ${
        isSelected
          ? 'bg-sheet shadow-[var(--sh-2),0_0_0_1px_var(--line)]'
          : 'transition-colors hover:bg-hover/70'
      }`}
    >
      <Avatar
        name={visitor.name}
        size="row"
        isOnline={isOnline}
        on={isSelected ? 'sheet' : 'canvas'}
      />
      <span className="min-w-0">
        <span className="flex items-baseline gap-1.5">
          <span
            className={`min-w-0 flex-1 truncate text-[13.5px] tracking-[-0.008em] phone:text-[15.5px] ${isUnread ? 'font-[650]' : 'font-medium'}`}
          >
            {visitor.name}
          </span>
          <Age conversation={conversation} now={now} />
        </span>
        <span
          className={`flex items-center gap-1.5 phone:text-14 phone:leading-[22px] ${isUnread ? 'text-fg' : 'text-fg-2'}`}
        >
          <span className="min-w-0 flex-1 truncate">
            {isTyping ? (
              <span className="text-accent-fg">is typing…</span>
            ) : (
              <Preview conversation={conversation} />
            )}
          </span>
          {isUnread && (
            <span className="h-[18px] min-w-[18px] shrink-0 rounded-full bg-accent px-[5px] text-center font-semibold text-11 text-on-accent leading-[18px] tabular-nums">
              {unread > 99 ? '99+' : unread}
              <span className="sr-only"> unread</span>
            </span>
          )}
        </span>
      </span>
      {isOnline && <span className="sr-only">On the site now</span>}
    </Link>
  );
});

function Preview({ conversation: { snippet, snippet_author } }: { conversation: Conversation }) {
  if (!snippet) return 'No messages yet';
  return snippet_author === 'member' ? `You: ${snippet}` : snippet;
}

function Age({ conversation, now }: { conversation: Conversation; now: number }) {
  const { waiting_since, last_message_at } = conversation;
  const since = waiting_since ?? last_message_at;
  const waited = waiting_since ? now - Date.parse(waiting_since) : 0;
  const title = waiting_since ? `Waiting for ${duration(waited)}` : exactTime(last_message_at);
  return (
    <time
      dateTime={since}
      title={title}
      className={`shrink-0 text-12 tabular-nums phone:text-14 ${waited > LATE_AFTER ? 'font-[550] text-bad' : 'text-fg-3 group-hover:text-fg-2'}`}
    >
      {shortAge(since, now)}
    </time>
  );
}

export function RowSkeleton() {
  return (
    <div className="grid grid-cols-[36px_minmax(0,1fr)] items-center gap-x-[11px] px-2.5 pt-2.5 pb-[11px]">
      <Skeleton className="size-9 rounded-full" />
      <div className="grid gap-2">
        <Skeleton className="h-3 w-2/5" />
        <Skeleton className="h-3 w-4/5" />
      </div>
    </div>
  );
}
