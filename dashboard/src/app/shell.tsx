import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Outlet, useMatchRoute } from '@tanstack/react-router';
import { SearchX } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { explain, Refusal } from '../api/refusal';
import { useUser } from '../api/use-session';
import { listQuery } from '../features/conversations/conversations';
import { createOutbox, OutboxProvider } from '../features/conversations/messages';
import { projectQuery } from '../features/projects/projects';
import { useShortcuts } from '../lib/shortcuts';
import { Failure, Notice } from '../ui/notice';
import { Toasts } from '../ui/toast';
import { ConnectionBar } from './connection-bar';
import { useDelivery, useLive } from './live';
import { Rail, TabBar } from './navigation';
import { ShortcutsDialog } from './shortcuts-dialog';

/** What surrounds every page of a project, and keeps it live. */
export function Shell({ projectId }: { projectId: string }) {
  const user = useUser();
  const project = useQuery(projectQuery(projectId));
  if (project.isError && !project.data) {
    const isHidden = project.error instanceof Refusal && project.error.status < 500;
    return (
      <main className="flex h-full">
        {isHidden ? (
          <Notice
            icon={SearchX}
            title="There is no such project"
            action={
              <a href="/app/" className="font-[550] text-accent-fg hover:underline">
                Go to your inbox
              </a>
            }
          >
            It may be gone, or you are not a member of it.
          </Notice>
        ) : (
          <Failure
            title="The project could not be loaded"
            reason={explain(project.error)}
            onRetry={() => void project.refetch()}
          />
        )}
      </main>
    );
  }
  if (!user) return null;
  return <LiveShell key={`${user.id} ${projectId}`} projectId={projectId} userId={user.id} />;
}

function LiveShell({ projectId, userId }: { projectId: string; userId: string }) {
  const client = useQueryClient();
  const outbox = useMemo(() => createOutbox(client, userId), [client, userId]);
  const [areShortcutsShown, showShortcuts] = useState(false);
  const isInThread = useMatchRoute()({ to: '/p/$projectId/c/$conversationId' }) !== false;
  const unread = useUnread(projectId);
  useLive(projectId);
  useDelivery(outbox);
  useShortcuts({ '?': () => showShortcuts(true) });

  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) Parlour` : 'Parlour';
  }, [unread]);

  return (
    <OutboxProvider value={outbox}>
      <div className="flex h-dvh flex-col">
        <ConnectionBar />
        <div className="flex min-h-0 flex-1">
          <Rail projectId={projectId} unread={unread} onShortcuts={() => showShortcuts(true)} />
          <Outlet />
        </div>
        {!isInThread && <TabBar projectId={projectId} unread={unread} />}
      </div>
      <ShortcutsDialog isOpen={areShortcutsShown} onClose={() => showShortcuts(false)} />
      <Toasts />
    </OutboxProvider>
  );
}

/** How many open conversations hold something nobody has read. */
function useUnread(projectId: string): number {
  const { data } = useInfiniteQuery(listQuery(projectId, 'open'));
  const all = data?.pages.flatMap((page) => page.items) ?? [];
  return all.filter((conversation) => conversation.unread > 0).length;
}
