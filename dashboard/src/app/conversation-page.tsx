import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { conversationQuery, statusSearch } from '../features/conversations/conversations';
import { Thread } from '../features/conversations/thread';
import { VisitorDetails } from '../features/visitors/visitor-details';
import { Whereabouts } from '../features/visitors/whereabouts';
import { COMPACT, NARROW, useMedia } from '../lib/media';
import { load, save } from '../lib/storage';
import { Drawer } from '../ui/dialog';

const PANE_KEY = 'parlour.details';

interface Props {
  projectId: string;
  conversationId: string;
}

/** A conversation, and beside it whom it is with. */
export function ConversationPage({ projectId, conversationId }: Props) {
  const back = useBack(projectId);
  const { isPane, isOpen, toggle, close } = useDetails();
  const { data: conversation } = useQuery(conversationQuery(projectId, conversationId));

  const details = conversation && (
    <VisitorDetails
      key={conversation.visitor.id}
      projectId={projectId}
      visitorId={conversation.visitor.id}
      metadata={conversation.metadata}
      onClose={close}
    />
  );
  return (
    <>
      <main
        aria-label={
          conversation ? `Conversation with ${conversation.visitor.name}` : 'Conversation'
        }
        className={`my-2 flex min-h-0 min-w-0 flex-1 flex-col overflow-hidden rounded-sheet border border-line bg-sheet shadow-1 narrow:mr-2 phone:m-0 phone:rounded-none phone:border-0 phone:shadow-none ${
          isPane && isOpen ? '' : 'mr-2'
        }`}
      >
        <Thread
          projectId={projectId}
          conversationId={conversationId}
          onBack={back}
          onDetails={toggle}
          whereabouts={({ visitor }) => (
            <Whereabouts projectId={projectId} visitorId={visitor.id} />
          )}
        />
      </main>
      {isPane && isOpen && (
        <aside aria-label="Details" className="w-[324px] shrink-0 overflow-y-auto">
          {details}
        </aside>
      )}
      {!isPane && (
        <Drawer title="Details" isOpen={isOpen} onClose={close}>
          {details}
        </Drawer>
      )}
    </>
  );
}

/** Leave for the list: where that is beside the thread, only the keyboard goes there. */
function useBack(projectId: string) {
  const navigate = useNavigate();
  const status = useSearch({ strict: false }).status ?? 'open';
  const isNarrow = useMedia(NARROW);
  return () => {
    const row = document.querySelector<HTMLElement>('[data-row][aria-current]');
    if (!isNarrow && row) row.focus();
    else
      void navigate({ to: '/p/$projectId', params: { projectId }, search: statusSearch(status) });
  };
}

/** A pane that stays as one left it, where there is room; otherwise a drawer that starts closed. */
function useDetails() {
  const isPane = !useMedia(COMPACT);
  const [isPaneOpen, setPaneOpen] = useState(() => load<boolean>(PANE_KEY) ?? true);
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const set = (open: boolean) => {
    if (!isPane) {
      setDrawerOpen(open);
      return;
    }
    setPaneOpen(open);
    save(PANE_KEY, open);
  };
  const isOpen = isPane ? isPaneOpen : isDrawerOpen;
  return { isPane, isOpen, toggle: () => set(!isOpen), close: () => set(false) };
}
