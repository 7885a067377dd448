import { ArrowDown } from 'lucide-react';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import { dayName, exactTime } from '../../lib/dates';
import { useNow } from '../../lib/now';
import { Avatar } from '../../ui/avatar';
import { Skeleton } from '../../ui/skeleton';
import { Bubble } from './bubble';
import type { ThreadRow } from './thread-rows';

const NEAR_BOTTOM = 48;
const NEAR_TOP = 600;

interface Props {
  rows: ThreadRow[];
  conversationId: string;
  visitorName: string;
  myId: string;
  hasOlder: boolean;
  isLoadingOlder: boolean;
  onOlder: () => void;
  /** Whether the newest message is in view. */
  onBottomChange: (isAtBottom: boolean) => void;
}

/** The thread: newest at the bottom, older ones read in as one scrolls up, without a jump. */
export function MessageList(props: Props) {
  const { rows, conversationId, visitorName, myId } = props;
  const { hasOlder, isLoadingOlder, onOlder, onBottomChange } = props;
  const now = useNow(60_000);
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const isPrepend = useIsPrepend(rows);
  const { isAtBottom, toBottom, onScroll, newCount } = useStickToBottom(list, scroller, rows, myId);

  useEffect(() => onBottomChange(isAtBottom), [isAtBottom, onBottomChange]);

  const loadOlder = useCallback(() => {
    const view = list.current;
    if (view && hasOlder && view.scrollOffset < NEAR_TOP) onOlder();
  }, [hasOlder, onOlder]);
  useEffect(loadOlder);

  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={`Messages with ${visitorName}`}
        className="flex min-h-0 flex-1 flex-col overflow-y-auto px-6 pt-2 pb-3.5 outline-offset-[-3px] [overflow-anchor:none] phone:px-3.5"
      >
        <div className="grow" />
        <Virtualizer
          ref={list}
          data={rows}
          shift={isPrepend}
          scrollRef={scroller}
          startMargin={8}
          onScroll={() => {
            onScroll();
            loadOlder();
          }}
        >
          {(row) => (
            <Row
              key={row.key}
              row={row}
              now={now}
              conversationId={conversationId}
              visitorName={visitorName}
              myId={myId}
            />
          )}
        </Virtualizer>
      </div>
      {isLoadingOlder && (
        <p
          role="status"
          className="pointer-events-none absolute top-2 left-1/2 -translate-x-1/2 animate-fade rounded-full border border-line bg-raised px-3 py-1 text-12 text-fg-2 shadow-2"
        >
          Loading older messages…
        </p>
      )}
      {!isAtBottom && <ToBottom newCount={newCount} onPress={() => toBottom(true)} />}
    </div>
  );
}

/** True in the render that adds older rows above those already there. */
function useIsPrepend(rows: ThreadRow[]): boolean {
  const previous = useRef<ThreadRow[]>([]);
  const before = previous.current;
  const lastKey = (all: ThreadRow[]) => all.findLast((row) => row.type !== 'typing')?.key;
  const isPrepend =
    before.length > 0 && rows[0]?.key !== before[0]?.key && lastKey(rows) === lastKey(before);
  useEffect(() => {
    previous.current = rows;
  });
  return isPrepend;
}

const pin = (element: HTMLElement) => {
  element.scrollTop = element.scrollHeight;
};

