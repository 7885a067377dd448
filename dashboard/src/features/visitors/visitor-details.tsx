import { useQuery } from '@tanstack/react-query';
import { ExternalLink, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { explain } from '../../api/refusal';
import type { ConversationMetadata, PageView, Visitor } from '../../api/wire';
import { clockTime, dayAndTime, duration, exactTime, isSameDay, shortDate } from '../../lib/dates';
import { useNow } from '../../lib/now';
import { browserName, safeUrl, shortUrl } from '../../lib/text';
import { useIsOnline } from '../../realtime/signals';
import { Avatar } from '../../ui/avatar';
import { IconButton } from '../../ui/button';
import { Failure } from '../../ui/notice';
import { Skeleton } from '../../ui/skeleton';
import { visitorQuery } from './visitors';

const SHOWN_PAGES = 12;

interface Props {
  projectId: string;
  visitorId: string;
  metadata: ConversationMetadata | undefined;
  onClose: () => void;
}

/** Who a visitor is, where they came from and where they are. */
export function VisitorDetails({ projectId, visitorId, metadata, onClose }: Props) {
  const query = useQuery(visitorQuery(projectId, visitorId));
  return (
    <div className="flex min-h-full flex-col px-4 pt-2 pb-6">
      <header className="flex h-[52px] shrink-0 items-center">
        <h2 className="flex-1 font-semibold text-14">Details</h2>
        <IconButton icon={X} label="Close details" onPress={onClose} />
      </header>
      {query.data && <Known visitor={query.data} projectId={projectId} metadata={metadata} />}
      {query.isPending && <DetailsSkeleton />}
      {query.isError && !query.data && (
        <Failure
          title="Details could not be loaded"
          reason={explain(query.error)}
          onRetry={() => void query.refetch()}
        />
      )}
    </div>
  );
}

interface KnownProps {
  visitor: Visitor;
  projectId: string;
  metadata: ConversationMetadata | undefined;
}

function Known({ visitor, projectId, metadata }: KnownProps) {
  const now = useNow();
  const isOnline = useIsOnline(projectId, visitor.id);
  const { current_url, current_title, user_agent, first_seen_at, last_seen_at } = visitor;
  return (
    <>
      <div className="flex items-center gap-3 px-1 pt-1 pb-3.5">
        <Avatar name={visitor.name} size="large" isOnline={isOnline} />
        <div className="min-w-0">
          <h3 className="wrap-anywhere font-semibold text-[15px] tracking-[-0.012em]">
            {visitor.name}
          </h3>
          <p className="text-[12.5px] text-fg-2">
            {isOnline ? 'On the site now' : `Last seen ${dayAndTime(last_seen_at, now)}`}
          </p>
        </div>
      </div>
      <dl className="grid grid-cols-[84px_minmax(0,1fr)] gap-x-2 gap-y-[7px] px-1 pb-3.5">
        {isOnline && current_url && (
          <Fact name="Page">
            <PageLink url={current_url} title={current_title || shortUrl(current_url)} />
          </Fact>
        )}
        <Fact name="First seen">
          <time dateTime={first_seen_at} title={exactTime(first_seen_at)}>
            {dayAndTime(first_seen_at, now)}
          </time>
        </Fact>
        {!isOnline && (
          <Fact name="Last seen">
            <time dateTime={last_seen_at} title={exactTime(last_seen_at)}>
              {dayAndTime(last_seen_at, now)}
            </time>
          </Fact>
        )}
        {user_agent && (
          <Fact name="Browser">
            <span title={user_agent}>{browserName(user_agent)}</span>
          </Fact>
        )}
        {metadata?.landing_page && (
          <Fact name="Landed on">
            <PageLink url={metadata.landing_page} title={shortUrl(metadata.landing_page)} />
          </Fact>
        )}
        {metadata && (
          <Fact name="Referrer">
            {metadata.referrer ? (
              <PageLink url={metadata.referrer} title={shortUrl(metadata.referrer)} />
            ) : (
              'None: came directly'
            )}
          </Fact>
        )}
      </dl>
      {metadata && metadata.url_history.length > 0 && (
        <Trail pages={metadata.url_history} isOnline={isOnline} now={now} />
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-fg-3">{name}</dt>
      <dd className="wrap-anywhere min-w-0">{children}</dd>
    </>
  );
}

function PageLink({ url, title }: { url: string; title: string }) {
  const href = safeUrl(url);
  if (!href) return title;
  return (
    <a
      href={href}
      title={url}
      target="_blank"
      rel="noopener noreferrer nofollow"
      className="inline-flex max-w-full items-center gap-1.5 rounded-[4px] hover:underline"
    >
      <span className="truncate">{title}</span>
      <ExternalLink size={12} aria-hidden className="shrink-0 text-fg-3" />
      <span className="sr-only"> (opens in a new tab)</span>
    </a>
  );
}

/** The pages a visitor went through, the latest first. */
function Trail({ pages, isOnline, now }: { pages: PageView[]; isOnline: boolean; now: number }) {
  const latestFirst = [...pages].reverse();
  const left = latestFirst.length - SHOWN_PAGES;
  const since = pages[0]?.at;
  return (
    <section aria-labelledby="trail" className="border-line border-t px-1 pt-[11px] pb-3">
      <header className="mb-2 flex items-center gap-1.5">
        <h3 id="trail" className="flex-1 font-semibold">
          Journey
        </h3>
        {isOnline && since && (
          <span className="flex items-center gap-1.5 font-[550] text-12 text-ok">
            <span className="size-[7px] rounded-full bg-present ring-3 ring-present/20" />
            On site {duration(now - Date.parse(since))}
          </span>
        )}
      </header>
      <ol>
        {latestFirst.slice(0, SHOWN_PAGES).map((page, index) => (
          <Step key={`${page.at} ${page.url}`} page={page} isHere={isOnline && index === 0} />
        ))}
      </ol>
      {left > 0 && <p className="pt-1 pl-[22px] text-12 text-fg-3">and {left} before</p>}
    </section>
  );
}

function Step({ page, isHere }: { page: PageView; isHere: boolean }) {
  const isToday = isSameDay(page.at, new Date().toISOString());
  return (
    <li
      className={`relative grid grid-cols-[14px_minmax(0,1fr)_auto] gap-2 py-[3px] not-last:after:absolute not-last:after:top-[17px] not-last:after:-bottom-[7px] not-last:after:left-[5px] not-last:after:w-px not-last:after:bg-line-2 ${isHere ? 'font-medium text-fg' : 'text-fg-2'}`}
    >
      <span
        aria-hidden="true"
        className={`z-[1] mt-1.5 ml-0.5 size-[7px] rounded-full border-[1.5px] ${isHere ? 'border-accent bg-accent' : 'border-line-2 bg-canvas'}`}
      />
      <PageLink url={page.url} title={page.title || shortUrl(page.url)} />
      <time
        dateTime={page.at}
        title={exactTime(page.at)}
        className="font-normal text-12 text-fg-3 tabular-nums leading-5"
      >
        {isToday ? clockTime(page.at) : shortDate(page.at, Date.now())}
      </time>
    </li>
  );
}

function DetailsSkeleton() {
  return (
    <div role="status" aria-label="Loading details" className="grid gap-3 px-1 pt-1">
      <div className="flex items-center gap-3 pb-2">
        <Skeleton className="size-[52px] rounded-full" />
        <div className="grid flex-1 gap-2">
          <Skeleton className="h-3.5 w-3/5" />
          <Skeleton className="h-3 w-2/5" />
        </div>
      </div>
      <Skeleton className="h-3 w-4/5" />
      <Skeleton className="h-3 w-3/5" />
      <Skeleton className="h-3 w-2/3" />
    </div>
  );
}
