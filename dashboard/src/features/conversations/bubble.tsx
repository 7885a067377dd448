import { Check, CircleAlert, Clock3 } from 'lucide-react';
import { Fragment, memo } from 'react';
import { clockTime, exactTime } from '../../lib/dates';
import { linkify } from '../../lib/text';
import { Avatar } from '../../ui/avatar';
import { useOutbox } from './messages';
import type { BubbleRow } from './thread-rows';

interface Props {
  row: BubbleRow;
  conversationId: string;
  myId: string;
}

/** A message, beside those of the same author. The time is told once per group. */
export const Bubble = memo(function Bubble({ row, conversationId, myId }: Props) {
  const isTeam = row.side === 'team';
  const state = row.unsent?.state;
  const side = isTeam ? 'ml-auto flex-row-reverse' : '';
  return (
    <div className={`flex w-full items-end gap-[9px] ${row.isFirst ? 'pt-3' : 'pt-0.5'} ${side}`}>
      <div className={row.isLast ? 'mb-5' : 'invisible'}>
        <Avatar name={row.author.name} size="small" on="sheet" />
      </div>
      <div
        className={`flex min-w-0 max-w-[74%] flex-col phone:max-w-[82%] ${isTeam ? 'items-end' : 'items-start'}`}
      >
        <p
          className={`wrap-anywhere whitespace-pre-wrap px-[13px] pt-2 pb-[9px] text-14 tracking-[-0.006em] phone:text-[15.5px] phone:leading-[22px] ${corners(row)} ${
            isTeam ? 'bg-agent text-agent-fg' : 'bg-visitor'
          } ${state === 'failed' ? 'ring-1 ring-bad ring-inset' : ''}`}
        >
          <span className="sr-only">{row.author.name}: </span>
          <Words text={row.text} />
        </p>
        {state === 'failed' && <Failed row={row} conversationId={conversationId} />}
        {state !== 'failed' && row.isLast && <Meta row={row} myId={myId} />}
      </div>
    </div>
  );
});

function corners({ side, isFirst }: BubbleRow): string {
  if (side === 'team') return `rounded-sheet rounded-br-[6px] ${isFirst ? '' : 'rounded-tr-[6px]'}`;
  return `rounded-sheet rounded-bl-[6px] ${isFirst ? '' : 'rounded-tl-[6px]'}`;
}

function Words({ text }: { text: string }) {
  let offset = 0;
  return linkify(text).map((part) => {
    const key = offset;
    offset += part.text.length;
    if (part.kind === 'text') return <Fragment key={key}>{part.text}</Fragment>;
    return (
      <a
        key={key}
        href={part.text}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="underline decoration-current/40 underline-offset-2 hover:decoration-current"
      >
        {part.text}
      </a>
    );
  });
}

const metaClass =
  'mx-1 mt-1 flex min-h-4 items-center gap-1 text-[11.5px] leading-4 tabular-nums phone:text-12';

function Meta({ row, myId }: { row: BubbleRow; myId: string }) {
  const { author, unsent } = row;
  const isMine = author.kind === 'member' && author.id === myId;
  const isColleague = row.side === 'team' && !isMine;
  if (unsent) {
    return (
      <p className={`${metaClass} text-fg-3`}>
        <Clock3 size={12} aria-hidden />
        {unsent.state === 'waiting' ? 'Waiting to be sent' : 'Sending…'}
      </p>
    );
  }
  return (
    <p className={`${metaClass} text-fg-3`}>
      {isColleague && <span className="max-w-40 truncate">{author.name} ·</span>}
      <time dateTime={row.at} title={exactTime(row.at)}>
        {clockTime(row.at)}
      </time>
      {isMine && row.isNewest && (
        <>
          <span aria-hidden="true">·</span>
          <Check size={13} aria-hidden /> Sent
        </>
      )}
    </p>
  );
}

const actionClass = 'rounded-[4px] font-[550] underline underline-offset-2';

function Failed({ row, conversationId }: { row: BubbleRow; conversationId: string }) {
  const outbox = useOutbox();
  return (
    <p className={`${metaClass} flex-wrap justify-end gap-x-1.5 text-bad`}>
      <span className="text-right">
        <CircleAlert size={13} aria-hidden className="-mt-0.5 mr-1 inline" />
        Not sent{row.unsent?.reason ? `: ${row.unsent.reason}` : '.'}
      </span>
      <button
        type="button"
        className={actionClass}
        onClick={() => outbox.retry(conversationId, row.key)}
      >
        Retry
      </button>
      <span aria-hidden="true">·</span>
      <button
        type="button"
        className={actionClass}
        onClick={() => outbox.remove(conversationId, row.key)}
      >
        Discard
      </button>
    </p>
  );
}