/** Stay with the newest message while the reader is there, and count what comes when not. */
function useStickToBottom(
  list: React.RefObject<VirtualizerHandle | null>,
  scroller: React.RefObject<HTMLDivElement | null>,
  rows: ThreadRow[],
  myId: string,
) {
  const isStuck = useRef(true);
  const height = useRef(0);
  const [isAtBottom, setAtBottom] = useState(true);
  const [seenUntil, setSeenUntil] = useState<string | null>(null);
  const last = rows.findLast((row) => row.type !== 'typing');
  const lastKey = last?.key ?? null;
  const isMine = last?.type === 'bubble' && last.unsent !== null && last.author.id === myId;

  const toBottom = useCallback(
    (smooth = false) => {
      const element = scroller.current;
      if (!element) return;
      isStuck.current = true;
      if (smooth) element.scrollTo({ top: element.scrollHeight, behavior: 'smooth' });
      else if (rows.length > 0) {
        list.current?.scrollToIndex(rows.length - 1, { align: 'end' });
        pin(element);
      }
    },
    [list, scroller, rows.length],
  );

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const isResize = element.clientHeight !== height.current;
    height.current = element.clientHeight;
    if (isResize && isStuck.current) {
      pin(element); // the composer grew or shrank: the reader did not scroll
      return;
    }
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    isStuck.current = below < NEAR_BOTTOM;
    setAtBottom(isStuck.current);
    if (isStuck.current) setSeenUntil(lastKey);
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: to be done whenever the rows change
  useLayoutEffect(() => {
    if (isMine) isStuck.current = true;
    if (!isStuck.current) return;
    toBottom();
    setSeenUntil(lastKey);
  }, [rows, lastKey, isMine]);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    // Rows are measured after they are drawn, and the composer grows: stay where we were.
    const observer = new ResizeObserver(() => isStuck.current && pin(element));
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    return () => observer.disconnect();
  }, [scroller]);

  const seenAt = rows.findIndex((row) => row.key === seenUntil);
  const newCount = rows
    .slice(seenAt + 1)
    .filter((row) => row.type === 'bubble' && row.author.id !== myId).length;
  return { isAtBottom, toBottom, onScroll, newCount: seenAt < 0 ? 0 : newCount };
}

function ToBottom({ newCount, onPress }: { newCount: number; onPress: () => void }) {
  const label = newCount === 1 ? '1 new message' : `${newCount} new messages`;
  const look =
    newCount > 0 ? 'bg-accent px-3 text-on-accent' : 'w-8 border border-line-2 bg-raised text-fg-2';
  return (
    <button
      type="button"
      onClick={onPress}
      aria-label={newCount > 0 ? `${label}, go to the newest` : 'Go to the newest message'}
      className={`-translate-x-1/2 absolute bottom-3 left-1/2 flex h-8 animate-rise items-center justify-center gap-1.5 rounded-full font-[550] shadow-2 ${look}`}
    >
      <ArrowDown size={15} aria-hidden />
      {newCount > 0 && label}
    </button>
  );
}

interface RowProps {
  row: ThreadRow;
  now: number;
  conversationId: string;
  visitorName: string;
  myId: string;
}

function Row({ row, now, conversationId, visitorName, myId }: RowProps) {
  switch (row.type) {
    case 'event':
      return (
        <>
          {row.startsDay && <Day at={row.at} now={now} />}
          <p
            title={exactTime(row.at)}
            className="wrap-anywhere px-8 py-2 text-center text-12 text-fg-3"
          >
            {row.text}
          </p>
        </>
      );
    case 'typing':
      return (
        <div className="flex items-center gap-[9px] pt-3">
          <Avatar name={visitorName} size="small" on="sheet" />
          <p className="flex h-9 items-center gap-1 rounded-sheet rounded-bl-[6px] border border-line-2 border-dashed px-3.5">
            <span className="sr-only">{visitorName} is typing</span>
            <span aria-hidden="true" className="flex gap-[3px]">
              <span className="size-[5px] animate-dot rounded-full bg-fg-3" />
              <span className="size-[5px] animate-dot rounded-full bg-fg-3 [animation-delay:160ms]" />
              <span className="size-[5px] animate-dot rounded-full bg-fg-3 [animation-delay:320ms]" />
            </span>
          </p>
        </div>
      );
    case 'bubble':
      return (
        <>
          {row.startsDay && <Day at={row.at} now={now} />}
          <Bubble row={row} conversationId={conversationId} myId={myId} />
        </>
      );
  }
}

function Day({ at, now }: { at: string; now: number }) {
  return (
    <p className="flex items-center gap-3 pt-3 pb-1 font-medium text-12 text-fg-3 before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
      {dayName(at, now)}
    </p>
  );
}

const WIDTHS = ['w-1/2', 'w-2/5', 'w-3/5', 'w-1/3', 'w-1/2'];

export function MessageListSkeleton() {
  return (
    <div
      role="status"
      aria-label="Loading messages"
      className="flex flex-1 flex-col justify-end gap-3 px-6 pb-6"
    >
      {WIDTHS.map((width, index) => (
        <Skeleton
          // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no other name
          key={index}
          className={`h-10 rounded-sheet ${width} ${index % 2 ? 'self-end' : ''}`}
        />
      ))}
    </div>
  );
}
