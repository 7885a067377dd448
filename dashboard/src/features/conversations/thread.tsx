import { useQuery } from '@tanstack/react-query';
import { MessageCircleQuestion } from 'lucide-react';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { explain, Refusal } from '../../api/refusal';
import { useUser } from '../../api/use-session';
import type { Conversation, ConversationDetail } from '../../api/wire';
import { useAttention } from '../../lib/attention';
import { useShortcuts } from '../../lib/shortcuts';
import { useIsTyping } from '../../realtime/signals';
import { useLiveStatus } from '../../realtime/status';
import { Button } from '../../ui/button';
import { Failure, Notice } from '../../ui/notice';
import { Skeleton } from '../../ui/skeleton';
import { Composer } from './composer';
import { conversationQuery, useMarkRead } from './conversations';
import { MessageList, MessageListSkeleton } from './message-list';
import { useThread } from './messages';
import { ThreadHeader } from './thread-header';
import { type ThreadRow, threadRows } from './thread-rows';

interface Props {
  projectId: string;
  conversationId: string;
  whereabouts: (conversation: ConversationDetail) => ReactNode;
  onBack: () => void;
  onDetails: () => void;
}

/** A conversation, opened. */
export function Thread({ projectId, conversationId, whereabouts, onBack, onDetails }: Props) {
  const query = useQuery(conversationQuery(projectId, conversationId));
  if (query.data) {
    return (
      <OpenThread
        key={conversationId}
        conversation={query.data}
        whereabouts={whereabouts(query.data)}
        onBack={onBack}
        onDetails={onDetails}
      />
    );
  }
  if (query.isError) {
    const isGone = query.error instanceof Refusal && query.error.status === 404;
    return isGone ? (
      <Notice
        icon={MessageCircleQuestion}
        title="This conversation does not exist"
        action={<Button onPress={onBack}>Back to the list</Button>}
      >
        The link may be wrong, or it belongs to another project.
      </Notice>
    ) : (
      <Failure
        title="The conversation could not be loaded"
        reason={explain(query.error)}
        onRetry={() => void query.refetch()}
      />
    );
  }
  return <ThreadSkeleton />;
}

interface OpenProps {
  conversation: Conversation;
  whereabouts: ReactNode;
  onBack: () => void;
  onDetails: () => void;
}

function OpenThread({ conversation, whereabouts, onBack, onDetails }: OpenProps) {
  const { id, project_id: projectId, visitor } = conversation;
  const { query, posted, unsent } = useThread(projectId, id);
  const user = useUser();
  const isTyping = useIsTyping(projectId, id);
  const isStale = ['reconnecting', 'offline'].includes(useLiveStatus().phase);
  const composer = useRef<HTMLTextAreaElement>(null);
  const [isAtBottom, setAtBottom] = useState(true);
  const myId = user?.id ?? '';
  const myName = user?.name ?? '';

  const rows = useMemo(
    () => threadRows(posted, unsent, { id: myId, name: myName }, isTyping),
    [posted, unsent, myId, myName, isTyping],
  );
  useReadMark(conversation, posted.at(-1)?.seq ?? 0, isAtBottom);
  useShortcuts({ r: () => composer.current?.focus() });

  const { fetchNextPage, isFetchingNextPage } = query;
  const loadOlder = useCallback(() => {
    if (!isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage]);

  return (
    <>
      <ThreadHeader
        conversation={conversation}
        whereabouts={whereabouts}
        onBack={onBack}
        onDetails={onDetails}
        isStale={isStale}
      />
      <div
        className={`flex min-h-0 flex-1 flex-col transition-[filter] duration-240 ${isStale ? 'grayscale-75' : ''}`}
      >
        {query.isPending && <MessageListSkeleton />}
        {query.isError && !query.data && (
          <Failure
            title="Messages could not be loaded"
            reason={explain(query.error)}
            onRetry={() => void query.refetch()}
          />
        )}
        {query.data && (
          <MessageList
            rows={rows}
            conversationId={id}
            visitorName={visitor.name}
            myId={myId}
            hasOlder={query.hasNextPage}
            isLoadingOlder={isFetchingNextPage}
            onOlder={loadOlder}
            onBottomChange={setAtBottom}
          />
        )}
      </div>
      {query.data && <Announcer rows={rows} />}
      <Composer
        projectId={projectId}
        conversationId={id}
        visitorName={visitor.name}
        inputRef={composer}
        onEscape={() => {
          composer.current?.blur();
          onBack();
        }}
      />
    </>
  );
}

/** Mark as read what is on screen while somebody looks at it. */
function useReadMark(conversation: Conversation, lastSeq: number, isAtBottom: boolean) {
  const { project_id, id, unread } = conversation;
  const { mutate, isPending } = useMarkRead(project_id, id);
  const hasAttention = useAttention();
  const told = useRef(0);
  useEffect(() => {
    if (!hasAttention) told.current = 0; // what failed is said again when somebody looks again
    if (unread === 0 || !hasAttention || !isAtBottom || isPending) return;
    if (lastSeq <= told.current) return;
    told.current = lastSeq;
    mutate(lastSeq);
  }, [unread, hasAttention, isAtBottom, isPending, lastSeq, mutate]);
}

/** Read out what the visitor writes while the conversation is open. */
function Announcer({ rows }: { rows: ThreadRow[] }) {
  const last = rows.findLast((row) => row.type === 'bubble');
  const atStart = useRef(last?.key);
  const isNew = last?.type === 'bubble' && last.side === 'visitor' && last.key !== atStart.current;
  return (
    <p aria-live="polite" className="sr-only">
      {isNew && `${last.author.name}: ${last.text}`}
    </p>
  );
}

function ThreadSkeleton() {
  return (
    <>
      <div className="flex h-[60px] shrink-0 items-center gap-2.5 border-line border-b px-5">
        <Skeleton className="size-9 rounded-full" />
        <div className="grid gap-1.5">
          <Skeleton className="h-3 w-36" />
          <Skeleton className="h-3 w-24" />
        </div>
      </div>
      <MessageListSkeleton />
    </>
  );
}
