import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Clock3, Inbox, ShieldCheck, Sparkles } from 'lucide-react';
import {
  type KeyboardEvent,
  type ReactNode,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import { explain } from '../../api/refusal';
import type { Conversation, Status } from '../../api/wire';
import { useNow } from '../../lib/now';
import { useShortcuts } from '../../lib/shortcuts';
import { Failure, Notice } from '../../ui/notice';
import { ConversationRow, RowSkeleton } from './conversation-row';
import { listQuery, statusSearch } from './conversations';

const TABS: { status: Status; label: string }[] = [
  { status: 'open', label: 'Open' },
  { status: 'pending', label: 'Pending' },
  { status: 'resolved', label: 'Resolved' },
  { status: 'spam', label: 'Spam' },
];

const FETCH_WITHIN = 15;
const FRAMES_TO_DRAW = 10;

interface Props {
  projectId: string;
  status: Status;
  selectedId: string | null;
  /** What to do when nobody has written yet. */
  whenEmpty: ReactNode;
}

/** The conversations of a project, by status. */
export function ConversationList({ projectId, status, selectedId, whenEmpty }: Props) {
  return (
    <section
      aria-label="Conversations"
      className="flex min-h-0 min-w-0 flex-1 flex-col pr-2 pl-1 narrow:pr-1 phone:px-2"
    >
      <header className="px-2.5 pt-4 pb-2.5 phone:pt-[18px]">
        <h1 className="font-semibold text-16 tracking-[-0.014em] phone:font-bold phone:text-[26px] phone:leading-8 phone:tracking-[-0.026em]">
          Inbox
        </h1>
      </header>
      <StatusTabs projectId={projectId} status={status} />
      <Rows
        key={`${projectId} ${status}`}
        projectId={projectId}
        status={status}
        selectedId={selectedId}
        whenEmpty={whenEmpty}
      />
    </section>
  );
}

function StatusTabs({ projectId, status }: { projectId: string; status: Status }) {
  return (
    <nav
      aria-label="Status"
      className="flex shrink-0 gap-0.5 overflow-x-auto px-2 pt-px pb-2.5 [scrollbar-width:none] phone:pb-3"
    >
      {TABS.map((tab) => (
        <Link
          key={tab.status}
          to="/p/$projectId"
          params={{ projectId }}
          search={statusSearch(tab.status)}
          activeOptions={{ exact: true }}
          aria-current={tab.status === status ? 'page' : undefined}
          className={`flex h-7 items-center rounded-control px-2.5 font-medium outline-offset-0 phone:h-[34px] phone:rounded-[10px] phone:px-[13px] phone:text-14 ${
            tab.status === status
              ? 'bg-sheet text-fg shadow-[var(--sh-1),0_0_0_1px_var(--line)]'
              : 'text-fg-2 transition-colors hover:bg-hover hover:text-fg'
          }`}
        >
          {tab.label}
        </Link>
      ))}
    </nav>
  );
}

function Rows({ projectId, status, selectedId, whenEmpty }: Props) {
  const query = useInfiniteQuery(listQuery(projectId, status));
  const conversations = useMemo(() => {
    const all = query.data?.pages.flatMap((page) => page.items) ?? [];
    return [...new Map(all.map((item) => [item.id, item])).values()];
  }, [query.data]);

  if (query.isPending) {
    return (
      <div role="status" aria-label="Loading conversations" className="flex-1 overflow-hidden">
        {Array.from({ length: 8 }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no other name
          <RowSkeleton key={index} />
        ))}
      </div>
    );
  }
  if (query.isError && !query.data) {
    return (
      <Failure
        title="Conversations could not be loaded"
        reason={explain(query.error)}
        onRetry={() => void query.refetch()}
      />
    );
  }
  if (conversations.length === 0) return <EmptyList status={status} whenEmpty={whenEmpty} />;
  return (
    <LoadedRows
      conversations={conversations}
      projectId={projectId}
      status={status}
      selectedId={selectedId}
      hasMore={query.hasNextPage}
      onMore={() => {
        if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
      }}
    />
  );
}

