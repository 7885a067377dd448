import { Link, Outlet, useParams, useSearch } from '@tanstack/react-router';
import { ConversationList } from '../features/conversations/conversation-list';
import { NARROW, useMedia } from '../lib/media';
import { useLiveStatus } from '../realtime/status';
import { buttonClass } from '../ui/button';

/** The list beside what is open; one of the two where there is no room for both. */
export function InboxLayout({ projectId }: { projectId: string }) {
  const conversationId = useParams({ strict: false }).conversationId ?? null;
  const status = useSearch({ strict: false }).status ?? 'open';
  const isStale = ['reconnecting', 'offline'].includes(useLiveStatus().phase);
  const ListElement = useMedia(NARROW) && !conversationId ? 'main' : 'div';
  return (
    <>
      <ListElement
        className={`flex w-[344px] shrink-0 transition-[filter] duration-240 compact:w-[312px] narrow:w-auto narrow:min-w-0 narrow:flex-1 ${
          conversationId ? 'narrow:hidden' : ''
        } ${isStale ? 'grayscale-75' : ''}`}
      >
        <ConversationList
          projectId={projectId}
          status={status}
          selectedId={conversationId}
          whenEmpty={
            <Link
              to="/p/$projectId/install"
              params={{ projectId }}
              className={buttonClass({ look: 'outline' })}
            >
              How to install the chat
            </Link>
          }
        />
      </ListElement>
      <Outlet />
    </>
  );
}