function EmptyList({ status, whenEmpty }: { status: Status; whenEmpty: ReactNode }) {
  if (status === 'open') {
    return (
      <Notice icon={Inbox} title="Nobody is waiting" action={whenEmpty}>
        When a visitor writes, the conversation appears here at once.
      </Notice>
    );
  }
  if (status === 'pending') {
    return (
      <Notice icon={Clock3} title="Nothing is pending">
        Put a conversation here while you wait for somebody else.
      </Notice>
    );
  }
  if (status === 'resolved') {
    return (
      <Notice icon={Sparkles} title="Nothing resolved yet">
        Conversations you resolve are kept here.
      </Notice>
    );
  }
  return (
    <Notice icon={ShieldCheck} title="No spam">
      What you mark as spam ends up here.
    </Notice>
  );
}

interface LoadedProps extends Omit<Props, 'whenEmpty'> {
  conversations: Conversation[];
  hasMore: boolean;
  onMore: () => void;
}

function LoadedRows(props: LoadedProps) {
  const { conversations, projectId, status, selectedId, hasMore, onMore } = props;
  const now = useNow();
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const [focusedId, setFocusedId] = useState<string | null>(null);
  const indexOf = (id: string | null) => conversations.findIndex((item) => item.id === id);
  const reachable = Math.max(0, indexOf(focusedId) >= 0 ? indexOf(focusedId) : indexOf(selectedId));

  const moveFocus = useFocusRow(scroller, list, conversations, setFocusedId);
  const open = useOpenNeighbour(list, props);
  useShortcuts({
    j: () => open(1),
    k: () => open(-1),
    escape: () => moveFocus(Math.max(0, indexOf(selectedId))),
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const target = {
      ArrowDown: reachable + 1,
      ArrowUp: reachable - 1,
      Home: 0,
      End: conversations.length - 1,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    moveFocus(Math.min(Math.max(target, 0), conversations.length - 1));
  };

  const onScroll = () => {
    const view = list.current;
    if (!view || !hasMore) return;
    const last = view.findItemIndex(view.scrollOffset + view.viewportSize);
    if (last >= conversations.length - FETCH_WITHIN) onMore();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the links inside
    <div
      ref={scroller}
      onKeyDown={onKeyDown}
      className="-mx-1 min-h-0 flex-1 overflow-y-auto px-1 pt-px pb-2 [overflow-anchor:none] phone:pb-3"
      data-project={projectId}
    >
      <Virtualizer
        ref={list}
        as="ul"
        item="li"
        data={conversations}
        itemSize={62}
        keepMounted={[reachable]}
        onScroll={onScroll}
      >
        {(conversation, index) => (
          <div key={conversation.id} className="pb-px">
            <ConversationRow
              conversation={conversation}
              status={status}
              now={now}
              isSelected={conversation.id === selectedId}
              isReachable={index === reachable}
              onFocus={setFocusedId}
            />
          </div>
        )}
      </Virtualizer>
      {hasMore && <RowSkeleton />}
    </div>
  );
}

/** Move the keyboard to a row: it is drawn first, if it was out of sight, and then focused. */
function useFocusRow(
  scroller: React.RefObject<HTMLDivElement | null>,
  list: React.RefObject<VirtualizerHandle | null>,
  conversations: Conversation[],
  draw: (id: string) => void,
) {
  const [wanted, setWanted] = useState<{ id: string } | null>(null);
  useLayoutEffect(() => {
    if (!wanted) return;
    let frame = 0;
    let triesLeft = FRAMES_TO_DRAW;
    const focus = () => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-row="${wanted.id}"]`);
      row?.focus({ preventScroll: true });
      // A row is hidden, and takes no focus, until it has been measured.
      if (document.activeElement !== row && triesLeft-- > 0) frame = requestAnimationFrame(focus);
    };
    focus();
    return () => cancelAnimationFrame(frame);
  }, [scroller, wanted]);

  return (index: number) => {
    const id = conversations[index]?.id;
    if (!id) return;
    list.current?.scrollToIndex(index, { align: 'nearest' });
    draw(id);
    setWanted({ id });
  };
}

/** Open the next or the previous conversation of the list. */
function useOpenNeighbour(
  list: React.RefObject<VirtualizerHandle | null>,
  { conversations, projectId, status, selectedId }: LoadedProps,
) {
  const navigate = useNavigate();
  return (step: 1 | -1) => {
    const selected = conversations.findIndex((item) => item.id === selectedId);
    const index = selected < 0 ? 0 : selected + step;
    const conversation = conversations[index];
    if (!conversation) return;
    list.current?.scrollToIndex(index, { align: 'nearest' });
    void navigate({
      to: '/p/$projectId/c/$conversationId',
      params: { projectId, conversationId: conversation.id },
      search: statusSearch(status),
    });
  };
}
